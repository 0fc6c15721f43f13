"""What a function returns counts as done only if it is, and is written as it is."""

from __future__ import annotations

import asyncio
import collections
import enum
import math
import sys
import types
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest

from headway_kit import Item, Permanent, Throttled, batch_processor, processor
from headway_kit.outcome import of_returned
from running import kinds, run


class Point(NamedTuple):
    x: int


@dataclass
class Record:
    x: int


class Color(enum.Enum):
    RED = "red"


class Text(str, enum.Enum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Name(str):
    """A text that is another key than an equal one."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Scalar:
    """A number of a library, such as numpy."""

    def __int__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0


CYCLE: list[Any] = []
CYCLE.append({"cycle": CYCLE})

CHANGED: list[Any] = [
    math.nan, -math.inf, {math.nan: 1}, "\ud800", {"\ud800": 1}, CYCLE,
    b"x", bytearray(b"x"), memoryview(b"x"), 1j, {1}, frozenset([1]), range(2), iter([1]), map(str, [1]), {}.keys(), {1: 2}.values(),
    object(), len, lambda: 1, Color.RED, Color, Record(1), Record, Scalar(), types.SimpleNamespace(a=1), types.MappingProxyType({}),
    datetime(2026, 1, 1), date(2026, 1, 1), timedelta(1), Decimal(1), Fraction(1), uuid.UUID(int=0), Path("a"), collections.deque([1]), NotImplemented, ...,
    Permanent, ValueError,
    {1: "a", "1": "b"}, {True: 1, "true": 2}, {None: 1, "null": 2}, {1.5: 1, "1.5": 2}, {Name("a"): 1, "a": 2}, {(1,): 2}, {Number.ONE: 1, "1": 2},
    Point(1), collections.namedtuple("Pair", "a b")(1, 2),
]


@pytest.mark.parametrize("value", CHANGED, ids=lambda value: type(value).__name__)
def test_an_output_with_what_json_would_change_is_refused(value: Any) -> None:
    outputs = [value, {"a": {"b": value}}, [1, (value,)]]
    assert kinds(run(processor(lambda item: outputs[item.value]), [0, 1, 2])) == ["output"] * 3


def test_what_json_can_say_is_written_as_it_is() -> None:
    shared = {"a": 1}
    written: list[tuple[Any, Any]] = [
        ({"a": [None, True, -1.5e300, "é", ""]}, {"a": [None, True, -1.5e300, "é", ""]}),
        ({2: "a", None: "b", 2.5: 3, False: 4}, {"2": "a", "null": "b", "2.5": 3, "false": 4}),
        ((1, (2, 3)), [1, [2, 3]]),
        ([shared, shared], [shared, shared]),
        ({"a": Text.A, "b": Number.ONE}, {"a": "a", "b": 1}),
        (collections.OrderedDict(a=collections.Counter("aab")), {"a": {"a": 2, "b": 1}}),
        (10**30, 10**30),
    ]
    results = run(processor(lambda item: written[item.value][0]), list(range(len(written))))
    assert [result.get("output") for result in results] == [wanted for _, wanted in written]


def test_an_exception_that_is_returned_counts_as_one_that_is_raised() -> None:
    errors: list[Any] = [Permanent("no", code="no"), Throttled(3, code="busy"), ValueError("hunter2"), asyncio.CancelledError()]

    async def one(item: Item) -> Any:
        return errors[item.value]

    async def gathered(items: list[Item]) -> Any:
        async def work(item: Item) -> Any:
            raise errors[item.value]

        return await asyncio.gather(*(work(item) for item in items), return_exceptions=True)

    for of in [processor(lambda item: errors[item.value]), processor(one), batch_processor(lambda items: errors), batch_processor(gathered)]:
        results = run(of, [0, 1, 2, 3])
        assert kinds(results) == ["no", "busy", "ValueError", "CancelledError"]
        assert [result["error"]["kind"] for result in results] == ["permanent", "throttled", "retryable", "retryable"]
    for within in [{"error": Permanent("no")}, [ValueError("no")]]:
        assert kinds(run(processor(lambda item, within=within: within), [1])) == ["output"]


def test_what_is_not_awaited_is_not_done() -> None:
    begun: list[Any] = []

    def coroutine() -> Any:
        async def work() -> int:
            return 1

        begun.append(work())
        return begun[-1]

    async def one(item: Item) -> Any:
        return coroutine()

    async def many(items: list[Item]) -> Any:
        return [coroutine() if item.value else asyncio.get_running_loop().create_future() for item in items]

    for of in [processor(lambda item: coroutine()), processor(one), batch_processor(lambda items: [coroutine() for _ in items]), batch_processor(many)]:
        results = run(of, [0, 1])
        assert kinds(results) == ["output"] * 2
        assert all(result["error"]["message"].endswith("it was not awaited") for result in results)
    assert kinds(run(processor(lambda item: {"a": [coroutine()]}), [1])) == ["output"]
    for left in begun:
        left.close()


ORDERED: list[Callable[[list[Any]], Any]] = [list, tuple, collections.deque, lambda found: (each for each in found), lambda found: map(int, found)]
UNORDERED: list[Callable[[list[Any]], Any]] = [
    set, frozenset, lambda found: dict.fromkeys(found).keys(), lambda found: dict(enumerate(found)).values(), lambda found: iter(set(found)),
    lambda found: {str(each): each for each in found}, str, bytes, bytearray, lambda found: memoryview(bytes(found)), len, lambda found: None,
]


def test_a_batch_returns_what_has_an_order() -> None:
    """Bug found: a set of outputs gave items the outputs of others."""
    values = [5, 3, 4]
    for kind in ORDERED:
        of = batch_processor(lambda items, kind=kind: kind([item.value for item in items]))
        assert [result["output"] for result in run(of, values)] == values
    for kind in UNORDERED:
        of = batch_processor(lambda items, kind=kind: kind([item.value for item in items]))
        assert set(kinds(run(of, values))) <= {"TypeError", "results"}


@pytest.mark.parametrize("value", [100, 900, 5_000, 100_000], ids=lambda depth: f"{depth} deep")
def test_an_output_that_is_nested_too_deep_is_omitted_however_deep(value: int) -> None:
    """Bug found: beyond what Python's own encoder can do the item failed, after its side effect."""
    nested: object = None
    for _ in range(value + 1):
        nested = [nested]
    assert of_returned(nested, Item(None, index=0, job="j", idempotency_key="j/0"), 262_144).is_omitted


@pytest.mark.skipif(sys.version_info < (3, 11), reason="this Python writes integers of any length")
def test_a_number_too_long_for_python_is_omitted_like_any_that_is_too_long() -> None:
    assert of_returned({"n": 10**5_000}, Item(None, index=0, job="j", idempotency_key="j/0"), 262_144).is_omitted
