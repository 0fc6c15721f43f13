"""Items and outputs of the largest size, in every way there is: nothing is left out, whatever the other members are.

Run by `make test-kits`, which builds `headway` and `worker` first."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fake_lambda import node_handler, python_handler, served
from test_serve import HEADWAY, WAYS, compact, ran, serving

LARGEST = 262_144
WORKER = str(Path(HEADWAY).with_name("worker"))
# With the server's own worker, and with workers as processes of their own.
SERVERS = {"python": [], "node": ["--worker", WORKER, "--workers", "2"]}
WORKER_SECONDS = 60


@pytest.fixture(scope="module", params=SERVERS)
def headway(request: Any, tmp_path_factory: Any) -> Iterator[dict[str, str]]:
    """A server whose endpoints lead to one kit: the environment for its command."""
    directory = tmp_path_factory.mktemp("headway")
    with ExitStack() as stack:
        handler = python_handler() if request.param == "python" else stack.enter_context(node_handler())
        lambda_url = stack.enter_context(served({"scripted": handler}))
        for environment in serving(request.param, directory, lambda_url, "--data", str(directory / "data"), *SERVERS[request.param]):
            has_told_its_processors(environment)
            yield environment


def has_told_its_processors(environment: dict[str, str]) -> None:
    for _ in range(WORKER_SECONDS * 10):
        told = subprocess.run([HEADWAY, "--json", "processors"], env=environment, check=True, capture_output=True, text=True)
        if '"lambda"' in told.stdout:
            return
        time.sleep(0.1)
    raise AssertionError("no worker has started")


def filled(of: Any, piece: str, to: int = LARGEST) -> Any:
    """`of` a text of this piece, again and again, with which it has exactly so many bytes."""
    left, size = to - len(compact(of("")).encode()), len(compact(piece).encode()) - 2
    return of(piece * (left // size) + "x" * (left % size))


def returned(value: Any) -> Any:
    return {"do": "return", "value": value}


# Plain, escaped in JSON and once more in a message, of several bytes each.
PIECES = ["x", '"', "\\", "\n", "\x01", "é", "€", "😀", "\u2028", "</script>"]
# Their shortest form is the largest output; Python and its Lambda runtime would write it with a space after each comma.
DIGITS = [n % 10 for n in range((LARGEST - 50) // 2)]
ITEMS = [filled(returned, piece) for piece in PIECES] + [returned(DIGITS)] + [{"do": "large", "bytes": LARGEST - 2}] * 40


def output_of(item: Any) -> Any:
    return item["value"] if item["do"] == "return" else "x" * item["bytes"]


@pytest.mark.parametrize("way", WAYS)
def test_the_largest_items_and_outputs_are_whole(headway: dict[str, str], tmp_path: Path, way: str) -> None:
    assert {len(compact(item).encode()) for item in ITEMS[: len(PIECES)]} == {LARGEST}
    job, results, failures = ran(headway, tmp_path, *WAYS[way], ITEMS)
    assert (job["processedItems"], failures) == (len(ITEMS), {})
    for index, item in enumerate(ITEMS):
        assert results[index].get("output") == output_of(item), (index, json.dumps(item)[:60], len(compact(output_of(item)).encode()))


def test_a_worker_returns_the_largest_items(headway: dict[str, str], tmp_path: Path) -> None:
    """In the process of a worker: its own table, queue and Runtime API carry them. Small neighbours stay small."""
    items = [filled(lambda text: {"text": text}, piece) for piece in PIECES] + [{"text": str(n)} for n in range(300)]
    job, results, failures = ran(headway, tmp_path, "json-schema", {"schema": {"type": "object"}}, items)
    assert (job["processedItems"], failures) == (len(items), {})
    assert [results[index]["output"] for index in range(len(items))] == items
