"""What schemathesis has to know about Headway: states of jobs, lines of NDJSON, and rules that no schema can say."""

import itertools
import json
import os
import pathlib
import re
import urllib.error
import urllib.request

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation.meta import TestPhase

URL, TOKEN = os.environ["HEADWAY_TEST_URL"], os.environ["HEADWAY_TEST_TOKEN"]
SEEN = pathlib.Path(os.environ["HEADWAY_TEST_SEEN"])
JOBS = "/v1/jobs/{job_id}"
FAILING = {"schema": {"maximum": -1}}
ENDED = {"Completed", "Failed", "Cancelled"}

# Why a valid request can be refused all the same: status, type, and what the problem's text or pointers look like.
REASONS = [
    (400, "page-token", r".*"),
    (400, "malformed", r"line \d+ is .*"),
    (400, "malformed", r"columns, names, cells and bom are for format=csv|names is for columns|names must be a JSON array .*"),
    (422, "idempotency-key-reused", r".*"),
    # The endpoints for callbacks, an item's id, what a text has in bytes, and which items have failed.
    (422, "invalid", r"/callback: .*|/items/\d+.*|/metadata: .*|/\d+: .*|: a job has at most .*"),
    (422, "invalid", r"/toleratedFailures/percentage: must have at most 9 .*"),
]


def call(method, path, body=None, media="application/json"):
    """A call of our own, which is not checked."""
    data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"Authorization": f"Bearer {TOKEN}", "Content-Type": media}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def new_job(**members):
    return call("POST", "/v1/jobs", {"processor": "json-schema", "params": FAILING, **members})["id"]


def open_job():
    return new_job(sealed=False)


def failed_job():
    """An ended job whose first four items have failed."""
    return ended(new_job(items=[1, 2, 3, 4], toleratedFailures={"percentage": 100}))


def job_with_a_part():
    job = open_job()
    call("PUT", f"/v1/jobs/{job}/parts/0?firstIndex=0", "1\n", "application/x-ndjson")
    return job


def paused_job():
    job = open_job()
    call("POST", f"/v1/jobs/{job}/pause")
    return job


def cancelled_job():
    job = open_job()
    call("POST", f"/v1/jobs/{job}/cancel")
    return job


def ended(job):
    while True:
        now = call("GET", f"/v1/jobs/{job}")
        if now["status"] in ENDED:
            return job


# A job in the state that each call needs to succeed. Calls that change nothing share one.
SHARED = {"failed": None, "open": None}


def shared(name, make):
    SHARED[name] = SHARED[name] or make()
    return SHARED[name]


STATES = {
    f"POST {JOBS}/cancel": open_job,
    f"POST {JOBS}/pause": open_job,
    f"POST {JOBS}/resume": paused_job,
    f"POST {JOBS}/retry": failed_job,
    f"POST {JOBS}/seal": job_with_a_part,
    f"DELETE {JOBS}": cancelled_job,
    f"PATCH {JOBS}/items": failed_job,
    # The same part twice: created, and known.
    f"PUT {JOBS}/parts/{{n}}": lambda: shared("open", open_job),
}
# Every third call keeps the id that schemathesis has chosen.
turns = itertools.cycle([True, True, False])


@schemathesis.hook
def before_call(context, case, kwargs):
    """Most calls meet a job in the right state. Those that follow a link meet the job of the link, once it has ended."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.meta.phase.name is not TestPhase.STATEFUL and next(turns):
        suit(case.query)
    if "job_id" not in case.path_parameters:
        return
    make = STATES.get(case.operation.label, lambda: shared("failed", failed_job))
    if case.meta.phase.name is TestPhase.STATEFUL:
        if make is failed_job:
            wait_for(case.path_parameters["job_id"])
    elif case.meta.phase.name is TestPhase.EXAMPLES or next(turns):
        case.path_parameters["job_id"] = make()
        if case.operation.label == f"GET {JOBS}" and "If-None-Match" in case.headers:
            case.headers["If-None-Match"] = "*"
        if make is failed_job and case.operation.method == "post" and isinstance(case.body, dict):
            case.body["round"] = 1


def suit(query):
    """Parameters that fit together: a page token is never one that anybody made up, and a table is CSV."""
    query.pop("pageToken", None)
    query.pop("names", None)
    if {"columns", "cells", "bom"} & query.keys():
        query["format"] = "csv"


def wait_for(job):
    """A job that is not complete does not end."""
    try:
        while (now := call("GET", f"/v1/jobs/{job}"))["sealed"] and not now["paused"] and now["status"] not in ENDED:
            pass
    except urllib.error.HTTPError:
        pass


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The document does not know the processors of this server; `/v1/processors` does."""
    names = [one["name"] for one in call("GET", "/v1/processors")["processors"]]
    assert "json-schema" in names
    job = raw_schema["components"]["schemas"]["StartJobRequest"]["properties"]
    job["processor"] = {"type": "string", "enum": ["json-schema"]}
    raw_schema["components"]["schemas"]["StartJobRequest"]["required"].append("params")
    job["params"] = {"type": "object", "enum": [FAILING, {"schema": True}, {"schema": {"type": "object"}, "text": True}]}


@schemathesis.hook
def after_call(context, case, response):
    SEEN.open("a").write(json.dumps([case.meta and case.meta.phase.name.value, case.operation.label, response.status_code]) + "\n")


@schemathesis.check
def refused_only_for_what_no_schema_says(ctx, response, case):
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return None
    problem = response.json()
    texts = [f"{error['pointer']}: {error['detail']}" for error in problem["errors"]] or [problem["detail"]]
    name = problem["type"].rsplit(":", 1)[1]
    allowed = [reason for status, kind, reason in REASONS if (status, kind) == (response.status_code, name)]
    unknown = [text for text in texts if not any(re.fullmatch(reason, text) for reason in allowed)]
    assert not unknown, f"a valid request was refused with {response.status_code} {name}: {unknown}"
    return None


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return str(value).encode()


# Corrections, which are items too.
corrections = st.fixed_dictionaries({"index": st.integers(0, 3), "item": st.none() | st.integers(-9, 9) | st.text() | st.dictionaries(st.text(), st.booleans())})
bodies = st.lists(corrections.map(json.dumps), min_size=1, max_size=4).map("\n".join)


@schemathesis.hook
def before_generate_body(context, strategy):
    """Texts in the document are lines of JSON."""
    takes_lines = "application/x-ndjson" in context.operation.get_request_payload_content_types()
    return bodies if takes_lines else strategy
