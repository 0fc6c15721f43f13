"""Calls of a batch function: all items at once, then halves of a call that went wrong, until the item to blame is alone.

Without I/O: it says what to call next and is told what came of it. So hosts that wait and hosts that block run the
same steps."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Dict, List, Union

from headway_kit import outcome
from headway_kit.errors import Throttled
from headway_kit.item import Item
from headway_kit.outcome import Outcome

Called = Union[List[object], BaseException]
"""The results of a call, or what it raised."""
Outcomes = Dict[int, Outcome]
"""Results by index. An item that is not in here is left out of the answer."""


class Halving:
    """The items that still have to be called, and the results of the others."""

    def __init__(self, items: list[Item], output_bytes_max: int) -> None:
        self.outcomes: Outcomes = {}
        self._waiting = [items]
        self._output_bytes_max = output_bytes_max
        # A call that goes wrong may have changed its items. The next one gets them as they came.
        self._as_came = json.dumps([[item.value, item.params] for item in items]) if len(items) > 1 else "[]"
        self._places = {item.index: place for place, item in enumerate(items)}
        self._texts: list[str] = []
        self._is_first = True

    def next(self) -> list[Item]:
        """The items to call the function with; empty at the end."""
        batch = self._waiting.pop() if self._waiting else []
        if self._is_first:
            self._is_first = False
            return batch
        return [self._fresh(item) for item in batch]

    def _fresh(self, item: Item) -> Item:
        if not self._texts:
            self._texts = [json.dumps(pair) for pair in json.loads(self._as_came)]
        value, params = json.loads(self._texts[self._places[item.index]])
        return replace(item, value=value, params=params)

    def settle(self, batch: list[Item], called: Called) -> None:
        """Records the results, or the error, of a call with `batch`."""
        if not isinstance(called, BaseException) and len(called) == len(batch):
            for item, result in zip(batch, called):
                self.outcomes[item.index] = outcome.of_returned(result, item, self._output_bytes_max)
        elif isinstance(called, Throttled):
            # All items wait: further calls would be throttled, too.
            for item in (item for left in [batch, *self._waiting] for item in left):
                self.outcomes[item.index] = outcome.of_raised(called, item)
            self._waiting = []
        elif len(batch) > 1:
            middle = len(batch) // 2
            self._waiting += [batch[middle:], batch[:middle]]
        elif isinstance(called, BaseException):
            self.outcomes[batch[0].index] = outcome.of_raised(called, batch[0])
        else:
            self.outcomes[batch[0].index] = outcome.wrong_count("several results" if called else "no result")


def as_list(returned: object, batch: list[Item]) -> list[object]:
    """The results that a batch function returned, in the order of its items. Any other number of results is an error of the function.

    Only what has an order of its own is taken: a set would give items the results of others."""
    if isinstance(returned, Mapping):
        by_index = dict(returned)
        return [by_index[item.index] for item in batch] if by_index.keys() == {item.index for item in batch} else []
    if isinstance(returned, (str, bytes, bytearray, memoryview)) or not isinstance(returned, (Sequence, Generator, map)):
        wanted = "a list with a result for each item in the same order, or a dict of results by index"
        raise TypeError(f"the processor must return {wanted}, not {type(returned).__name__}")
    # One more than asked for is enough to see that there are too many.
    return list(islice(returned, len(batch) + 1))
