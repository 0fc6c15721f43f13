"""The batch document: reading a request, writing an answer. docs/processor-protocol.md is its description."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from headway_kit.halving import Outcomes
from headway_kit.item import Item
from headway_kit.limits import ITEMS_MAX, Limits
from headway_kit.outcome import Outcome, as_json

TYPE = "headway.batch"
VERSION = 1


class DocumentError(ValueError):
    """The request has no batch document that can be read."""

    status = 400


class VersionError(DocumentError):
    """The document is of a later version. No item is to blame, so the status must not halve the batch."""

    status = 501


@dataclass(frozen=True)
class Batch:
    """The request."""

    name: str
    items: list[Item]
    limits: Limits

    @classmethod
    def read(cls, document: object) -> Batch:
        """Reads the parsed document. Members that are not known are ignored."""
        members = _object(document, "the document")
        if members.get("type") != TYPE:
            raise DocumentError(f"type is not {TYPE}")
        if members.get("version") != VERSION:
            raise VersionError(f"version is not {VERSION}: a newer headway-kit may know it")
        given = members.get("items")
        if not isinstance(given, list) or not 1 <= len(given) <= ITEMS_MAX:
            raise DocumentError(f"items is not a list of 1 to {ITEMS_MAX}")
        items = [_item(members, entry, place) for place, entry in enumerate(given)]
        if len({item.index for item in items}) != len(items):
            raise DocumentError("items has an index twice")
        return cls(_text(members, "batch", "the document"), items, _limits(members.get("limits")))

    def answer(self, outcomes: Outcomes, size_of: Callable[[str], int] = lambda text: len(text.encode())) -> str:
        """The answer's text. An item whose entry does not fit any more is left out: it comes again in a smaller request.

        `size_of`: how many bytes this JSON has once it is sent."""
        head = f'{{"batch":{as_json(self.name)},"results":['
        entries: list[str] = []
        left = self.limits.answer_bytes - size_of(head + "]}")
        for item in self.items:
            outcome = outcomes.get(item.index)
            entry = "" if outcome is None else _entry(item.index, outcome)
            if not entry:
                continue
            size = size_of(entry) + len(", ")
            if size <= left:
                entries.append(entry)
                left -= size
        return head + ",".join(entries) + "]}"


def parse(text: str) -> object:
    """Parses JSON strictly: by default Python also accepts NaN and Infinity."""

    def refuse(constant: str) -> None:
        raise DocumentError(f"{constant} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except DocumentError:
        raise
    except (ValueError, RecursionError) as error:
        raise DocumentError("the body is no JSON that can be read") from error


def _entry(index: int, outcome: Outcome) -> str:
    if outcome.failure is not None:
        failure = outcome.failure
        members = {"code": failure.code, "message": failure.message, "retryAfterSeconds": failure.after_seconds}
        error = {"kind": failure.kind, **{name: value for name, value in members.items() if value not in ("", None)}}
        return f'{{"index":{index},"error":{as_json(error)}}}'
    if outcome.is_omitted:
        return f'{{"index":{index},"outputOmitted":true}}'
    return f'{{"index":{index},"output":{outcome.output or "null"}}}'


def _item(document: Mapping[str, Any], entry: object, place: int) -> Item:
    where = f"items[{place}]"
    members = _object(entry, where)
    if "item" not in members:
        raise DocumentError(f"{where} has no item")
    item_id = members.get("id")
    if item_id is not None and not isinstance(item_id, str):
        raise DocumentError(f"{where}.id is not a text")
    return Item(
        value=members["item"],
        index=_integer(members, "index", where, 0),
        job=_text(document, "job", "the document"),
        idempotency_key=_text(members, "idempotencyKey", where),
        id=item_id,
        attempt=_integer(members, "attempt", where, 1),
        round=_integer(document, "round", "the document", 1),
        params=document.get("params"),
    )


def _limits(given: object) -> Limits:
    members = {} if given is None else _object(given, "limits")
    seconds = members.get("seconds")
    if seconds is not None and (not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 < seconds < math.inf):
        raise DocumentError("limits.seconds is not a number above 0")
    output, answer = (
        _integer(members, name, "limits", 1) if members.get(name) is not None else default
        for name, default in (("outputBytes", Limits.output_bytes), ("answerBytes", Limits.answer_bytes))
    )
    return Limits(seconds, output, answer)


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError(f"{where} is not an object")
    return value


def _text(members: Mapping[str, Any], name: str, where: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise DocumentError(f"{name} of {where} is not a text")
    return value


def _integer(members: Mapping[str, Any], name: str, where: str, least: int) -> int:
    value: Optional[Any] = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise DocumentError(f"{name} of {where} is not an integer from {least}")
    return value
