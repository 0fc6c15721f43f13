"""Invokes the kits' Lambda handlers as AWS Lambda does: an endpoint on loopback for the client of Headway's `lambda` processor."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KITS = Path(__file__).parents[1]
INVOKED = "/2015-03-31/functions/{}/invocations"

Handler = Callable[[Any], Any]


def python_handler() -> Handler:
    """The handler of kits/python, in this process."""
    sys.path[:0] = [str(KITS / "python" / "src"), str(KITS / "python" / "tests")]
    import scripted  # type: ignore[import-not-found]
    from headway_kit.aws_lambda import lambda_handler

    return lambda_handler(scripted.BLOCKING["item"])


@contextmanager
def node_handler() -> Iterator[Handler]:
    """The handler of kits/node, in a process that gets one event after the other."""
    command = ["node", "build/test/invoke.js"]
    with subprocess.Popen(command, cwd=KITS / "node", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as node:
        one_at_a_time = threading.Lock()

        def handler(event: Any) -> Any:
            assert node.stdin is not None and node.stdout is not None
            with one_at_a_time:
                node.stdin.write(json.dumps(event) + "\n")
                node.stdin.flush()
                return json.loads(node.stdout.readline())

        try:
            yield handler
        finally:
            node.kill()


@contextmanager
def served(functions: dict[str, Handler]) -> Iterator[str]:
    """The address of an endpoint with these functions."""

    class Invoke(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            called = next((handler for name, handler in functions.items() if self.path == INVOKED.format(name)), None)
            answer = json.dumps(called(json.loads(body)) if called else {"Message": "no such function"}).encode()
            self.send_response(200 if called else 404)
            if not called:
                self.send_header("x-amzn-errortype", "ResourceNotFoundException")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Invoke)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
