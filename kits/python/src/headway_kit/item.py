"""One item, as a processor gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional


@dataclass(frozen=True)
class Item:
    """One item of a job, and what the processor knows about it."""

    value: Any
    """The item: any JSON value. Rows of a CSV file are objects of texts."""
    index: int
    """Its place in the job, from 0."""
    job: str
    """The job's id."""
    idempotency_key: str
    """The same on every try: use it for the side effect."""
    id: Optional[str] = None
    """Its id, if the job names an `idField`. Known in batch mode only."""
    attempt: int = 1
    """Which try this is, from 1."""
    round: Optional[int] = None
    """1 for the job's first run, and one more with each retry. Known in batch mode only."""
    params: Any = None
    """The job's `params`. Known in batch mode only."""
