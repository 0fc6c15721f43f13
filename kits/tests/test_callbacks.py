"""End notices, from the real server to a receiver that verifies them with the published `standardwebhooks`.

Run by `make test-kits`, which builds `headway` first and installs the libraries."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from test_serve import HEADWAY, KITS, OTHER, SECRET, started

# Far more than anything takes here: only what hangs takes so long.
LONG_S = 120
CALL_IN_NODE = """
let text = "";
for await (const piece of process.stdin) text += piece;
const { body, headers } = JSON.parse(text);
receive(headers, body);
"""


def snippet(language: str) -> str:
    """The receiver in this language that the page on callbacks shows."""
    page = (KITS.parent / "docs" / "callbacks.md").read_text()
    return page.split(f"```{language}\n")[1].split("```")[0]


class Receiver:
    """An endpoint that answers as it is told to, one status a request, and keeps every request."""

    def __init__(self, *statuses: int) -> None:
        statuses_left = list(statuses)
        self.requests: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(statuses_left.pop(0) if statuses_left else 204)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.requests.get(timeout=LONG_S)


@contextmanager
def serving(directory: Path, receiver: Receiver) -> Iterator[Callable[..., Any]]:
    """A server with the callback `crm`: runs its command, and returns the last line as JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    environment["XDG_STATE_HOME"] = str(directory)
    endpoint = {"url": receiver.url, "secret": SECRET, "allowPrivate": True}
    environment |= {"HEADWAY_HTTP_ENDPOINTS": json.dumps({"crm": endpoint, "other": endpoint}), "HEADWAY_CALLBACKS": "crm"}
    serve = [HEADWAY, "--json", "serve", "--listen", "127.0.0.1:0", "--memory"]
    with started(serve, environment, directory) as ready:
        environment["HEADWAY_URL"] = json.loads(ready)["url"].split("/#")[0]
        token = subprocess.run([HEADWAY, "token", "--user", "kits"], env=environment, check=True, capture_output=True, text=True)
        environment["HEADWAY_TOKEN"] = token.stdout.strip()
        (directory / "schema.json").write_text('{"schema": {"type": "integer"}}')

        def command(*arguments: str) -> Any:
            done = subprocess.run([HEADWAY, "--json", *arguments], cwd=directory, env=environment, capture_output=True, text=True)
            return json.loads((done.stdout.strip() or done.stderr.strip()).split("\n")[-1])

        yield command


def submit(command: Callable[..., Any], directory: Path, items: str, *options: str) -> Any:
    (directory / "items.ndjson").write_text(items)
    return command("submit", "items.ndjson", "--processor", "json-schema", "--params", "schema.json", "--callback", "crm", *options)


def state(command: Callable[..., Any], job: str, expected: str) -> Any:
    """The job once its callback has that state: a notice is recorded right after its answer."""
    for _ in range(LONG_S * 100):
        seen = command("status", job)
        if seen["callbackState"] == expected:
            return seen
    raise AssertionError(seen)


def test_each_end_is_told_and_both_published_libraries_verify_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receiver = Receiver()
    with serving(tmp_path, receiver) as command:
        job = submit(command, tmp_path, "1\n2\n", "--title", "Änderungen 🦀")
        headers, body = receiver.next()
        document = Webhook(SECRET).verify(body.decode(), headers)
        assert headers["webhook-id"] == f"{job['id']}_1"
        assert (document["type"], document["timestamp"]) == ("job.completed", job["completedAt"])
        data = document["data"]
        assert (data["id"], data["status"], data["processedItems"], data["title"]) == (job["id"], "Completed", 2, "Änderungen 🦀")
        assert (data["callback"], data["callbackState"], data["settling"]) == ("crm", "Waiting", False)
        assert data.keys() == job.keys()
        with pytest.raises(WebhookVerificationError):
            Webhook(OTHER).verify(body.decode(), headers)
        in_python: dict[str, Any] = {}
        exec(snippet("python"), in_python)
        in_python["receive"](headers, body)
        given = json.dumps({"body": body.decode(), "headers": headers})
        node = ["node", "--input-type=module", "--eval", snippet("js") + CALL_IN_NODE]
        in_node = subprocess.run(node, input=given, cwd=KITS / "node", check=True, text=True, capture_output=True)
        assert in_node.stdout == capsys.readouterr().out == f"job.completed {job['id']} 0\n"
        assert state(command, job["id"], "Delivered")["round"] == 1


def test_a_failed_job_is_told_again_after_its_retry_under_another_id(tmp_path: Path) -> None:
    receiver = Receiver()
    with serving(tmp_path, receiver) as command:
        job = submit(command, tmp_path, '1\n"x"\n')
        first = [receiver.next()]
        command("retry", job["id"])
        told = [*first, receiver.next()]
        documents = [Webhook(SECRET).verify(body.decode(), headers) for headers, body in told]
        assert [document["type"] for document in documents] == ["job.failed", "job.failed"]
        assert [document["data"]["round"] for document in documents] == [1, 2]
        assert [headers["webhook-id"] for headers, _ in told] == [f"{job['id']}_{round}" for round in (1, 2)]


@pytest.mark.parametrize("answer", [500, 302, 404])
def test_whoever_does_not_accept_it_is_told_again_with_the_same_id(tmp_path: Path, answer: int) -> None:
    receiver = Receiver(answer)
    with serving(tmp_path, receiver) as command:
        job = submit(command, tmp_path, "1\n")
        (first, _), (second, body) = receiver.next(), receiver.next()
        assert first["webhook-id"] == second["webhook-id"] == f"{job['id']}_1"
        assert int(second["webhook-timestamp"]) >= int(first["webhook-timestamp"]) + 4, "the next try is 5 s later"
        assert Webhook(SECRET).verify(body.decode(), second)["type"] == "job.completed"
        state(command, job["id"], "Delivered")


def test_410_wants_no_more(tmp_path: Path) -> None:
    receiver = Receiver(410)
    with serving(tmp_path, receiver) as command:
        job = submit(command, tmp_path, "1\n")
        receiver.next()
        state(command, job["id"], "GivenUp")
        assert receiver.requests.empty()


def test_only_a_listed_endpoint_can_be_a_callback(tmp_path: Path) -> None:
    receiver = Receiver()
    with serving(tmp_path, receiver) as command:
        (tmp_path / "items.ndjson").write_text("1\n")
        problem = command("submit", "items.ndjson", "--processor", "json-schema", "--params", "schema.json", "--callback", "other")
        (error,) = problem["errors"]
        assert error["pointer"] == "/callback"
        assert error["detail"].endswith("there are: crm")
        assert receiver.requests.empty()
