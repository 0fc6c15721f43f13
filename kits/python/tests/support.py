"""Signed requests, and the files that both kits share."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

KITS = Path(__file__).parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
JOB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
BATCH = "batch_5f0c2f3e-9a53-4d3c-8d0e-0d1f6a1d9b7c"


def vectors(name: str) -> Any:
    return json.loads((KITS / "vectors" / f"{name}.json").read_text())


def schema(name: str) -> Any:
    return json.loads((KITS.parent / "docs" / "schemas" / f"{name}.json").read_text())


def signed(webhook_id: str, body: str, secret: str = SECRET) -> dict[str, str]:
    """The headers of a request that Headway sends now."""
    now = datetime.now(tz=timezone.utc)
    signature = Webhook(secret).sign(webhook_id, now, body)
    return {"webhook-id": webhook_id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}


def document(items: list[Any], **members: Any) -> dict[str, Any]:
    """A request for items at 17 and on."""
    entries = [
        {"index": 17 + place, "id": None, "attempt": 1, "idempotencyKey": f"{JOB}/{17 + place}", "item": item}
        for place, item in enumerate(items)
    ]
    limits = {"seconds": 10, "outputBytes": 16_000, "answerBytes": 2_500_000}
    fixed = {"type": "headway.batch", "version": 1, "batch": BATCH, "job": JOB, "round": 1, "processor": "http", "params": {}}
    return {**fixed, "limits": limits, "items": entries, **members}
