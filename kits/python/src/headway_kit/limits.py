"""Limits of the protocol. If a request has its own `limits`, those are used."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Optional

REQUEST_BYTES_MAX = 2_500_000
ANSWER_BYTES_MAX = 2_500_000
OUTPUT_BYTES_MAX = 262_144
OUTPUT_DEPTH_MAX = 100
ITEMS_MAX = 250
CODE_CHARS_MAX = 64
MESSAGE_CHARS_MAX = 1_000
RETRY_AFTER_SECONDS_MAX = 86_400

TIME_SHARE = 0.8
"""In this share of a call's time further items may begin."""


@dataclass(frozen=True)
class Limits:
    """The limits that a request sets for its answer."""

    seconds: Optional[float] = None
    output_bytes: int = OUTPUT_BYTES_MAX
    answer_bytes: int = ANSWER_BYTES_MAX


class Deadline:
    """Until when items may begin. Without a number of seconds: always."""

    def __init__(self, seconds: Optional[float]) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds * TIME_SHARE

    def is_past(self) -> bool:
        return self._at is not None and time.monotonic() >= self._at
