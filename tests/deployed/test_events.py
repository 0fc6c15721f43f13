"""Events on an EventBridge bus, from the worker through a rule to a queue."""

import json

import pytest
from deploying import deploy
from waiting import until

BUS = "headway-events"


@pytest.fixture(scope="module")
def bus(emulator):
    """A bus with a rule that hands on this service's events to a queue: its ARN, and the queue's URL."""
    events, sqs = emulator.client("events"), emulator.client("sqs")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    bus_arn = events.create_event_bus(Name=BUS)["EventBusArn"]
    pattern = {"source": ["headway"], "detail-type": ["JobStarted", "JobEnded"]}
    events.put_rule(Name="jobs", EventBusName=BUS, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="jobs", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    return bus_arn, queue


def of_round(emulator, queue, job, number):
    """The two events of a round, as the queue got them. Each is sent at least once: one that comes again is left out."""
    sqs, events = emulator.client("sqs"), {}

    def look():
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            event = json.loads(message["Body"])
            data = event["detail"]["data"]
            if (data["id"], data["round"]) == (job["id"], number):
                events[event["detail"]["id"]] = event
        return len(events) >= 2

    until(f"both events of round {number} came", look)
    return list(events.values())


def told(events):
    return sorted((event["detail"]["data"]["round"], event["detail-type"], event["detail"]["type"]) for event in events)


@pytest.mark.parametrize("by", ["name", "ARN"])
def test_a_rule_hands_on_the_start_and_the_end_of_a_job(emulator, deployer, issuer, bus, by, shown):
    bus_arn, queue = bus
    given = {"JwtIssuer": issuer.url, "JwtAudience": "jobs", "EventBus": BUS if by == "name" else bus_arn}
    stack = deploy(emulator, deployer, f"headway-events-{by.lower()}", **given)
    user = stack.caller(issuer.token(f"events by {by}"))
    schema = {"type": "object", "properties": {"iata": {"type": "string", "maxLength": 3}}}
    job = user.start({"processor": "json-schema", "params": {"schema": schema}, "items": [{"iata": "ZRH"}, {"iata": "too long"}]})
    user.until_ended(job["id"])
    first = of_round(emulator, queue, job, 1)
    assert told(first) == [(1, "JobEnded", "job.failed"), (1, "JobStarted", "job.started")]
    user.act(job["id"], "retry", status=202)
    user.watch(job["id"], "it has failed again", lambda job: job["round"] == 2 and job["status"] == "Failed")
    second = of_round(emulator, queue, job, 2)
    assert told(second) == [(2, "JobEnded", "job.failed"), (2, "JobStarted", "job.started")]
    for event in first + second:
        detail = event["detail"]
        assert (event["source"], detail["data"]["id"], detail["data"]["processor"]) == ("headway", job["id"], "json-schema")
        what = "started" if event["detail-type"] == "JobStarted" else "ended"
        assert detail["id"] == f"{job['id']}_{detail['data']['round']}_{what}"
    ended = next(event for event in second if event["detail-type"] == "JobEnded")
    now = user.job(job["id"])
    assert {name: ended["detail"]["data"][name] for name in ("failedItems", "processedItems", "completedAt")} == {
        name: now[name] for name in ("failedItems", "processedItems", "completedAt")
    }
    shown(f"a rule on the bus, named by its {by}, handed on {len(first + second)} events of a job of two rounds to a queue")
