"""Hostile bodies, given to the release binary as by Lambda. Other tests show how they are refused; how quickly, only
optimized code can show."""

import base64
import gzip
import json

import pytest
from deploying import ARTIFACTS
from runtime import Instance

REFUSED_WITHIN_S = 0.1
JSON, NDJSON = "application/json", "application/x-ndjson"


def items(*texts):
    return b'{"processor":"ghost","items":[%s]}' % b",".join(texts)


def members(count):
    return b"{%s}" % b",".join(b'"k%d":0' % i for i in range(count))


# The largest that reach a function: an event of 6 MB holds no more.
HOSTILE = {
    "one byte too many": (JSON, b" " * 3_000_001, 413),
    "nested 100,000 deep": (JSON, items(b"[" * 100_000 + b"]" * 100_000), 400),
    "nothing but brackets": (JSON, b"[" * 3_000_000, 400),
    "a quarter of a million keys": (JSON, items(members(250_000)), 400),
    "a number of a million digits": (JSON, items(b"9" * 1_000_000 + b"e9"), 400),
    "a million items": (JSON, items(*[b"1"] * 1_000_000), 422),
    "not UTF-8": (JSON, items(b'"\xff"'), 400),
    "cut off": (JSON, items(b"1")[:-2], 400),
    "gzip 1000:1": (NDJSON, gzip.compress(b" " * 100_000_000), 413),
    "four million blank lines": (NDJSON, gzip.compress(b"\n" * 4_500_000), 422),
    "two million lines": (NDJSON, gzip.compress(b"1\n" * 2_000_000), 422),
    "gzip cut off": (NDJSON, gzip.compress(b"1\n2\n")[:-1], 400),
}


@pytest.fixture(scope="module")
def api(emulator, stack):
    function = emulator.client("lambda").get_function_configuration(FunctionName=stack.id_of("ApiFunction"))
    instance = Instance(ARTIFACTS / "api" / "bootstrap.zip", function["Environment"]["Variables"], emulator.url)
    yield instance
    instance.stop()


@pytest.fixture(scope="module")
def open_job(stack, issuer):
    return stack.caller(issuer.token("mallory")).start({"processor": "ghost", "sealed": False})["id"]


def event(media_type, body, job):
    """An event in the HTTP API's payload format 2.0. A body that is not text is in base64."""
    method, path, query = ("POST", "/v1/jobs", "") if media_type == JSON else ("PUT", f"/v1/jobs/{job}/parts/0", "firstIndex=0")
    headers = {"content-type": media_type, "content-length": str(len(body))}
    if media_type == NDJSON:
        headers["content-encoding"] = "gzip"
    claims = {"sub": "mallory", "scope": "jobs:write"}
    return json.dumps({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": ""},
            "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }).encode()


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_is_refused_at_once(what, api, open_job, shown):
    media_type, body, status = HOSTILE[what]
    asked = event(media_type, body, open_job)
    # The best of three: the first may have to be paged in.
    tries = [api.invoke(asked) for _ in range(3)]
    took = min(seconds for seconds, _ in tries)
    assert all(json.loads(answer)["statusCode"] == status for _, answer in tries), tries
    shown(f"{what}: refused in {took * 1000:.0f} ms")
    assert took < REFUSED_WITHIN_S
