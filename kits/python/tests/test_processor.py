"""How a user's function is called, and that it costs only its own items whatever it does."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway_kit import loop
from headway_kit import Item, Permanent, Processor, Retryable, Throttled, batch_processor, processor
from headway_kit.aws_lambda import lambda_handler
from headway_kit.document import Batch
from headway_kit.limits import Deadline
from headway_kit.service import Service
from running import ANSWERS, kinds, run
from support import BATCH, document

NOW = Deadline(0)


class Odd(BaseException):
    """A class that is not derived from Exception."""


class Bare(Permanent):
    """A subclass that does not call its base."""

    def __init__(self) -> None:
        pass


def odd(item: Item) -> None:
    if item.value == "exit":
        sys.exit(1)
    if item.value == "odd":
        raise Odd
    if item.value == "bare":
        raise Bare
    if item.value == "cancelled":
        raise asyncio.CancelledError
    if item.value == "recursion":
        odd(item)


async def odd_async(item: Item) -> None:
    odd(item)


@pytest.mark.parametrize("function", [odd, odd_async])
def test_whatever_is_raised_costs_only_its_item(function: Any) -> None:
    results = run(processor(function), ["exit", "ok", "odd", "bare", "cancelled", "recursion", "ok"])
    assert kinds([result for result in results if result["index"] != 20]) == [
        "SystemExit", "done", "Odd", "CancelledError", "RecursionError", "done",
    ]
    assert results[3]["error"] == {"kind": "permanent"}


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_task_that_ends_the_event_loop_costs_only_its_item(error: type[BaseException]) -> None:
    """Bug found: asyncio stops a loop whose task calls `sys.exit`. Every later request waited for the loop for ever."""

    async def one(item: Item) -> object:
        await asyncio.sleep(0)
        if item.value == "exit":
            raise error
        return item.value

    async def gathered(items: list[Item]) -> list[object]:
        return await asyncio.gather(*[one(item) for item in items], return_exceptions=True)

    for of in [batch_processor(gathered), processor(one)] * 2:
        assert kinds(run(of, ["ok", "exit", "ok"], wait=loop.wait_for)) == ["done", error.__name__, "done"]


def test_ctrl_c_ends_the_host() -> None:
    def interrupted(item: Item) -> None:
        raise KeyboardInterrupt

    for of in [processor(interrupted), batch_processor(interrupted)]:  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            run(of, [1])


@pytest.mark.parametrize("size", [1, 2, 3, 64, 250])
def test_a_culprit_is_found_in_few_calls(size: int) -> None:
    """Halves, not one by one: 2 calls a level, and the last of 250 is 8 levels down."""
    calls: list[int] = []

    @batch_processor
    def insert(items: list[Item]) -> list[int]:
        calls.append(len(items))
        return [1 // item.value for item in items]

    results = run(insert, [1] * (size - 1) + [0])
    assert kinds(results) == ["done"] * (size - 1) + ["ZeroDivisionError"]
    assert len(calls) <= 1 + 2 * size.bit_length()


def test_endless_results_are_too_many() -> None:
    @batch_processor
    def endless(items: list[Item]) -> Any:
        while True:
            yield 1

    assert kinds(run(endless, [1, 2])) == ["results", "results"]


def test_a_call_that_is_made_again_gets_its_items_as_they_came() -> None:
    @batch_processor
    def process(items: list[Item]) -> list[Any]:
        items.reverse()
        items.sort(key=lambda item: item.index)
        values = [item.value.pop("n") for item in items]
        return [1 // value for value in values]

    assert kinds(run(process, [{"n": 1}, {"n": 0}, {"n": 1}])) == ["done", "ZeroDivisionError", "done"]


def test_a_batch_may_yield_its_results() -> None:
    @batch_processor
    def process(items: list[Item]) -> Any:
        for item in items:
            yield Permanent("odd", code="odd") if item.value % 2 else item.value

    assert kinds(run(process, [0, 1, 2])) == ["done", "odd", "done"]


def test_a_batch_may_return_its_results_by_index() -> None:
    """So a function that filters or sorts cannot give an item the result of another one."""

    @batch_processor
    def process(items: list[Item]) -> Any:
        return {item.index: item.value for item in reversed(items) if item.value != "dropped"}

    results = run(process, [0, "dropped", 2])
    assert kinds(results) == ["done", "results", "done"]
    assert [result.get("output") for result in results] == [0, None, 2]


@pytest.mark.parametrize(
    "of",
    [processor(odd), processor(odd_async), processor(concurrency=3)(odd), batch_processor(lambda items: [None for _ in items])],
    ids=["blocking", "async", "threads", "batch"],
)
def test_without_time_nothing_is_begun(of: Processor) -> None:
    """What is left out comes again in a smaller request; a call that lasts too long would lose everything."""
    assert run(of, [1, 2, 3], NOW) == []


def test_async_items_run_side_by_side_up_to_the_bound() -> None:
    running, most = 0, 0

    @processor(concurrency=3)
    async def process(item: Item) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    assert kinds(run(process, [1] * 10)) == ["done"] * 10
    assert most == 3


def test_what_can_be_a_processor() -> None:
    class Callable:
        async def __call__(self, item: Item) -> int:
            return 1

    def added(to: int, item: Item) -> int:
        return to + item.value  # type: ignore[no-any-return]

    assert kinds(run(processor(Callable()), [1])) == ["done"]
    assert run(processor(functools.partial(added, 4)), [1]) == [{"index": 17, "output": 5}]
    assert processor(added)(1, Item(2, 0, "j", "k")) == 3, "calling the processor calls the function"

    def yields(item: Item) -> Any:
        yield 1

    async def yields_later(items: list[Item]) -> Any:
        yield items

    with pytest.raises(TypeError, match="cannot be a batch processor: return a list"):
        batch_processor(yields_later)
    with pytest.raises(TypeError, match="returns its output"):
        processor(yields_later)
    for wrong in [lambda: processor(yields), lambda: processor(5), lambda: processor(concurrency=0)(odd)]:  # type: ignore[call-overload]
        with pytest.raises((TypeError, ValueError)):
            wrong()
    with pytest.raises(TypeError, match="decorate"):
        Service(odd, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("after", [-1, -0.5, float("nan"), float("inf"), 10**400, "5", True, [], timedelta(seconds=-1)], ids=lambda after: repr(after)[:20])
def test_a_wait_has_to_be_one(after: Any) -> None:
    for make in [lambda: Retryable("m", after=after), lambda: Throttled(after)]:
        with pytest.raises(ValueError, match="after is .* seconds"):
            make()


def test_a_wait_is_sent() -> None:
    waits: list[Any] = [0, 1.5, 1e9, timedelta(minutes=1), Decimal("2.5"), None]

    @processor
    def process(item: Item) -> None:
        raise Throttled(waits[item.value])

    sent = [result["error"].get("retryAfterSeconds") for result in run(process, list(range(len(waits))))]
    assert sent == [0, 1.5, 86_400, 60, 2.5, None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.floats() | st.binary(), inner),
    max_leaves=8,
)
ANYTHING = JSON | st.binary() | st.complex_numbers() | st.sets(st.integers()) | st.builds(Permanent, JSON, code=JSON) | st.just(Item)


@given(st.lists(ANYTHING, min_size=1, max_size=8), st.integers(1, 40), st.integers(100, 1_000))
def test_whatever_is_returned_the_answer_is_good(outputs: list[Any], output_bytes: int, answer_bytes: int) -> None:
    """Valid by the schema, within its bounds, each index once and in order; an error of each kind costs nobody else."""
    batch = Batch.read(document([0] * len(outputs), limits={"outputBytes": output_bytes, "answerBytes": answer_bytes}))
    of = batch_processor(lambda items: [outputs[item.index - 17] for item in items])
    text = batch.answer(of.run(batch.items, output_bytes, Deadline(None)))
    answer = json.loads(text, parse_constant=pytest.fail)
    ANSWERS.validate(answer)
    assert len(text.encode()) <= answer_bytes
    assert answer["batch"] == BATCH
    indexes = [result["index"] for result in answer["results"]]
    assert indexes == sorted(set(indexes)) and set(indexes) <= set(range(17, 17 + len(outputs)))


def test_an_answer_has_room_for_what_lambda_makes_of_it() -> None:
    """Bug found: the runtime writes spaces and escapes, with which an answer was larger than Headway reads."""
    process = processor(lambda item: item.value)
    given = document(["é" * 20, [1, 2, 3, 4]] * 10, limits={"outputBytes": 1_000, "answerBytes": 800})
    answer = lambda_handler(process)(given, None)
    assert 600 < len(json.dumps(answer)) <= 800


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(
    ["type", "version", "batch", "job", "round", "limits", "items", "index", "id", "attempt", "idempotencyKey", "item"]), inner)))
def test_no_document_breaks_the_reader(given_document: Any) -> None:
    spoilt = [given_document, {**document([1]), **(given_document if isinstance(given_document, dict) else {})}]
    for each in spoilt:
        try:
            Batch.read(each)
        except ValueError as error:
            assert str(error)
