"""The sample events are what AWS sends to functions deployed from this template."""

import hashlib
import json

from stack import ROOT, Stack

EVENTS = ROOT / "examples/events"


def event(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


def test_the_sample_message_is_a_whole_chunk():
    (record,) = event("sqs-chunk")["Records"]
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
    message = json.loads(record["body"])
    assert (message["v"], message["kind"]) == (1, "chunk")
    assert len(message["items"]) == message["n"]


def test_the_sample_request_comes_by_a_route_with_a_token():
    request = event("http-start-job")
    route = request["routeKey"]
    by_key = {r["RouteKey"]: r for r in Stack().of_type("AWS::ApiGatewayV2::Route").values()}
    assert by_key[route]["AuthorizationType"] == "JWT"
    assert request["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    assert int(request["headers"]["content-length"]) == len(request["body"])
    assert json.loads(request["body"])["processor"]


def test_the_sample_tick_is_a_scheduled_event():
    assert event("schedule")["detail-type"] == "Scheduled Event"
