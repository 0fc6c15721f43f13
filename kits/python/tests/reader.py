"""How Headway reads an answer, as docs/processor-protocol.md says, in the fewest words. It is here to test the page and the
vectors of `answers.json`; Headway's own reader is in Rust and is tested by the same vectors."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Optional

PERMANENT_ALL = lambda status: 300 <= status < 500 or status in (501, 505, 506, 508, 510)  # noqa: E731
HALVED = {400, 413, 422, 408, 421, 409, 423, 425}
TYPES = {"code": str, "message": str, "retryAfterSeconds": (int, float)}


class Invalid(Exception):
    """No valid answer, or no valid entry."""


def outcomes(indexes: list[int], batch: str, case: dict[str, Any], body: bytes, output_bytes: int) -> dict[int, Any]:
    """What becomes of each item. Exactly one outcome for each, whatever comes."""
    status, headers = case["status"], case["headers"]
    if status == 429 or (status == 503 and "retry-after" in headers):
        wait = {"retryAfterSeconds": int(headers["retry-after"])} if "retry-after" in headers else {}
        return dict.fromkeys(indexes, {"error": {"kind": "throttled", "code": f"http {status}", **wait}})
    if status >= 300:
        code = f"http {status}"
        is_for_good = status not in HALVED and PERMANENT_ALL(status)
        return dict.fromkeys(indexes, {"error": {"kind": "permanent", "code": code}} if is_for_good else {"noResult": code})
    if case.get("truncated"):
        return dict.fromkeys(indexes, {"noResult": "truncated"})
    try:
        entries = _entries(batch, case, body)
    except (Invalid, ValueError):
        return dict.fromkeys(indexes, {"noResult": "invalid-answer"})
    found: dict[int, list[Any]] = {}
    for entry in entries:
        index = _index(entry)
        if index is not None:
            found.setdefault(index, []).append(entry)
    return {index: _outcome(found.get(index, []), output_bytes) for index in indexes}


def _entries(batch: str, case: dict[str, Any], body: bytes) -> list[Any]:
    kind = case["headers"].get("content-type", "").split(";")[0].strip().lower()
    is_json = kind in ("application/json", "text/json") or ("/" in kind and kind.endswith("+json"))
    is_plain = case["headers"].get("content-encoding", "identity") == "identity"
    if case["status"] == 206 or not is_json or not is_plain or len(body) > case.get("answerBytes", 2_500_000):
        raise Invalid
    document = members(body.decode().removeprefix("\ufeff"), {"batch", "results"})
    if not isinstance(document, dict) or document.get("batch") != json.dumps(batch) or not document.get("results", "").startswith("["):
        raise Invalid
    return [members(entry, {"index", "output", "outputOmitted", "error"}) for entry in elements(document["results"])]


def _index(entry: Any) -> Optional[int]:
    text = entry.get("index") if isinstance(entry, dict) else None
    return int(text) if isinstance(text, str) and re.fullmatch("[0-9]{1,8}", text) else None


def _outcome(entries: list[Any], output_bytes: int) -> Any:
    if len(entries) != 1:
        return {"noResult": "doubled-result" if entries else "no-result"}
    entry = entries[0]
    try:
        given = {name: entry.get(name, "null") for name in ("output", "outputOmitted", "error")}
        if None in given.values() or given["outputOmitted"] not in ("null", "true", "false"):
            raise Invalid
        is_omitted = given["outputOmitted"] == "true"
        said = [given["output"] != "null", is_omitted, given["error"] != "null"]
        if sum(said) > 1 or (sum(said) == 0 and "output" not in entry):
            raise Invalid
        if said[2]:
            return {"error": _error(given["error"])}
    except (Invalid, ValueError):
        return {"noResult": "invalid-result"}
    output = given["output"]
    if len(output.encode()) > output_bytes:
        output = _shortest(output)
    if is_omitted or not _is_kept(output, output_bytes):
        return {"omitted": True}
    return {"output": None if output == "null" else output}


def _error(text: str) -> Any:
    raw = members(text, {"kind", *TYPES})
    if not isinstance(raw, dict) or None in raw.values():
        raise Invalid
    error = {name: json.loads(raw.get(name, "null")) for name in ("kind", *TYPES)}
    if error["kind"] not in ("permanent", "retryable", "throttled"):
        raise Invalid
    for name, kind in TYPES.items():
        if error[name] is not None and (not isinstance(error[name], kind) or isinstance(error[name], bool)):
            raise Invalid
        if isinstance(error[name], str):
            error[name].encode()
    wait = error["retryAfterSeconds"]
    if wait is not None and not 0 <= wait < float("inf"):
        raise Invalid
    cut = {"code": (error["code"] or "")[:64] or None, "message": (error["message"] or "")[:1_000] or None}
    return {**error, **cut, "retryAfterSeconds": None if wait is None else min(wait, 86_400)}


def _shortest(text: str) -> str:
    """Without white space between its parts and without escapes that are not needed."""

    def short(part: re.Match[str]) -> str:
        return json.dumps(json.loads(part[0]), ensure_ascii=False) if part[0].startswith('"') else part[0].translate(_NO_SPACE)

    return re.sub(r'"(?:[^"\\]|\\.)*"|[^"]+', short, text)


_NO_SPACE = dict.fromkeys(map(ord, " \t\n\r"))


def _is_kept(text: str, output_bytes: int) -> bool:
    brackets = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    depth, deepest = 0, 0
    for bracket in brackets:
        depth += (bracket in "[{") - (bracket in "]}")
        deepest = max(deepest, depth)
    if len(text.encode()) > output_bytes or deepest > 100:
        return False
    try:
        json.dumps(json.loads(text, parse_float=_finite, parse_int=_finite), ensure_ascii=False).encode()
    except (ValueError, OverflowError):
        return False
    return True


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError
    return number


# A small reader of JSON that hands out members as text, so that nothing inside of an output can spoil the other members.

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")


def members(text: str, names: set[str]) -> Any:
    """An object's members as text; `None` for a member of `names` that is there twice. Anything else: not a dict."""
    whole = text.strip(" \t\n\r")
    if _skip(whole, 0) != len(whole):
        raise Invalid
    if not whole.startswith("{"):
        return None
    found: dict[str, Any] = {}
    for name, value in _pairs(whole):
        found[name] = None if name in found and name in names else value
    if None in found.values() and "results" in names:
        raise Invalid
    return found


def elements(text: str) -> list[str]:
    """A list's elements as text."""
    at, found = _SPACE.match(text, 1).end(), []  # type: ignore[union-attr]
    while text[at] != "]":
        end = _skip(text, at)
        found.append(text[at:end].strip())
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]
        at = _SPACE.match(text, at + 1).end() if text[at] == "," else at  # type: ignore[union-attr]
    return found


def _pairs(text: str) -> Any:
    at = _SPACE.match(text, 1).end()  # type: ignore[union-attr]
    while text[at] != "}":
        name, at = scanstring(text, at + 1)
        at = text.index(":", at) + 1
        end = _skip(text, at)
        yield name, text[at:end].strip()
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]
        at = _SPACE.match(text, at + 1).end() if text[at] == "," else at  # type: ignore[union-attr]


def _skip(text: str, at: int) -> int:
    """The end of the value at `at`. Without recursion: a value may be nested as deep as it likes."""
    open_: list[str] = []
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if text[at : at + 1] in ("[", "{"):
            close = "]" if text[at] == "[" else "}"
            at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
            if text[at : at + 1] != close:
                open_.append(close)
                at = _name(text, at) if close == "}" else at
                continue
            at += 1
        elif text[at : at + 1] == '"':
            at = scanstring(text, at + 1)[1]
        elif (scalar := _SCALAR.match(text, at)) is not None:
            at = scalar.end()
        else:
            raise Invalid
        while open_:
            at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
            if text[at : at + 1] == ",":
                at = _name(text, _SPACE.match(text, at + 1).end()) if open_[-1] == "}" else at + 1  # type: ignore[union-attr]
                break
            if text[at : at + 1] != open_[-1]:
                raise Invalid
            open_.pop()
            at += 1
        else:
            return at


def _name(text: str, at: int) -> int:
    if text[at : at + 1] != '"':
        raise Invalid
    at = _SPACE.match(text, scanstring(text, at + 1)[1]).end()  # type: ignore[union-attr]
    if text[at : at + 1] != ":":
        raise Invalid
    return at + 1
