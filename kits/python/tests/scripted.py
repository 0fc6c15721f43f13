"""The function that the test vectors script: an item says what to do with it. kits/node has the same."""

from __future__ import annotations

from typing import Any

from headway_kit import Item, Permanent, Processor, Retryable, Throttled, batch_processor, processor


class Boom(Exception):
    """An error of the user's own."""


def play(item: Item) -> Any:
    script = item.value
    do, given = script["do"], {name: script.get(name) for name in ("message", "code", "after")}
    message, code, after = given["message"] or "", given["code"] or "", given["after"]
    if do == "return":
        return script["value"]
    if do == "permanent":
        raise Permanent(message, code=code)
    if do == "retryable":
        raise Retryable(message, code=code, after=after)
    if do == "throttled":
        raise Throttled(after, message, code=code)
    if do == "raise":
        raise Boom("hunter2")
    if do == "surrogate-message":
        raise Permanent("a\ud800b")
    values = {
        "nan": {"a": float("nan")},
        "unwritable": [object()],
        "surrogate": ["\ud800"],
        "large": "x" * script.get("bytes", 0),
        "deep": _deep(script.get("depth", 0)),
        "nothing": None,
    }
    return values[do]


def _deep(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


def play_many(items: list[Item]) -> Any:
    results: list[Any] = []
    for item in items:
        do = item.value["do"]
        if do == "throttle-all":
            raise Throttled(item.value["after"], "the database is busy", code="busy")
        if do == "no-list":
            return 5
        if do == "raise":
            raise Boom("hunter2")
        if do == "drop":
            continue
        try:
            results.append(None if do == "extra" else play(item))
        except (Permanent, Retryable, Throttled) as error:
            results.append(error)
        if do == "extra":
            results.append(None)
    return results


def known(item: Item) -> Any:
    return {
        "index": item.index,
        "id": item.id,
        "attempt": item.attempt,
        "idempotencyKey": item.idempotency_key,
        "job": item.job,
        "round": item.round,
        "params": item.params,
    }


async def play_async(item: Item) -> Any:
    return play(item)


async def play_many_async(items: list[Item]) -> Any:
    return play_many(items)


async def echo_async(item: Item) -> Any:
    return item.value


async def known_async(item: Item) -> Any:
    return known(item)


BLOCKING: dict[str, Processor] = {
    "item": processor(play),
    "item-echo": processor(lambda item: item.value),
    "item-known": processor(known),
    "batch": batch_processor(play_many),
}
THREADED = {**BLOCKING, "item": processor(concurrency=4)(play)}
ASYNC: dict[str, Processor] = {
    "item": processor(play_async),
    "item-echo": processor(echo_async),
    "item-known": processor(known_async),
    "batch": batch_processor(play_many_async),
}
