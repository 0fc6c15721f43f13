"""Jobs over HTTP, from their start to their deletion; the queue's event source mapping invokes the worker."""

import time

from waiting import until

# A worker begins items for so long after it read that the job runs, and a little more.
LEASE_S = 1.2
SCHEMA = {"type": "object", "properties": {"iata": {"type": "string", "maxLength": 3}}, "required": ["iata"]}


def bulk(items, **job):
    return {"processor": "json-schema", "params": {"schema": SCHEMA}, "items": items, **job}


def shop(items, **job):
    return {"processor": "http", "params": {"endpoint": "shop"}, "items": items, **job}


def counts(job):
    return job["processedItems"], job["failedItems"], job["pendingItems"]


def unchanged_for(seconds, look):
    """Whether the observed value has not changed for this long."""
    seen, since = None, time.monotonic()

    def unchanged():
        nonlocal seen, since
        now = look()
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since >= seconds

    return unchanged


def test_a_job_is_watched_to_its_end_and_read(ada):
    items = [{"iata": f"{n:03}" if n % 50 else f"bad {n}"} for n in range(300)]
    bad = [n for n in range(300) if n % 50 == 0]
    job = ada.start(bulk(items, idField="iata", toleratedFailures={"count": 10}, chunkSize=20, metadata={"file": "a.csv"}))
    assert (job["status"], job["totalItems"], job["metadata"]) == ("Pending", 300, {"file": "a.csv"})
    ended = ada.until_ended(job["id"])
    assert (ended["status"], counts(ended)) == ("Completed", (294, 6, 0))
    assert ended["progressPercentage"] == 100.0 and ended["completedAt"] and ended["actions"] == ["retry", "delete"]

    failures = ada.pages(f"/v1/jobs/{job['id']}/failures?pageSize=4", "failures")
    assert [(f["index"], f["id"], f["code"]) for f in failures] == [(n, f"bad {n}", "/iata maxLength") for n in bad]
    (group,) = ada.get(f"/v1/jobs/{job['id']}/failures/groups")["groups"]
    assert (group["code"], group["count"]) == ("/iata maxLength", 6)
    results = ada.pages(f"/v1/jobs/{job['id']}/results?pageSize=100", "results")
    assert [(r["index"], r["output"]) for r in results] == [(n, items[n]) for n in range(300) if n not in bad]
    (part,) = ada.get(f"/v1/jobs/{job['id']}/parts")["parts"]
    assert (part["settled"], part["open"], part["parked"]) == ("0-14", "", "")
    csv = ada.call("GET", f"/v1/jobs/{job['id']}/failures?format=csv&pageSize=1")
    assert csv.headers["content-type"].startswith("text/csv") and "pageToken=" in csv.headers["link"]


def test_a_status_that_did_not_change_is_not_sent_again(ada):
    job = ada.start(bulk([]))
    first = ada.call("GET", f"/v1/jobs/{job['id']}")
    assert (first.status, first.json()["status"]) == (200, "Completed")
    again = ada.call("GET", f"/v1/jobs/{job['id']}", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_a_cancelled_job_begins_nothing_more(ada, endpoint):
    job = ada.start(shop([{"do": "wait", "for": "cancel"}] * 100, chunkSize=5))
    ada.watch(job["id"], "it is under way", lambda job: job["status"] == "Processing" and endpoint.calls(job["id"]))
    # Each worker has as many calls waiting as it may: what has begun arrives, and nothing more begins.
    until("all that has begun has arrived", unchanged_for(5, lambda: endpoint.calls(job["id"])))
    cancelled = ada.act(job["id"], "cancel")
    assert cancelled["status"] == "Cancelled"
    begun = endpoint.calls(job["id"])
    endpoint.open("cancel")
    # What was in flight is still counted, and nothing else.
    ended = ada.watch(job["id"], "what was in flight is counted", lambda job: job["processedItems"] == len(begun))
    assert counts(ended) == (len(begun), 0, 100 - len(begun)) and len(begun) < 100
    assert endpoint.calls(job["id"]) == begun
    assert ada.act(job["id"], "cancel")["status"] == "Cancelled"
    assert ada.act(job["id"], "pause", status=409)["type"] == "urn:headway:problem:job-ended"
    assert ada.act(job["id"], "retry", status=409)["jobStatus"] == "Cancelled"


def test_a_paused_job_holds_still_and_goes_on(stack, ada, endpoint):
    job = ada.start(shop([{"do": "wait", "for": "pause"}] * 100, chunkSize=5))
    ada.watch(job["id"], "it is under way", lambda job: endpoint.calls(job["id"]))
    paused = ada.act(job["id"], "pause")
    paused_at = time.monotonic()
    assert (paused["status"], paused["paused"]) == ("Processing", True)
    until("what the workers know of the job is out of date", lambda: time.monotonic() > paused_at + LEASE_S)
    endpoint.open("pause")
    ada.watch(job["id"], "all that waits is parked", lambda _: stack.waiting(stack.queue) == 0)
    held = ada.job(job["id"])
    assert counts(held) == (len(endpoint.calls(job["id"])), 0, 100 - len(endpoint.calls(job["id"])))
    assert held["pendingItems"] > 0
    assert ada.act(job["id"], "resume")["paused"] is False
    ended = ada.until_ended(job["id"])
    assert (ended["status"], counts(ended)) == ("Completed", (100, 0, 0))
    assert set(endpoint.calls(job["id"])) == set(range(100))


def test_a_failed_job_is_retried(ada, endpoint):
    items = [{"do": "later", "for": "retry"} if n % 10 == 3 else {"do": "reply"} for n in range(60)]
    job = ada.start(shop(items, chunkSize=10, toleratedFailures={"count": 2}))
    failed = ada.until_ended(job["id"])
    assert failed["status"] == "Failed" and failed["errorMessage"].startswith("item ")
    assert failed["failedItems"] >= 3
    endpoint.open("retry")
    again = ada.act(job["id"], "retry", {"round": 1}, status=202)
    assert (again["round"], again["failedItems"]) == (2, 0)
    assert ada.act(job["id"], "retry", {"round": 1}, status=202)["round"] == 2
    ended = ada.until_ended(job["id"])
    assert (ended["status"], counts(ended), ended["round"]) == ("Completed", (60, 0, 0), 2)
    assert ada.get(f"/v1/jobs/{job['id']}/failures")["failures"] == []
    results = ada.pages(f"/v1/jobs/{job['id']}/results?pageSize=1000", "results")
    assert [r["index"] for r in results] == [n for n in range(60) if n % 10 != 3]


def test_an_item_that_fails_for_now_is_tried_again(ada, endpoint):
    """The first new attempt is made at once, the next by a delayed message."""
    job = ada.start(shop([{"do": "busy", "times": 4}, {"do": "reply"}]))
    ended = ada.until_ended(job["id"])
    assert (ended["status"], counts(ended)) == ("Completed", (2, 0, 0))
    assert endpoint.calls(job["id"]) == {0: 5, 1: 1}


def test_the_same_key_starts_one_job(ada):
    job = bulk([{"iata": "ZRH"}])
    first = ada.start(job, idempotency_key="once")
    assert ada.start(job, idempotency_key="once")["id"] == first["id"]
    other = ada.call("POST", "/v1/jobs", bulk([{"iata": "GVA"}]), idempotency_key="once")
    assert (other.status, other.json()["type"]) == (422, "urn:headway:problem:idempotency-key-reused")


def test_a_deleted_job_is_gone(ada):
    job = ada.start(bulk([{"iata": "ZRH"}]))
    ada.until_ended(job["id"])
    assert job["id"] in {listed["id"] for listed in ada.pages("/v1/jobs?pageSize=5", "jobs")}
    assert ada.call("DELETE", f"/v1/jobs/{job['id']}").status == 204
    assert ada.call("GET", f"/v1/jobs/{job['id']}").status == 404
    assert ada.call("DELETE", f"/v1/jobs/{job['id']}").status == 404
    assert job["id"] not in {listed["id"] for listed in ada.pages("/v1/jobs?pageSize=5", "jobs")}


def test_a_job_is_streamed_in_parts_and_sealed(ada):
    """Parts are sent compressed and in any order, and workers process them before the seal."""
    lines = [{"iata": f"{n:03}"} for n in range(500)]
    job = ada.start({"processor": "json-schema", "params": {"schema": SCHEMA}, "sealed": False})
    part = ada.put_part(job["id"], 1, 200, lines[200:400])
    assert (part["part"], part["totalItems"]) == (1, 200)
    ada.watch(job["id"], "the part is worked on", lambda job: job["processedItems"] == 200)
    missing = ada.act(job["id"], "seal", {"parts": 3}, status=409)
    assert missing["type"] == "urn:headway:problem:part-missing"
    ada.put_part(job["id"], 0, 0, lines[:200])
    ada.put_part(job["id"], 2, 400, lines[400:])
    ada.put_part(job["id"], 2, 400, lines[400:], status=200)
    assert ada.put_part(job["id"], 2, 400, lines[:1], status=409)["type"] == "urn:headway:problem:part-differs"
    sealed = ada.act(job["id"], "seal", {"parts": 3})
    assert sealed["sealed"] and sealed["totalItems"] == 500
    ended = ada.until_ended(job["id"])
    assert (ended["status"], counts(ended)) == ("Completed", (500, 0, 0))
    results = ada.pages(f"/v1/jobs/{job['id']}/results?pageSize=1000", "results")
    assert [(r["index"], r["output"]) for r in results] == list(enumerate(lines))


def test_refused_bodies_leave_nothing_behind(ada):
    before = len(ada.pages("/v1/jobs", "jobs"))
    for body, status in (({"processor": "json-schema"}, 422), (b"{", 400), (bulk([1], processor="none"), 422)):
        assert ada.call("POST", "/v1/jobs", body, content_type="application/json").status == status
    assert ada.call("POST", "/v1/jobs", bulk([{"iata": "x" * 1_000}] * 3_000)).status == 413
    assert len(ada.pages("/v1/jobs", "jobs")) == before
