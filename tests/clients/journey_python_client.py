"""Every call through the client that openapi-python-client writes, typed strictly. Prints the names of the calls that were made."""

import sys
from io import BytesIO
from types import ModuleType
from typing import Any
from uuid import UUID

from headway_client import AuthenticatedClient
from headway_client.api.jobs import (
    cancel_job, delete_job, end_job_tokens, get_job_status, list_jobs, make_job_token, pause_job, post_job, resume_job, retry_job,
)
from headway_client.api.parts import list_job_parts, put_job_part, seal_job
from headway_client.api.processors import list_processors
from headway_client.api.records import correct_items, group_job_failures, list_job_failures, list_job_items, list_job_results
from headway_client.api.service import healthz
from headway_client.models import JobTokenRequest, RetryRequest, SealRequest, StartJobRequest
from headway_client.types import File

base, token = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=token, raise_on_unexpected_status=True)
used: set[str] = set()


def call(module: ModuleType, *arguments: Any, **named: Any) -> Any:
    """Makes a call, which has to succeed."""
    used.add(module.__name__.rsplit(".", 1)[1])
    answer = module.sync_detailed(*arguments, client=client, **named)
    assert answer.status_code < 300, answer.content
    return answer.parsed


def ended(job: UUID) -> Any:
    """Waits until the numbers are final."""
    while True:
        now = call(get_job_status, job)
        if now.status in ("Completed", "Failed", "Cancelled") and not now.settling:
            return now


def lines(text: str) -> File:
    return File(payload=BytesIO(text.encode()))


def starts_and_corrects() -> None:
    request = StartJobRequest.from_dict({
        "processor": "json-schema", "params": {"schema": {"properties": {"iata": {"maxLength": 3}}}}, "idField": "iata",
        "items": [{"iata": "ZRH"}, {"iata": "TOOLONG"}], "toleratedFailures": {"percentage": 100},
    })
    assert call(post_job, body=request, validate_only=True).chunks >= 1
    job = call(post_job, body=request, idempotency_key="airports-2").id
    assert ended(job).failed_items == 1
    assert call(group_job_failures, job).groups[0].count == 1
    assert [failure.index for failure in call(list_job_failures, job).failures] == [1]
    assert call(correct_items, job, body=lines('{"index": 1, "item": {"iata": "BSL"}}')).corrected == 1
    assert call(retry_job, job, body=RetryRequest(round_=1)).round_ == 2
    assert ended(job).processed_items == 2
    assert [result.id for result in call(list_job_results, job).results] == ["ZRH", "BSL"]
    assert [item.status for item in call(list_job_items, job).items] == ["Processed", "Processed"]
    assert call(make_job_token, job, body=JobTokenRequest.from_dict({"allow": "read"})).token
    call(end_job_tokens, job)
    call(delete_job, job)


def open_job() -> UUID:
    request = StartJobRequest.from_dict({"processor": "json-schema", "params": {"schema": True}, "sealed": False})
    job: UUID = call(post_job, body=request).id
    return job


def sends_parts() -> None:
    job = open_job()
    assert call(put_job_part, job, 0, first_index=0, body=lines('{"a": 1}\n{"a": 2}\n')).total_items == 2
    assert call(pause_job, job).paused
    assert not call(resume_job, job).paused
    call(seal_job, job, body=SealRequest(parts=1))
    assert ended(job).status == "Completed"
    assert len(call(list_job_parts, job).parts) == 1


def cancels() -> None:
    job = open_job()
    assert call(cancel_job, job).status == "Cancelled"
    assert job in [found.id for found in call(list_jobs, page_size=100).jobs]


assert call(healthz).status == "ok"
assert "json-schema" in [found.name for found in call(list_processors).processors]
starts_and_corrects()
sends_parts()
cancels()
print(" ".join(sorted(used)))
