"""The kits behind the real server: what a function does is what the job says, item by item.

Run by `make test-kits`, which builds `headway` first."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_lambda import node_handler, python_handler, served

KITS = Path(__file__).parents[1]
HEADWAY = os.environ.get("HEADWAY", str(KITS.parent / "target" / "debug" / "headway"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
KIT_SERVERS = {
    "python": [sys.executable, "serve_scripted.py"],
    "node": ["node", "build/test/serve.js"],
}
DIRECTORIES = {"python": KITS / "python" / "tests", "node": KITS / "node"}


@contextmanager
def started(command: list[str], environment: dict[str, str], directory: Path) -> Iterator[str]:
    """A process, and the first line that it prints."""
    with subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.kill()


@pytest.fixture(scope="module", params=KIT_SERVERS)
def headway(request: Any, tmp_path_factory: Any) -> Iterator[dict[str, str]]:
    """A server whose endpoints lead to one kit: the environment for its command."""
    directory = tmp_path_factory.mktemp("headway")
    with ExitStack() as stack:
        handler = python_handler() if request.param == "python" else stack.enter_context(node_handler())
        lambda_url = stack.enter_context(served({"scripted": handler}))
        yield from serving(request.param, directory, lambda_url)


def serving(kit: str, directory: Path, lambda_url: str, *options: str) -> Iterator[dict[str, str]]:
    """The server with these options, and with the kit as endpoints in both modes and as a Lambda function."""
    environment = {**os.environ, "HEADWAY_SECRET": SECRET, "XDG_STATE_HOME": str(directory), "PYTHONPATH": str(KITS / "python" / "src")}
    for name in ("HEADWAY_URL", "HEADWAY_TOKEN", "HEADWAY_AUTH"):
        environment.pop(name, None)
    aws = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_LAMBDA": lambda_url}
    environment |= aws
    environment["HEADWAY_LAMBDA_FUNCTIONS"] = json.dumps({name: {"function": name, "maxAttempts": 1} for name in ("scripted", "gone")})
    with started(KIT_SERVERS[kit], environment, DIRECTORIES[kit]) as line:
        url = line.removeprefix("serving on ").strip() + "/"
        # The longest time limit: no outcome may depend on how busy the machine is.
        common = {"url": url, "allowPrivate": True, "maxAttempts": 1, "timeoutSeconds": 600}
        good = {**common, "secret": SECRET}
        endpoints = {"good": good, "batch": {**good, "batch": 40}, "wrong": {**common, "secret": OTHER}}
        environment["HEADWAY_HTTP_ENDPOINTS"] = json.dumps(endpoints)
        serve = [HEADWAY, "--json", "serve", "--listen", "127.0.0.1:0", *(options or ["--memory"])]
        with started(serve, environment, directory) as ready:
            environment["HEADWAY_URL"] = json.loads(ready)["url"].split("/#")[0]
            token = subprocess.run([HEADWAY, "token", "--user", "kits"], env=environment, check=True, capture_output=True, text=True)
            environment["HEADWAY_TOKEN"] = token.stdout.strip()
            yield environment


def compact(value: Any) -> str:
    """JSON as it is measured: without spaces, and with characters that need no escape as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


Ran = tuple[Any, dict[int, Any], dict[int, Any]]


def ran(headway: dict[str, str], directory: Path, processor: str, params: Any, items: list[Any]) -> Ran:
    """The job, its results and its failures, by index."""
    (directory / "items.ndjson").write_text("".join(compact(item) + "\n" for item in items))
    (directory / "params.json").write_text(json.dumps(params))
    submit = ["submit", "items.ndjson", "--processor", processor, "--params", "params.json", "--tolerate", str(len(items))]

    def command(*arguments: str) -> list[Any]:
        done = subprocess.run([HEADWAY, "--json", *arguments], cwd=directory, env=headway, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    job = command(*submit)[-1]
    listed = (command(what, job["id"]) for what in ("results", "failures"))
    results, failures = ({element["index"]: element for element in elements} for elements in listed)
    return job, results, failures


OUTPUTS = [{"a": [1, 2.5, None, True, "é😀\u2028"]}, "", "x" * 250_000, [], {}, 0, -1.5e-7, False, "[{" * 300, "null"]
OMITTED = [{"do": "large", "bytes": 262_144}, {"do": "deep", "depth": 101}]
FAILED = [
    ({"do": "permanent", "code": "no-iata", "message": "no é"}, "http 422", "no-iata", "no é"),
    ({"do": "retryable", "message": "later"}, "http 500", "RetriesExhausted", "later"),
    ({"do": "raise"}, "http 500", "Boom", "the processor raised Boom"),
    ({"do": "nan"}, "http 422", "output", "NaN"),
    ({"do": "unwritable"}, "http 422", "output", "a type that JSON does not know"),
    ({"do": "surrogate"}, "http 422", "output", "surrogate pair"),
]
WAYS = {"single": ("http", {"endpoint": "good"}), "batch": ("http", {"endpoint": "batch"}), "lambda": ("lambda", {"function": "scripted"})}


@pytest.mark.parametrize("way", WAYS)
def test_every_item_has_its_own_outcome(headway: dict[str, str], tmp_path: Path, way: str) -> None:
    """Each kind several times, shuffled: no item has its neighbour's outcome."""
    shuffle = random.Random(1)
    kinds: list[tuple[Any, Any]] = [({"do": "return", "value": value}, ("output", value)) for value in OUTPUTS]
    kinds += [(item, ("omitted",)) for item in OMITTED] + [({"do": "nothing"}, ("nothing",))]
    kinds += [(item, ("failed", single if way == "single" else code, text)) for item, single, code, text in FAILED]
    plan = [kind for kind in kinds for _ in range(5)]
    shuffle.shuffle(plan)
    job, results, failures = ran(headway, tmp_path, *WAYS[way], [item for item, _ in plan])
    for index, (item, (what, *expected)) in enumerate(plan):
        if what == "failed":
            code, text = expected
            assert (failures[index]["code"], text in failures[index]["message"]) == (code, True), failures[index]
            assert "hunter2" not in failures[index]["message"]
        elif what == "nothing":
            assert index not in results and index not in failures
        else:
            assert results[index]["outputOmitted"] == (what == "omitted"), item
            assert what == "omitted" or results[index]["output"] == expected[0]
    failed = 5 * len(FAILED)
    assert (job["processedItems"], job["failedItems"], job["pendingItems"]) == (len(plan) - failed, failed, 0)


def test_the_wrong_secret_is_said_to_be_wrong(headway: dict[str, str], tmp_path: Path) -> None:
    _, results, failures = ran(headway, tmp_path, "http", {"endpoint": "wrong"}, [{"do": "nothing"}])
    assert not results
    assert (failures[0]["code"], failures[0]["attempts"]) == ("http 401", 1)
    assert "not signed by Headway" in failures[0]["message"]


def test_a_function_that_is_not_there_fails_its_items_once(headway: dict[str, str], tmp_path: Path) -> None:
    _, _, failures = ran(headway, tmp_path, "lambda", {"function": "gone"}, [{"do": "nothing"}] * 3)
    assert {(failure["code"], failure["attempts"]) for failure in failures.values()} == {("function-configuration", 1)}
