"""Runs a processor as a host does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jsonschema import Draft202012Validator

from headway_kit import Processor
from headway_kit.document import Batch
from headway_kit.limits import Deadline
from support import document, schema

ANSWERS = Draft202012Validator(schema("batch-answer"))


def run(of: Processor, values: list[Any], deadline: Deadline = Deadline(None), wait: Any = asyncio.run, **limits: int) -> Any:
    batch = Batch.read(document(values, limits=limits))
    size = batch.limits.output_bytes
    outcomes = wait(of.run_async(batch.items, size, deadline)) if of.is_async else of.run(batch.items, size, deadline)
    return json.loads(batch.answer(outcomes))["results"]


def kinds(results: list[Any]) -> list[str]:
    return [result["error"]["code"] if "error" in result else "done" for result in results]
