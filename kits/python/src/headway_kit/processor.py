"""The decorators, and how a user's function is called."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, Optional, Union, overload

from headway_kit import outcome
from headway_kit.halving import Called, Halving, Outcomes, as_list
from headway_kit.item import Item
from headway_kit.limits import Deadline
from headway_kit.outcome import Outcome

ASYNC_CONCURRENCY = 8
"""Items of one request that an async function works on side by side, unless told otherwise."""

Function = Callable[..., Any]
ItemFunction = Callable[[Item], object]
BatchFunction = Callable[[List[Item]], object]


class Processor:
    """A user's function, ready for a host. Calling it calls the function: tests need nothing else."""

    def __init__(self, function: Function, *, is_batch: bool, concurrency: Optional[int]) -> None:
        if not callable(function):
            raise TypeError(f"a processor is a function, not {type(function).__name__}")
        if inspect.isasyncgenfunction(function) and is_batch:
            raise TypeError("an async function with `yield` cannot be a batch processor: return a list")
        if inspect.isasyncgenfunction(function) or (inspect.isgeneratorfunction(function) and not is_batch):
            raise TypeError("a processor returns its output: a function with `yield` cannot be one")
        functools.update_wrapper(self, function)
        self.function = function
        self.is_async = _is_async(function)
        self.is_batch = is_batch
        self.concurrency = concurrency if concurrency is not None else ASYNC_CONCURRENCY if self.is_async else 1
        if self.concurrency < 1:
            raise ValueError("concurrency must be 1 or more")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def run(self, items: list[Item], output_bytes_max: int, deadline: Deadline) -> Outcomes:
        """Works on items with a function that is not async, in this thread if `concurrency` is 1."""
        if self.is_batch:
            halving = Halving(items, output_bytes_max)
            while not deadline.is_past() and (batch := halving.next()):
                halving.settle(batch, self._many(batch))
            return halving.outcomes

        def one(item: Item) -> Optional[Outcome]:
            return None if deadline.is_past() else self._one(item, output_bytes_max)

        if self.concurrency == 1 or len(items) == 1:
            outcomes = [one(item) for item in items]
        else:
            with ThreadPoolExecutor(min(self.concurrency, len(items))) as pool:
                outcomes = list(pool.map(one, items))
        return {item.index: done for item, done in zip(items, outcomes) if done is not None}

    async def run_async(self, items: list[Item], output_bytes_max: int, deadline: Deadline) -> Outcomes:
        """Works on items with an async function."""
        if self.is_batch:
            halving = Halving(items, output_bytes_max)
            while not deadline.is_past() and (batch := halving.next()):
                halving.settle(batch, await self._many_async(batch))
            return halving.outcomes

        outcomes: Outcomes = {}
        waiting = iter(items)

        async def work() -> None:
            for item in waiting:
                if deadline.is_past():
                    return
                outcomes[item.index] = await self._one_async(item, output_bytes_max)

        workers = [asyncio.ensure_future(work()) for _ in range(min(self.concurrency, len(items)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
        return outcomes

    # Whatever is raised is an item's failure: a library that calls `sys.exit` must not end the host. Ctrl-C does, and only the main
    # thread is told of it.

    def _one(self, item: Item, output_bytes_max: int) -> Outcome:
        try:
            returned = self.function(item)
        except BaseException as error:
            if _is_ctrl_c(error):
                raise
            return outcome.of_raised(error, item)
        return outcome.of_returned(returned, item, output_bytes_max)

    def _many(self, batch: list[Item]) -> Called:
        try:
            return as_list(self.function(list(batch)), batch)
        except BaseException as error:
            if _is_ctrl_c(error):
                raise
            return error

    async def _one_async(self, item: Item, output_bytes_max: int) -> Outcome:
        returned = await _guarded(self.function, item)
        if isinstance(returned, _Raised):
            return outcome.of_raised(returned.error, item)
        return outcome.of_returned(returned, item, output_bytes_max)

    async def _many_async(self, batch: list[Item]) -> Called:
        returned = await _guarded(self.function, list(batch))
        if isinstance(returned, _Raised):
            return returned.error
        try:
            return as_list(returned, batch)
        except Exception as error:
            return error


def _is_ctrl_c(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _guarded(function: Function, argument: object) -> object:
    """Calls in a task of its own: a call that cancels itself is an item's failure, a host that cancels us is not."""

    async def call() -> object:
        try:
            return await function(argument)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            if _is_ctrl_c(error):
                raise
            return _Raised(error)

    task = asyncio.ensure_future(call())
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        raise
    return _Raised(asyncio.CancelledError()) if task.cancelled() else task.result()


def _is_async(function: Function) -> bool:
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))


Decorator = Callable[[ItemFunction], Processor]


@overload
def processor(function: ItemFunction) -> Processor: ...
@overload
def processor(*, concurrency: Optional[int] = None) -> Decorator: ...
def processor(function: Optional[ItemFunction] = None, *, concurrency: Optional[int] = None) -> Union[Processor, Decorator]:
    """Makes a processor of a function that works on one item: it takes an `Item` and returns the output, `None` for none.

    `concurrency`: how many items of one request are worked on side by side. 1 for a plain function (more use threads), 8 for
    an async one.
    """
    if function is not None:
        return Processor(function, is_batch=False, concurrency=concurrency)
    return lambda decorated: Processor(decorated, is_batch=False, concurrency=concurrency)


def batch_processor(function: BatchFunction) -> Processor:
    """Makes a processor of a function that works on many items in one call: it takes a list of `Item` and returns a list with
    as many results in the same order, or a dict of results by `item.index`. A result is an output, `None`, or an error such as
    `Permanent("…")`.

    A call that raises, or returns another number of results, is made again with halves, until the item to blame is alone. To let all
    wait, raise `Throttled`. In a database, make each call one transaction.
    """
    return Processor(function, is_batch=True, concurrency=None)
