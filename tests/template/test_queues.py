"""The queues: visibility timeouts, receives, dead letters, and the mappings that settle chunks."""

import re

import pytest
from stack import ROOT, Stack, source

TIMEOUTS = source()["Parameters"]["WorkerTimeoutSeconds"]["AllowedValues"]
QUEUES = ["Queue", "DeadLetterQueue"]


@pytest.mark.parametrize("timeout", TIMEOUTS)
@pytest.mark.parametrize("queue", QUEUES)
def test_visibility_is_six_timeouts_or_more(timeout, queue):
    stack = Stack(WorkerTimeoutSeconds=timeout)
    hidden_s = stack.of_type("AWS::SQS::Queue")[queue]["VisibilityTimeout"]
    assert hidden_s >= 6 * int(stack.functions()["WorkerFunction"]["Timeout"])


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_one_worker_that_dies_raises_no_alarm_about_waiting_chunks(timeout):
    """Its chunks wait invisible and are as old as the visibility timeout when they are delivered again. Source: SQS Developer Guide,
    Available CloudWatch metrics: the age of the oldest message counts those that were received fewer than three times."""
    stack = Stack(WorkerTimeoutSeconds=timeout)
    hidden_s = stack.of_type("AWS::SQS::Queue")["Queue"]["VisibilityTimeout"]
    alarm = stack.of_type("AWS::CloudWatch::Alarm")["OldestMessageAlarm"]
    assert alarm["Threshold"] >= 2 * hidden_s
    given = Stack(WorkerTimeoutSeconds=timeout, AlarmQueueAgeSeconds="7200").of_type("AWS::CloudWatch::Alarm")["OldestMessageAlarm"]
    assert given["Threshold"] == "7200"


def test_failed_chunks_go_to_the_dead_letter_queue(stack):
    queues = stack.of_type("AWS::SQS::Queue")
    redrive = queues["Queue"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == "DeadLetterQueue.Arn"
    # An item that kills its worker is marked twice in careful mode, which begins with the second delivery.
    assert redrive["maxReceiveCount"] >= 5
    assert "RedrivePolicy" not in queues["DeadLetterQueue"], "a dead letter would be out of the worker's reach"


def test_the_worker_takes_from_both_queues_one_by_one_answered(stack):
    mappings = stack.mappings_by_queue()
    assert set(mappings) == set(QUEUES)
    for queue, mapping in mappings.items():
        assert mapping["FunctionName"] == "WorkerFunction", queue
        assert mapping["BatchSize"] == 10, queue
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], queue
    assert Stack(MaximumConcurrency=7).mappings_by_queue()["Queue"]["ScalingConfig"]["MaximumConcurrency"] == 7


def test_pollers_of_the_dead_letter_queue_may_become_few(stack):
    """A mapping with MaximumConcurrency keeps five pollers, of a queue that is nearly always empty. Source: Lambda Developer
    Guide, "Configuring scaling behavior for SQS event source mappings"."""
    assert "ScalingConfig" not in stack.mappings_by_queue()["DeadLetterQueue"]


def test_a_worker_may_send_what_is_left_to_its_own_queue(stack):
    """Otherwise Lambda drops a message after about 16 invocations in a row. Source: Lambda Developer Guide, "Use Lambda
    recursive loop detection to prevent infinite loops"."""
    loops = {name: function.get("RecursiveLoop", "Terminate") for name, function in stack.functions().items()}
    assert loops == {"ApiFunction": "Terminate", "WorkerFunction": "Allow", "CleanupFunction": "Terminate"}


def test_the_worker_can_tell_a_dead_letter(stack):
    """The mapping's source is an event's eventSourceARN."""
    told = stack.environment("WorkerFunction")["HEADWAY_DEAD_LETTER_QUEUE_ARN"]
    assert told == stack.mappings_by_queue()["DeadLetterQueue"]["EventSourceArn"]


def test_messages_are_encrypted_and_kept_as_long_as_the_sweep_believes(stack):
    day_s = 24 * 60 * 60
    queues = stack.of_type("AWS::SQS::Queue")
    key = stack.parameters["KmsKey"]
    for queue in queues.values():
        assert (queue.get("KmsMasterKeyId"), queue.get("SqsManagedSseEnabled")) == ((key, False) if key else (None, True))
    assert queues["Queue"]["MessageRetentionPeriod"] == 7 * day_s
    assert queues["DeadLetterQueue"]["MessageRetentionPeriod"] == 14 * day_s


@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_may_have_as_many_bytes_as_the_code_counts_on(stack, queue):
    """A queue of before August 2025 keeps its 262,144 bytes unless it is told, and so may one in a region that has no more."""
    counted = {
        int(bytes_max.replace("_", ""))
        for file, name in [("shared/src/limits.rs", "MESSAGE_BYTES_MAX"), ("shared/aws/src/sqs/pack.rs", "QUEUE_BATCH_BYTES_MAX")]
        for bytes_max in re.findall(rf"const {name}: usize = ([0-9_]+);", (ROOT / file).read_text())
    }
    assert counted == {stack.of_type("AWS::SQS::Queue")[queue]["MaximumMessageSize"]}


def test_alarms_watch_the_queues(stack):
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()
    watched = {(a["MetricName"], a["Dimensions"][0]["Value"]) for a in alarms if a["Namespace"] == "AWS/SQS"}
    assert watched == {
        ("NumberOfMessagesReceived", "DeadLetterQueue.QueueName"),
        ("ApproximateAgeOfOldestMessage", "Queue.QueueName"),
    }
