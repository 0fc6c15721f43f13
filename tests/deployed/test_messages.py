"""What the event source mappings do with messages: partial batch responses, and messages that no worker can process, up to
the end of their way through the dead-letter queue."""

import json

import pytest
from waiting import until


@pytest.fixture
def hasty(stack):
    """A message that was not done becomes visible again after a second."""
    stack.hide_messages_for(1)
    yield stack
    stack.hide_messages_for(360)


def mapping(stack, **change):
    client = stack.emulator.client("lambda")
    return client.update_event_source_mapping(UUID=stack.id_of("WorkerFunctionChunks"), **change)


def send(stack, body):
    return stack.emulator.client("sqs").send_message(QueueUrl=stack.queue, MessageBody=body)["MessageId"]


def kept(stack, message_id):
    """The rows of messages that no worker could process."""
    scan = {"TableName": stack.table, "FilterExpression": "sk = :id", "ExpressionAttributeValues": {":id": {"S": message_id}}}
    pages = stack.emulator.client("dynamodb").get_paginator("scan").paginate(**scan)
    return [row for page in pages for row in page["Items"]]


def test_a_message_that_is_not_ours_is_kept_and_its_batch_mates_are_worked_on(hasty, ada):
    mapping(hasty, Enabled=False)
    strangers = [send(hasty, body) for body in ("hello", json.dumps({"v": 2, "kind": "chunk"}))]
    job = ada.start({"processor": "json-schema", "params": {"schema": {}}, "items": list(range(8)), "chunkSize": 1})
    assert hasty.waiting(hasty.queue) == 10
    mapping(hasty, Enabled=True)
    ended = ada.until_ended(job["id"])
    assert (ended["status"], ended["processedItems"]) == ("Completed", 8)
    log = hasty.emulator.log()
    assert f"processed 8 SQS messages from {hasty.queue.rpartition('/')[2]} (2 partial failures)" in log
    # After eight receives they go to the dead-letter queue, where the worker keeps them for people to look at.
    for message_id, reason in zip(strangers, ("", "version 2")):
        (row,) = until("it is kept in the table", lambda: kept(hasty, message_id))
        assert reason in row["d"]["S"], row
    until("the queues are empty", lambda: hasty.waiting(hasty.queue) == hasty.waiting(hasty.dead_letters) == 0)
    assert ada.job(job["id"]) == ended


def test_a_chunk_no_worker_can_do_is_settled_from_the_dead_letter_queue(hasty, ada):
    """The api knows a processor that the worker does not have: such a job fails by itself, with the reason."""
    job = ada.start({"processor": "ghost", "items": [{"id": "a"}, {"id": "b"}], "idField": "id", "toleratedFailures": {"count": 1}})
    ended = ada.until_ended(job["id"])
    assert (ended["status"], ended["processedItems"], ended["failedItems"]) == ("Failed", 0, 2)
    failures = ada.get(f"/v1/jobs/{job['id']}/failures")["failures"]
    assert [(f["index"], f["id"], f["kind"]) for f in failures] == [(0, "a", "DeadLettered"), (1, "b", "DeadLettered")]
    assert "never finished" in failures[0]["message"]
    until("the queues are empty", lambda: hasty.waiting(hasty.queue) == hasty.waiting(hasty.dead_letters) == 0)
    assert "this worker has no processor named" in hasty.function_log("WorkerFunction")
