"""The result of one item, made from what the user's function returned or raised. Nothing in here raises."""

from __future__ import annotations

import inspect
import json
import logging
import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Optional

from headway_kit.errors import ItemError
from headway_kit.item import Item
from headway_kit.limits import CODE_CHARS_MAX, MESSAGE_CHARS_MAX, OUTPUT_DEPTH_MAX, RETRY_AFTER_SECONDS_MAX
from headway_kit.lost import lost_in_json

log = logging.getLogger("headway_kit")


@dataclass(frozen=True)
class Failure:
    """An item's error in the form in which it is sent."""

    kind: str
    code: str
    message: str
    after_seconds: Optional[float]


@dataclass(frozen=True)
class Outcome:
    """Done, with an output as JSON text or without; or failed."""

    output: Optional[str] = None
    is_omitted: bool = False
    failure: Optional[Failure] = None


NO_OUTPUT = Outcome()
OMITTED = Outcome(is_omitted=True)


def of_returned(value: object, item: Item, output_bytes_max: int) -> Outcome:
    """The result for a value that the function returned. An exception counts as if it was raised. If JSON cannot represent the value, the
    item fails permanently: another try would return the same."""
    if isinstance(value, BaseException):
        return of_raised(value, item)
    if value is None:
        return NO_OUTPUT
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
        problem = lost_in_json(value)
    except Exception as error:
        if _is_beyond_python(error):
            return OMITTED
        problem = _why(value, error)
    if problem is not None:
        return _failed("permanent", "output", f"the processor's output cannot be written as JSON: {problem}")
    if size > output_bytes_max or _is_too_deep(text):
        return OMITTED
    return Outcome(output=text)


def of_raised(error: BaseException, item: Item) -> Outcome:
    """Of what the function raised. An exception that is none of the kit's may pass. Its text goes to the log only: the
    job's owner sees failures, and texts of exceptions may hold anything."""
    if isinstance(error, ItemError):
        return _failed(error.kind, _text(error.code), _text(error.message), _seconds(error.after))
    log.error("the processor failed at item %s", item.idempotency_key, exc_info=error)
    name = _clean(type(error).__name__)
    return _failed("retryable", name, f"the processor raised {name}; its log says more")


def wrong_count(count: str) -> Outcome:
    """The result for the only item of a call that returned no result or several."""
    return _failed("retryable", "results", f"the processor returned {count} for 1 item")


def _failed(kind: str, code: str, message: str, after_seconds: Optional[float] = None) -> Outcome:
    return Outcome(failure=Failure(kind, code[:CODE_CHARS_MAX], message[:MESSAGE_CHARS_MAX], after_seconds))


def _text(value: object) -> str:
    """The value as a text that can be written as UTF-8."""
    try:
        return "" if value is None else _clean(str(value))
    except Exception:
        return "(no text)"


def _clean(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_beyond_python(error: Exception) -> bool:
    """Whether the value is one that JSON can represent, and nested deeper or with a longer number than Python writes. More than is kept it is
    in any case."""
    return isinstance(error, RecursionError) or (isinstance(error, ValueError) and "integer string conversion" in str(error))


def _why(value: object, error: Exception) -> str:
    """Why JSON cannot represent a value, without the value itself."""
    if inspect.isawaitable(value):
        return "it was not awaited"
    if isinstance(error, UnicodeEncodeError):
        return "it has a text with half of a surrogate pair"
    if isinstance(error, ValueError):
        return "it has a number that is NaN, infinite or too long, or it holds itself"
    return "it has a value of a type that JSON does not know"


def _seconds(after: object) -> Optional[float]:
    """A wait that can be sent; `None` if the value is not a valid wait."""
    if isinstance(after, timedelta):
        after = after.total_seconds()
    try:
        seconds = float(after)  # type: ignore[arg-type]
    except Exception:
        return None
    if not 0 <= seconds < math.inf:
        return None
    return min(seconds, float(RETRY_AFTER_SECONDS_MAX))


_NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[^\[\]{}"]+')


def _is_too_deep(text: str) -> bool:
    """Whether the JSON is nested deeper than is kept."""
    if text.count("[") + text.count("{") <= OUTPUT_DEPTH_MAX:
        return False
    depth = 0
    for bracket in _NO_BRACKETS.sub("", text):
        depth += 1 if bracket in "[{" else -1
        if depth > OUTPUT_DEPTH_MAX:
            return True
    return False


def as_json(value: Any) -> str:
    """The JSON text of a value that the kit itself writes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
