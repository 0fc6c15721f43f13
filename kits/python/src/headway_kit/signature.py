"""Whether a request comes from Headway: Standard Webhooks 1.0, checked by its published library."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from typing import Optional, Union

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET_VARIABLE = "HEADWAY_SECRET"
Secrets = Union[str, Sequence[str], None]


class SecretError(ValueError):
    """The secret is missing or not valid. The message does not repeat it."""


class Signature:
    """Checks signatures with one or several secrets: while a secret is being replaced, with the old and the new one."""

    def __init__(self, secrets: Secrets = None) -> None:
        given = os.environ.get(SECRET_VARIABLE, "") if secrets is None else secrets
        texts = given.split() if isinstance(given, str) else list(given)
        if not texts:
            raise SecretError(f"no secret: set {SECRET_VARIABLE} to the endpoint's whsec_…, or pass secret=")
        self._webhooks = [Webhook(_checked(text)) for text in texts]

    def problem(self, headers: Mapping[str, str], body: str) -> Optional[str]:
        """Why the request cannot be trusted; `None` if it can. `headers` have names in lower case."""
        text = "the signature is not good"
        for webhook in self._webhooks:
            try:
                webhook.verify(body, dict(headers), json_parse=False)
                return None
            except WebhookVerificationError as error:
                text = str(error)
            except Exception:
                text = "the signature headers cannot be read"
        return text


def _checked(text: str) -> str:
    """The library accepts any text as base64 and ignores characters that are not. So a secret that is not base64 would silently be another secret."""
    try:
        key = base64.b64decode(text[len("whsec_") :], validate=True) if text.startswith("whsec_") else b""
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise SecretError("a secret is whsec_ and 24 to 64 bytes in base64, as the endpoint's `secret` in HEADWAY_HTTP_ENDPOINTS")
    return text
