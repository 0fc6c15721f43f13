"""From a request to its response, for every host. Hosts only carry bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Optional, Union

from headway_kit.document import Batch, DocumentError, parse
from headway_kit.halving import Outcomes
from headway_kit.item import Item
from headway_kit.limits import ANSWER_BYTES_MAX, REQUEST_BYTES_MAX, Deadline, Limits
from headway_kit.outcome import Outcome, as_json
from headway_kit.processor import Processor
from headway_kit.signature import Secrets, Signature

STATUS = {"permanent": 422, "retryable": 500, "throttled": 429}
_SINGLE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9]{1,8})", re.ASCII)


@dataclass(frozen=True)
class Request:
    """An HTTP request. Names of headers are in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """A request with a valid signature: its items, and how they are answered."""

    items: list[Item]
    limits: Limits
    answer: Callable[[Outcomes], Response]


class Service:
    """A processor behind a signature."""

    def __init__(self, processor: Processor, secret: Secrets = None) -> None:
        if not isinstance(processor, Processor):
            raise TypeError("decorate the function with @processor or @batch_processor first")
        self.processor = processor
        self.signature = Signature(secret)

    def open(self, request: Request) -> Union[Work, Response]:
        """The work in a request, or why there is none."""
        if request.method.upper() != "POST":
            return problem(405, "send items with POST", {"Allow": "POST"})
        if len(request.body) > REQUEST_BYTES_MAX:
            return too_large()
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and len(request.body) < int(length[:10]):
            return body_is_gone()
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            return problem(401, "the body is not UTF-8, so it has no signature that can be checked")
        reason = self.signature.problem(request.headers, text)
        if reason is not None:
            return problem(401, f"not signed by Headway: {reason}")
        try:
            return _work(request.headers["webhook-id"], request.headers.get("headway-attempt", ""), text)
        except DocumentError as error:
            return problem(error.status, str(error))

    def handle(self, request: Request, seconds: Optional[float] = None) -> Response:
        """Handles a request with a function that is not async. `seconds`: how long the host has, if it knows."""
        work = self.open(request)
        if isinstance(work, Response):
            return work
        deadline = Deadline(least(work.limits.seconds, seconds))
        return work.answer(self.processor.run(work.items, work.limits.output_bytes, deadline))

    async def handle_async(self, request: Request, seconds: Optional[float] = None) -> Response:
        """Handles a request with an async function."""
        work = self.open(request)
        if isinstance(work, Response):
            return work
        deadline = Deadline(least(work.limits.seconds, seconds))
        return work.answer(await self.processor.run_async(work.items, work.limits.output_bytes, deadline))


def problem(status: int, detail: str, headers: Optional[Mapping[str, str]] = None, code: Optional[str] = None) -> Response:
    """A refusal as a problem document (RFC 9457). Headway shows its `detail`."""
    members = {"status": status, "detail": detail, **({"code": code} if code else {})}
    return Response(status, as_json(members).encode(), {"Content-Type": "application/problem+json", **(headers or {})})


def too_large() -> Response:
    """The refusal of a body that is larger than any that Headway sends."""
    return problem(413, f"the body is larger than {REQUEST_BYTES_MAX} bytes")


def body_is_gone() -> Response:
    """The refusal if the raw body is not available any more.

    With this status Headway does not try again: smaller requests would not help.
    """
    return problem(501, "the raw body was read before, by a middleware for example: mount Headway's application before it")


def least(*seconds: Optional[float]) -> Optional[float]:
    """The smallest of those that are given."""
    return min((given for given in seconds if given is not None), default=None)


def _work(webhook_id: str, attempt: str, text: str) -> Work:
    """Only the signed id decides what the request is: everything else may come from a user."""
    if webhook_id.startswith("batch_"):
        batch = Batch.read(parse(text))
        if batch.name != webhook_id:
            raise DocumentError("batch is not the webhook-id")
        return Work(batch.items, batch.limits, lambda outcomes: _json(batch.answer(outcomes)))
    single = _SINGLE.fullmatch(webhook_id)
    if single is None:
        raise DocumentError("this is no item: its webhook-id is neither job/index nor batch_…")
    number = int(attempt) if re.fullmatch("[1-9][0-9]{0,8}", attempt, re.ASCII) else 1
    item = Item(parse(text), int(single[2]), single[1], webhook_id, attempt=number)
    # One output alone may be as large as an answer: Headway records one that it does not keep as omitted.
    limits = Limits(output_bytes=ANSWER_BYTES_MAX)
    return Work([item], limits, lambda outcomes: _of_one(outcomes.get(item.index)))


def _of_one(outcome: Optional[Outcome]) -> Response:
    if outcome is None:
        return problem(500, "there was no time left to begin the item")
    if outcome.failure is not None:
        failure = outcome.failure
        wait = {} if failure.after_seconds is None else {"Retry-After": str(math.ceil(failure.after_seconds))}
        detail = ": ".join(part for part in (failure.code, failure.message) if part) or failure.kind
        return problem(STATUS[failure.kind], detail, wait, failure.code)
    if outcome.is_omitted:
        # Its type says JSON, but it is not: Headway records the item as done, with its output omitted.
        return _json("output omitted")
    return Response(204) if outcome.output is None else _json(outcome.output)


def _json(text: str) -> Response:
    return Response(200, text.encode(), {"Content-Type": "application/json"})
