"""WSGI: gunicorn, uWSGI, `wsgiref`, or mounted into Flask or Django."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any, Callable, Dict, Union
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from headway_kit.limits import REQUEST_BYTES_MAX
from headway_kit.loop import wait_for
from headway_kit.processor import Processor
from headway_kit.service import Request, Response, Service, problem, too_large
from headway_kit.signature import Secrets

Environ = Dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def wsgi_app(processor: Processor, secret: Secrets = None) -> App:
    """A WSGI application: `app = wsgi_app(process)`. Without `secret`, HEADWAY_SECRET holds it."""
    service = Service(processor, secret)

    def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = _body(environ)
        response = body if isinstance(body, Response) else _handle(service, Request(environ["REQUEST_METHOD"], _headers(environ), body))
        status = HTTPStatus(response.status)
        headers = [*response.headers.items()]
        if response.status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(len(response.body))))
        start_response(f"{status.value} {status.phrase}", headers)
        return [response.body]

    return app


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        """No log line for each item."""


def serve(processor: Processor, secret: Secrets = None, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serves with Python's own server, until Ctrl-C. For development: in production use a server that is made for it."""
    with make_server(host, port, wsgi_app(processor, secret), server_class=_Server, handler_class=_Quiet) as server:
        print(f"serving on http://{host}:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", flush=True)


def _handle(service: Service, request: Request) -> Response:
    if service.processor.is_async:
        return wait_for(service.handle_async(request))
    return service.handle(request)


def _body(environ: Environ) -> Union[bytes, Response]:
    length = str(environ.get("CONTENT_LENGTH") or "")
    if length.isascii() and length.isdigit():
        size = int(length)
    elif environ.get("wsgi.input_terminated") and not length:
        size = REQUEST_BYTES_MAX + 1
    elif environ["REQUEST_METHOD"] != "POST":
        size = 0
    else:
        return problem(411, "the request needs a Content-Length")
    if size > REQUEST_BYTES_MAX and length:
        return too_large()
    body: bytes = environ["wsgi.input"].read(size)
    return body


def _headers(environ: Environ) -> dict[str, str]:
    prefix = "HTTP_"
    headers = {name[len(prefix) :].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith(prefix)}
    return {**headers, "content-length": str(environ.get("CONTENT_LENGTH") or "")}
