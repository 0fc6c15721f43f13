"""The schedule drives the cleanup. A test cannot wait for 30 days, so the rows are made older."""

from ageing import age
from waiting import until

ABANDONED = "the submission was not finished in time: submit the items again"


def test_the_schedule_deletes_what_is_past_retention_and_ends_what_nobody_finished(stack, ada):
    params = {"processor": "json-schema", "params": {"schema": {}}}
    past = ada.start({**params, "items": [1, 2, 3]}, idempotency_key="past")["id"]
    kept = ada.start({**params, "items": [1, 2, 3]})["id"]
    for job in (past, kept):
        ada.until_ended(job)
    open_for_long = ada.start({**params, "sealed": False})["id"]
    ada.put_part(open_for_long, 0, 0, [1, 2])
    ada.watch(open_for_long, "its part is worked on", lambda job: job["processedItems"] == 2)
    age(stack, past, days=31)
    age(stack, open_for_long, hours=25)

    def swept():
        return not stack.rows(f"JOB#{past}") and ada.job(open_for_long)["status"] == "Failed"

    until("the cleanup has come by: the rule fires once a minute", swept)
    assert stack.rows(f"JOB#{past}#0") == []
    assert ada.job(open_for_long)["errorMessage"] == ABANDONED
    assert ada.job(kept)["processedItems"] == 3
    # Its key is free again.
    assert ada.start({**params, "items": [1, 2, 3]}, idempotency_key="past")["id"] != past
