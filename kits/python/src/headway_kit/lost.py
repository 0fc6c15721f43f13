"""What JSON would lose of a value without a word."""

from __future__ import annotations

from typing import Any, Dict, Optional


def lost_in_json(value: object) -> Optional[str]:
    """What `json.dumps` loses of a value that it can write; `None` if nothing. Without recursion, and a value that can be written does not
    hold itself."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            if _has_name_twice(inner):
                return "it has two keys that are the same text in JSON, such as 1 and '1'"
            waiting.extend(inner.values())
        elif isinstance(inner, (list, tuple)):
            if isinstance(inner, tuple) and hasattr(inner, "_fields"):
                return "it has a named tuple, whose names JSON would drop: return its _asdict()"
            waiting.extend(inner)
    return None


def _has_name_twice(members: Dict[Any, Any]) -> bool:
    if all(type(key) is str for key in members):
        return False
    return len({_name(key) for key in members}) < len(members)


def _name(key: Any) -> str:
    """The name that `json.dumps` gives a key."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return float.__repr__(key) if isinstance(key, float) else int.__repr__(key)
