"""The errors that a processor raises: each says what happens with the item."""

from __future__ import annotations

from datetime import timedelta
from typing import Union

Seconds = Union[int, float, timedelta]


class ItemError(Exception):
    """Why an item is not done. Raise one of its subclasses.

    `message` is for people: the job's owner sees it (1,000 characters). `code` is short and stable, for grouping (64 characters).
    """

    kind = "retryable"
    message = ""
    code = ""
    after: Union[Seconds, None] = None

    def __init__(self, message: str = "", *, code: str = "", after: Union[Seconds, None] = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.after = after


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
