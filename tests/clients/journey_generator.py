"""Every call through the client that openapi-generator writes in Python. Prints the names of the calls that were made."""

import sys
from uuid import UUID

import headway_generated as api

base, token = sys.argv[1:]
used = set()


def recorded(of):
    """The calls of one of the client's classes; those that are made are remembered."""

    class Recorded:
        def __getattr__(self, name):
            used.add(name)
            return getattr(of, name)

    return Recorded()


client = api.ApiClient(api.Configuration(host=base, access_token=token))
jobs, parts, records = recorded(api.JobsApi(client)), recorded(api.PartsApi(client)), recorded(api.RecordsApi(client))


def ended(job):
    """Waits until the numbers are final."""
    while True:
        now = jobs.get_job_status(job_id=job)
        if now.status in ("Completed", "Failed", "Cancelled") and not now.settling:
            return now


def starts_and_corrects():
    tolerated = api.ToleratedFailures(api.ToleratedPercentage(percentage=100))
    request = api.StartJobRequest(
        processor="json-schema", params={"schema": {"properties": {"iata": {"maxLength": 3}}}}, idField="iata",
        items=[{"iata": "ZRH"}, {"iata": "TOOLONG"}], toleratedFailures=tolerated,
    )
    planned = jobs.post_job(start_job_request=request, validate_only=True)
    assert planned.actual_instance.chunks >= 1
    job = UUID(str(jobs.post_job(start_job_request=request, idempotency_key="airports").id))
    assert ended(job).failed_items == 1
    assert records.group_job_failures(job_id=job).groups[0].count == 1
    assert [failure.index for failure in records.list_job_failures(job_id=job).failures] == [1]
    assert records.correct_items(job_id=job, body=b'{"index": 1, "item": {"iata": "BSL"}}').corrected == 1
    assert jobs.retry_job(job_id=job, retry_request=api.RetryRequest(round=1)).round == 2
    assert ended(job).processed_items == 2
    assert [result.id for result in records.list_job_results(job_id=job).results] == ["ZRH", "BSL"]
    assert [item.status for item in records.list_job_items(job_id=job).items] == ["Processed", "Processed"]
    assert jobs.make_job_token(job_id=job, job_token_request=api.JobTokenRequest(allow="read")).token
    jobs.end_job_tokens(job_id=job)
    jobs.delete_job(job_id=job)
    try:
        jobs.get_job_status(job_id=job)
        raise AssertionError("a deleted job was found")
    except api.exceptions.NotFoundException as problem:
        assert "urn:headway:problem:not-found" in problem.body


def open_job():
    request = api.StartJobRequest(processor="json-schema", params={"schema": True}, sealed=False)
    return UUID(str(jobs.post_job(start_job_request=request).id))


def sends_parts():
    job = open_job()
    assert parts.put_job_part(job_id=job, n=0, first_index=0, body=b'{"a": 1}\n{"a": 2}\n').total_items == 2
    assert jobs.pause_job(job_id=job).paused
    assert not jobs.resume_job(job_id=job).paused
    parts.seal_job(job_id=job, seal_request=api.SealRequest(parts=1))
    assert ended(job).status == "Completed"
    assert len(parts.list_job_parts(job_id=job).parts) == 1


def cancels():
    job = open_job()
    assert jobs.cancel_job(job_id=job).status == "Cancelled"
    assert str(job) in [str(found.id) for found in jobs.list_jobs(status="Cancelled").jobs]


assert recorded(api.ServiceApi(client)).healthz().status == "ok"
assert "json-schema" in [found.name for found in recorded(api.ProcessorsApi(client)).list_processors().processors]
starts_and_corrects()
sends_parts()
cancels()
print(" ".join(sorted(used)))
