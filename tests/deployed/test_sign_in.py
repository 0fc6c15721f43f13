"""Sign-in: API Gateway's authorizer checks tokens, and in the second stack the function itself does."""

import jwt
import pytest
from issuer import stranger

UNAUTHENTICATED = "urn:headway:problem:unauthenticated"
OPEN = ["/healthz", "/openapi.json", "/docs", "/", "/embed.js", "/embed/integrity.json"]


@pytest.fixture(params=["gateway", "jwks"])
def either(request, stack, stack_with_own_check):
    """Both stacks in turn."""
    return {"gateway": stack, "jwks": stack_with_own_check}[request.param]


def test_a_good_token_gets_in(either, issuer):
    listed = either.caller(issuer.token("eve", scope="jobs:read")).get("/v1/jobs")
    assert listed == {"jobs": [], "nextPageToken": None}


BAD = {
    "none": lambda issuer: None,
    "no token at all": lambda issuer: "x",
    "for another audience": lambda issuer: issuer.token(aud="other"),
    "expired": lambda issuer: issuer.token(exp=1_700_000_000),
    "not yet valid": lambda issuer: issuer.token(nbf=4_000_000_000),
    "of another issuer": lambda issuer: issuer.token(iss="https://elsewhere.example/"),
    "signed by a stranger": lambda issuer: issuer.token(key=stranger()),
    "with an unknown key id": lambda issuer: issuer.token(kid="second"),
    "not signed": lambda issuer: jwt.encode({"iss": issuer.url, "aud": "jobs", "sub": "ada", "exp": 4e9}, None, "none"),
    "signed with HS256": lambda issuer: jwt.encode({"iss": issuer.url, "aud": "jobs", "sub": "ada", "exp": 4e9}, "k" * 32, "HS256"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_does_not(either, issuer, kind):
    answer = either.caller(BAD[kind](issuer)).call("GET", "/v1/jobs")
    assert answer.status == 401, answer
    # The gateway's own words, or the function's: nothing but the gateway was reached, or only its open route.
    said = answer.json()
    assert said == {"message": "Unauthorized"} if "Auth" not in either.parameters else said["type"] == UNAUTHENTICATED, answer


def test_a_token_without_subject_owns_nothing(either, issuer):
    answer = either.caller(issuer.token(sub=None, scope="jobs:read")).call("GET", "/v1/jobs")
    assert answer.status == 401, answer
    assert answer.json()["type"] == UNAUTHENTICATED


def test_scopes_are_asked_for_where_they_are_required(stack_with_own_check, issuer):
    reader = stack_with_own_check.caller(issuer.token(scope="jobs:read"))
    assert reader.call("POST", "/v1/jobs", {}).status == 403
    assert stack_with_own_check.caller(issuer.token()).call("GET", "/v1/jobs").status == 403
    # A list of scopes reaches the function as text if the gateway hands it on.
    assert stack_with_own_check.caller(issuer.token(scp=["jobs:read", "jobs:write"])).call("POST", "/v1/jobs", {}).status == 422


@pytest.mark.parametrize("path", OPEN)
def test_open_routes_need_no_token(either, path):
    assert either.caller(None).call("GET", path).status == 200


def test_a_page_of_a_listed_origin_may_call_and_no_other(stack_with_own_check, issuer):
    """The gateway adds CORS headers to the function's answers. If both added them, browsers would accept neither."""
    reader = stack_with_own_check.caller(issuer.token(scope="jobs:read"))
    allowed = lambda answer: answer.headers.getlist("access-control-allow-origin")
    preflight = {"access_control_request_method": "GET", "access_control_request_headers": "authorization"}
    for path in ("/v1/jobs", "/embed/v1/jobs/00000000-0000-4000-8000-000000000000"):
        leave = stack_with_own_check.caller(None).call("OPTIONS", path, origin="https://app.example", **preflight)
        assert (leave.status, allowed(leave)) == (204, ["https://app.example"])
        assert "authorization" in leave.headers["access-control-allow-headers"].lower()
    assert allowed(stack_with_own_check.caller(None).call("GET", "/embed.js", origin="https://app.example")) == ["https://app.example"]
    assert allowed(reader.call("GET", "/v1/jobs", origin="https://app.example")) == ["https://app.example"]
    assert allowed(stack_with_own_check.caller("x").call("GET", "/v1/jobs", origin="https://app.example")) == ["https://app.example"]
    assert allowed(reader.call("GET", "/v1/jobs", origin="https://evil.example")) == []


def test_another_users_job_does_not_exist(either, issuer):
    of = lambda user: either.caller(issuer.token(user, scope="jobs:read jobs:write"))
    job = of("ada").start({"processor": "json-schema", "params": {"schema": {}}, "items": []})
    theirs = of("bob").call("GET", f"/v1/jobs/{job['id']}")
    nobodys = of("bob").call("GET", "/v1/jobs/00000000-0000-4000-8000-000000000000")
    assert theirs.status == nobodys.status == 404
    assert theirs.body.replace(job["id"].encode(), b"?") == nobodys.body.replace(b"00000000-0000-4000-8000-000000000000", b"?")


def test_a_job_token_is_checked_by_the_function(either, issuer):
    """The gateway's authorizer takes only its issuer's tokens, so these calls have a route of their own."""
    ada = either.caller(issuer.token("ada", scope="jobs:read jobs:write"))
    body = {"processor": "json-schema", "params": {"schema": {}}, "items": []}
    mine, other = (f"/v1/jobs/{ada.start(body)['id']}" for _ in range(2))
    made = ada.call("POST", f"{mine}/tokens", {"allow": "read"})
    assert made.status == 201, made
    page = either.caller(made.json()["token"])
    assert page.get(f"/embed{mine}")["status"] == "Completed"
    assert page.call("POST", f"/embed{mine}/retry").status == 403
    assert [page.call("GET", path).status for path in (f"/embed{other}", mine, other, "/v1/jobs")] == [401] * 4
    assert ada.call("GET", f"/embed{mine}").status == 401
