"""AWS Lambda: invoked by Headway's `lambda` processor, or over HTTP by a function URL, API Gateway or a load balancer."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import Any, Callable, Dict, Optional, Union

from headway_kit.document import TYPE, Batch
from headway_kit.limits import Deadline
from headway_kit.loop import wait_for
from headway_kit.processor import Processor
from headway_kit.service import Request, Response, Service, least, problem
from headway_kit.signature import SECRET_VARIABLE, Secrets

Handler = Callable[[Any, Any], Any]


def lambda_handler(processor: Processor, secret: Secrets = None) -> Handler:
    """A handler for AWS Lambda: `handler = lambda_handler(process)`.

    A function that only `lambda` invokes needs no secret: IAM decides who may invoke it. One that is reached over HTTP needs the
    endpoint's, in `secret` or HEADWAY_SECRET.
    """
    has_secret = secret is not None or bool(os.environ.get(SECRET_VARIABLE, "").strip())
    service = Service(processor, secret) if has_secret else None
    if not isinstance(processor, Processor):
        raise TypeError("decorate the function with @processor or @batch_processor first")

    def handler(event: Any, context: Any = None) -> Any:
        seconds = _seconds_left(context)
        if isinstance(event, Mapping) and "requestContext" in event:
            return _response(event, _over_http(service, event, seconds))
        if isinstance(event, Mapping) and event.get("type") == TYPE:
            return _invoked(processor, event, seconds)
        raise ValueError("this event is neither a batch of Headway's nor an HTTP request")

    return handler


def _invoked(processor: Processor, event: Mapping[str, Any], seconds: Optional[float]) -> object:
    """Invoked with the document itself. The runtime writes what is returned as JSON."""
    batch = Batch.read(event)
    deadline = Deadline(least(batch.limits.seconds, seconds))
    arguments = (batch.items, batch.limits.output_bytes, deadline)
    outcomes = wait_for(processor.run_async(*arguments)) if processor.is_async else processor.run(*arguments)
    return json.loads(batch.answer(outcomes, _size_in_lambda))


def _size_in_lambda(text: str) -> int:
    """Lambda's runtime writes spaces after commas and, up to Python 3.11, an escape for each character beyond ASCII."""
    return len(json.dumps(json.loads(text)))


def _over_http(service: Optional[Service], event: Mapping[str, Any], seconds: Optional[float]) -> Response:
    if service is None:
        return problem(500, f"this function has no {SECRET_VARIABLE}: it cannot check signatures")
    request = _request(event)
    if request is None:
        return problem(400, "the event's body is not base64")
    if service.processor.is_async:
        return wait_for(service.handle_async(request, seconds))
    return service.handle(request, seconds)


def _request(event: Mapping[str, Any]) -> Optional[Request]:
    """Of payload formats 1.0 and 2.0, and of a load balancer."""
    context = event["requestContext"]
    method = event.get("httpMethod") or context.get("http", {}).get("method") or ""
    several = {name: values[0] for name, values in (event.get("multiValueHeaders") or {}).items() if values}
    headers = {name.lower(): value for name, value in {**several, **(event.get("headers") or {})}.items()}
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError):
        return None
    return Request(method, headers, raw)


def _response(event: Mapping[str, Any], response: Response) -> Dict[str, Any]:
    headers: Dict[str, Union[str, list[str]]] = dict(response.headers)
    answer = {"statusCode": response.status, "body": response.body.decode(), "isBase64Encoded": False}
    # A load balancer that sends each header as a list reads them as lists only.
    if "headers" not in event and "multiValueHeaders" in event:
        return {**answer, "multiValueHeaders": {name: [value] for name, value in headers.items()}}
    return {**answer, "headers": headers}


def _seconds_left(context: Any) -> Optional[float]:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1_000 if callable(remaining) else None
