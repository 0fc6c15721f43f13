"""Workers are killed with -9 during a large job, and the counts still agree with what was done."""

import os
import signal

import pytest
from waiting import until

PARTS, CHUNKS = 26, 80
ITEMS = PARTS * CHUNKS
CALLS_PER_KILL = 150
KILLS_MIN = 8


def item(n):
    """One item in 40 is refused, and every second one has an output, so chunks settle in all possible ways."""
    return {"do": "refuse" if n % 40 == 7 else "reply" if n % 2 else "done", "n": n}


@pytest.fixture
def recovering(stack):
    """Timeouts that are short enough for a test, with the required difference: a dead worker's messages become visible
    again after its mark on an item has expired, which is 5 s after its own timeout."""
    stack.end_workers_after(15)
    stack.hide_messages_for(40)
    yield stack
    stack.end_workers_after(60)
    stack.hide_messages_for(360)


def kill(pid):
    """Kills a process; returns whether it still existed."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


class Killer:
    """Kills a running worker at every n-th call of the endpoint, while that call waits for its answer."""

    def __init__(self, stack, endpoint):
        self.kills = 0
        self._worker = stack.id_of("WorkerFunction")
        self._emulator, self._endpoint = stack.emulator, endpoint
        endpoint.at_every(CALLS_PER_KILL, self._kill_one)

    def stop(self):
        self._endpoint.at_every(CALLS_PER_KILL, None)

    def _kill_one(self):
        self.kills += any(kill(pid) for pid in self._emulator.processes(self._worker))


@pytest.fixture
def killer(recovering, endpoint):
    running = Killer(recovering, endpoint)
    yield running
    running.stop()


def test_counts_are_exact_after_workers_were_killed(recovering, ada, endpoint, killer, shown):
    stack = recovering
    job = ada.start(
        {"processor": "http", "params": {"endpoint": "shop"}, "sealed": False, "chunkSize": 1, "toleratedFailures": {"count": ITEMS}}
    )["id"]
    for part in range(PARTS):
        first = part * CHUNKS
        ada.put_part(job, part, first, [item(n) for n in range(first, first + CHUNKS)])
    ada.act(job, "seal", {"parts": PARTS})
    ended = ada.until_ended(job)
    killer.stop()

    bad = [n for n in range(ITEMS) if item(n)["do"] == "refuse"]
    assert killer.kills >= KILLS_MIN
    assert ended["status"] == "Completed"
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
    shown(f"{killer.kills} workers killed with -9 in a job of {ITEMS} messages: counts exact, {again} calls made once more")
