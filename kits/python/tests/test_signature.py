"""Who is let in. The vectors are shared with kits/node; the first is the example of the specification."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import Any

import pytest
import standardwebhooks.webhooks as published
from hypothesis import given
from hypothesis import strategies as st

import scripted
from headway_kit import SecretError
from headway_kit.aws_lambda import lambda_handler
from headway_kit.service import Request, Response, Service
from headway_kit.signature import Signature
from headway_kit.wsgi import wsgi_app
from support import BATCH, SECRET, document, signed, vectors

SERVICE = Service(scripted.BLOCKING["item"], SECRET)


@pytest.mark.parametrize("case", vectors("signature")["cases"], ids=lambda case: case["name"])
def test_a_signature_is_good_or_not(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(case["now"], tz=timezone.utc)

    monkeypatch.setattr(published, "datetime", Then)
    problem = Signature(case["secret"]).problem(case["headers"], case["body"])
    assert (problem is None) == case["good"], problem


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()), st.binary())
def test_strangers_get_401_whatever_they_send(headers: dict[str, str], body: bytes) -> None:
    response = SERVICE.handle(Request("POST", headers, body))
    assert response.status == 401
    assert response.headers["Content-Type"] == "application/problem+json"


@given(st.binary(max_size=40), st.sampled_from(["batch_x", BATCH, "msg_1", "7c9e6679-7425-40de-944b-e07fc1f90ae7/1"]))
def test_what_is_signed_never_breaks_the_kit(body: bytes, webhook_id: str) -> None:
    text = body.decode(errors="ignore")
    response = SERVICE.handle(Request("POST", signed(webhook_id, text), text.encode()))
    assert response.status in (200, 204, 400, 500)


def test_a_secret_that_is_none_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library alone would accept it, and then nothing would verify, or anything."""
    for secret in ["", "whsec_", "whsec_c2hvcnQ=", "secret", SECRET[6:], "whsec_MfKQ9r8GKYqrTwj!", f"{SECRET} x", []]:
        with pytest.raises(SecretError) as raised:
            Signature(secret)
        assert "MfKQ" not in str(raised.value)
    monkeypatch.delenv("HEADWAY_SECRET", raising=False)
    with pytest.raises(SecretError):
        Signature()
    monkeypatch.setenv("HEADWAY_SECRET", SECRET)
    assert Signature().problem(signed("a", ""), "") is None


def test_refusals_say_what_is_wrong() -> None:
    def status(method: str = "POST", body: bytes = b"") -> Response:
        return SERVICE.handle(Request(method, {}, body))

    assert (status("GET").status, status("GET").headers["Allow"]) == (405, "POST")
    assert status(body=b"x" * 2_500_001).status == 413
    assert b"Missing required headers" in status(body=b"{}").body


def test_a_body_that_was_read_before_is_said_to_be_gone() -> None:
    """Bug found: the secret was blamed."""
    started: list[Any] = []
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "30", "wsgi.input": io.BytesIO()}
    body = b"".join(wsgi_app(scripted.BLOCKING["item"], SECRET)(environ, lambda status, _: started.append(status)))
    assert started == ["501 Not Implemented"] and b"was read before" in body
    assert SERVICE.handle(Request("POST", {"content-length": "30"}, b"")).status == 501
    assert SERVICE.handle(Request("POST", {"content-length": "2"}, b"{}")).status == 401


def test_a_function_without_a_secret_answers_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor can a request over HTTP pass for an invocation, whatever its body is."""
    monkeypatch.delenv("HEADWAY_SECRET", raising=False)
    handler = lambda_handler(scripted.BLOCKING["item"])
    event = {**document([{"do": "nothing"}]), "requestContext": {"http": {"method": "POST"}}, "headers": {}, "body": "{}"}
    assert handler(event, None)["statusCode"] == 500
    with pytest.raises(ValueError, match="neither"):
        handler({"Records": []}, None)
