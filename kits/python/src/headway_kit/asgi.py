"""ASGI: uvicorn, hypercorn, or mounted into Starlette, FastAPI, Django."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable, Optional

from headway_kit.limits import REQUEST_BYTES_MAX
from headway_kit.processor import Processor
from headway_kit.service import Request, Response, Service, too_large
from headway_kit.signature import Secrets

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def asgi_app(processor: Processor, secret: Secrets = None) -> App:
    """An ASGI application: `app = asgi_app(process)`. Without `secret`, HEADWAY_SECRET holds it.

    A function that is not async runs in a thread, so that it holds up nobody else.
    """
    service = Service(processor, secret)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            raise RuntimeError(f"this application answers http only, not {scope['type']}")
        body = await _body(receive)
        if body is None:
            return await _respond(send, too_large())
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["method"], headers, body)
        if processor.is_async:
            await _respond(send, await service.handle_async(request))
        else:
            await _respond(send, await asyncio.to_thread(service.handle, request))

    return app


async def _body(receive: Receive) -> Optional[bytes]:
    """The whole body; `None` if it is larger than any that Headway sends."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > REQUEST_BYTES_MAX:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _respond(send: Send, response: Response) -> None:
    headers = {**response.headers, **({} if response.status == 204 else {"Content-Length": str(len(response.body))})}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
