"""Workers killed with -9 in the middle of a large job: what is counted is what was done."""

import os
import signal

import pytest
from waiting import until

PARTS, CHUNKS = 26, 80
ITEMS = PARTS * CHUNKS
KILLS_MIN = 5


def item(n):
    """One in 40 is refused, every other has an output: chunks settle in each of the ways there are."""
    return {"do": "refuse" if n % 40 == 7 else "reply" if n % 2 else "done", "n": n}


@pytest.fixture
def recovering(stack):
    """What a dead worker held is seen again after 10 s: more than a batch takes, less than a test can wait."""
    stack.hide_messages_for(10)
    yield stack
    stack.hide_messages_for(360)


def kill_one(stack):
    """Kills a worker that is running, if there is one; says whether."""
    for pid in stack.emulator.processes(stack.id_of("WorkerFunction")):
        try:
            os.kill(pid, signal.SIGKILL)
            return True
        except ProcessLookupError:
            continue
    return False


def test_counts_are_exact_after_workers_were_killed(recovering, ada, endpoint, shown):
    stack = recovering
    job = ada.start(
        {"processor": "http", "params": {"endpoint": "shop"}, "sealed": False, "chunkSize": 1, "toleratedFailures": {"count": ITEMS}}
    )["id"]
    for part in range(PARTS):
        first = part * CHUNKS
        ada.put_part(job, part, first, [item(n) for n in range(first, first + CHUNKS)])
    ada.act(job, "seal", {"parts": PARTS})

    kills, next_kill = 0, 100

    def look(seen):
        nonlocal kills, next_kill
        done = seen["processedItems"] + seen["failedItems"]
        # Spread over the whole job, by what it has done.
        if next_kill <= done < ITEMS and kill_one(stack):
            kills, next_kill = kills + 1, done + 150
        return seen["status"] == "Completed"

    ended = ada.watch(job, "it is completed", look, within_s=300)
    bad = [n for n in range(ITEMS) if item(n)["do"] == "refuse"]
    assert kills >= KILLS_MIN
    assert (ended["totalItems"], ended["processedItems"], ended["failedItems"]) == (ITEMS, ITEMS - len(bad), len(bad))
    assert [f["index"] for f in ada.pages(f"/v1/jobs/{job}/failures?pageSize=1000", "failures")] == bad
    results = ada.pages(f"/v1/jobs/{job}/results?pageSize=1000", "results")
    assert [r["index"] for r in results] == [n for n in range(ITEMS) if item(n)["do"] == "reply"]
    calls = endpoint.calls(job)
    assert set(calls) == set(range(ITEMS)), "every item was worked on"
    until("no message is left", lambda: stack.waiting(stack.queue) == 0)
    assert stack.waiting(stack.dead_letters) == 0
    assert not [line for line in stack.function_log("WorkerFunction").splitlines() if job in line and "dead-letter" in line]
    assert ada.job(job) == ended
    again = sum(calls.values()) - ITEMS
    shown(f"killed {kills} workers with -9 in a job of {ITEMS} messages: counts exact, {again} items worked on more than once")
