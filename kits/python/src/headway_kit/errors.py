"""The errors that a processor raises: each says what happens with the item."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Union

Seconds = Union[int, float, timedelta]


class ItemError(Exception):
    """Why an item is not done. Raise one of its subclasses.

    `message` is for people: the job's owner sees it (1,000 characters). `code` is short and stable, for grouping (64 characters). `after`
    is the shortest wait in seconds, from 0; more than a day counts as a day.
    """

    kind = "retryable"
    message = ""
    code = ""
    after: Union[Seconds, None] = None

    def __init__(self, message: str = "", *, code: str = "", after: Union[Seconds, None] = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.after = _wait(after)


def _wait(after: Union[Seconds, None]) -> Union[Seconds, None]:
    """Raises if it is no wait: what is not sent would be waited for by nobody."""
    if after is None:
        return None
    is_number = not isinstance(after, (str, bytes, bool))
    try:
        seconds = float(after.total_seconds() if isinstance(after, timedelta) else after) if is_number else math.nan
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"after is {after!r}: a wait is a timedelta or a number of seconds, 0 or more, and not infinite")
    return after


class Permanent(ItemError):
    """A permanent error: the item fails, and is not tried again."""

    kind = "permanent"

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message, code=code)


class Retryable(ItemError):
    """A temporary error: the item is tried again, not before `after`. Each try is charged."""


class Throttled(ItemError):
    """Whatever this processor needs takes no more for now. The item waits, and so does everything else that uses the same
    endpoint. No attempt is charged. Not for a single item that is busy: that is `Retryable`."""

    kind = "throttled"

    def __init__(self, after: Union[Seconds, None] = None, message: str = "", *, code: str = "") -> None:
        super().__init__(message, code=code, after=after)
