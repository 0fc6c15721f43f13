"""The vectors that both kits share, through every way of calling a function and through every host."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import Any, Callable

import pytest
from jsonschema import Draft202012Validator

import scripted
from headway_kit import Processor
from headway_kit.asgi import asgi_app
from headway_kit.aws_lambda import lambda_handler
from headway_kit.wsgi import wsgi_app
from support import SECRET, schema, signed, vectors

CASES = vectors("kit")["cases"]
ANSWERS = Draft202012Validator(schema("batch-answer"))
REQUESTS = Draft202012Validator(schema("batch-request"))
Sent = "tuple[int, dict[str, str], bytes]"


def through_asgi(processor: Processor, headers: dict[str, str], body: bytes) -> Any:
    pieces = [body[:10], body[10:]]
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": place == 0} for place, piece in enumerate(pieces)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(n.encode(), v.encode()) for n, v in headers.items()]}
    asyncio.run(asgi_app(processor, SECRET)(scope, receive, send))
    start, answer = sent
    return start["status"], {n.decode(): v.decode() for n, v in start["headers"]}, answer["body"]


def through_wsgi(processor: Processor, headers: dict[str, str], body: bytes) -> Any:
    environ: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body + b"next")}
    started: list[Any] = []
    answer = b"".join(wsgi_app(processor, SECRET)(environ, lambda status, given: started.extend([status, given])))
    return int(started[0].split()[0]), {name.lower(): value for name, value in started[1]}, answer


def through_function_url(processor: Processor, headers: dict[str, str], body: bytes) -> Any:
    event = {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "headers": headers, "body": body.decode()}
    return of_lambda(lambda_handler(processor, SECRET)(event, None))


def through_rest_api(processor: Processor, headers: dict[str, str], body: bytes) -> Any:
    titled = {name.title(): value for name, value in headers.items()}
    encoded = base64.b64encode(body).decode()
    event = {"httpMethod": "POST", "requestContext": {}, "headers": titled, "body": encoded, "isBase64Encoded": True}
    return of_lambda(lambda_handler(processor, SECRET)(event, None))


def through_load_balancer(processor: Processor, headers: dict[str, str], body: bytes) -> Any:
    lists = {name: [value] for name, value in headers.items()}
    event = {"httpMethod": "POST", "requestContext": {"elb": {}}, "multiValueHeaders": lists, "body": body.decode()}
    answer = lambda_handler(processor, SECRET)(event, None)
    return of_lambda({**answer, "headers": {name: values[0] for name, values in answer["multiValueHeaders"].items()}})


def of_lambda(answer: Any) -> Any:
    json.dumps(answer, allow_nan=False)
    return answer["statusCode"], {name.lower(): value for name, value in answer["headers"].items()}, answer["body"].encode()


Host = Callable[[Processor, "dict[str, str]", bytes], Any]
WAYS: list[tuple[str, Host, dict[str, Processor]]] = [
    ("asgi", through_asgi, scripted.BLOCKING),
    ("asgi, async", through_asgi, scripted.ASYNC),
    ("wsgi", through_wsgi, scripted.BLOCKING),
    ("wsgi, threads", through_wsgi, scripted.THREADED),
    ("wsgi, async", through_wsgi, scripted.ASYNC),
    ("function url", through_function_url, scripted.BLOCKING),
    ("rest api, async", through_rest_api, scripted.ASYNC),
    ("load balancer", through_load_balancer, scripted.BLOCKING),
]


@pytest.mark.parametrize(("host", "processors"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_request_has_its_answer(case: Any, host: Host, processors: dict[str, Processor]) -> None:
    body, wanted = case["body"], case["answer"]
    headers = signed(case["webhookId"], body)
    if "attempt" in case:
        headers["headway-attempt"] = case["attempt"]
    status, answered, answer = host(processors[case["processor"]], headers, body.encode())
    assert status == wanted["status"], answer
    assert (json.loads(answer) if answer else None) == wanted.get("json")
    assert wanted.get("headers", {}).items() <= answered.items()
    assert b"hunter2" not in answer
    if status == 200 and case["webhookId"].startswith("batch_"):
        assert "limits" not in json.loads(body) or REQUESTS.is_valid(json.loads(body))
        ANSWERS.validate(json.loads(answer))


@pytest.mark.parametrize("processors", [scripted.BLOCKING, scripted.ASYNC], ids=["blocking", "async"])
def test_an_invoked_function_answers_the_document(processors: dict[str, Processor], monkeypatch: pytest.MonkeyPatch) -> None:
    """Headway's `lambda` sends the document as the event, and needs no secret."""
    monkeypatch.delenv("HEADWAY_SECRET", raising=False)
    batches = [case for case in CASES if case["webhookId"].startswith("batch_")]
    for case in batches:
        try:
            event = json.loads(case["body"])
        except ValueError:
            continue
        handler = lambda_handler(processors[case["processor"]])
        if case["answer"]["status"] == 200:
            assert handler(event, None) == case["answer"]["json"], case["name"]
        elif case["name"] != "a batch document under another id":
            with pytest.raises(ValueError, match=r"."):
                handler(event, None)
