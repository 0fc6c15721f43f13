"""Calls a deployed API over HTTP, like a user's program."""

import gzip
import json

import urllib3
from waiting import GENEROUS_S, until

ENDED = {"Completed", "Failed", "Cancelled"}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.data

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Caller:
    """One user's calls. `base` is the emulator's address, `host` the API's name there."""

    def __init__(self, base, host, token):
        self._base = base
        self._pool = urllib3.PoolManager(retries=False, timeout=GENEROUS_S)
        self._headers = {"Host": host, **({"Authorization": f"Bearer {token}"} if token else {})}

    def call(self, method, path, body=None, **headers):
        """Any call. A value is sent as JSON, bytes unchanged. Names of headers have `_` instead of `-`."""
        sent = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        return Answer(self._pool.request(method, self._base + path, body=body, headers=sent))

    def get(self, path, status=200):
        """Gets a resource as JSON."""
        answer = self.call("GET", path)
        assert answer.status == status, answer
        return answer.json()

    def start(self, job, **headers):
        """Starts a job and returns it."""
        answer = self.call("POST", "/v1/jobs", job, **headers)
        assert answer.status == 202, answer
        assert answer.headers["location"] == f"jobs/{answer.json()['id']}"
        return answer.json()

    def act(self, job_id, action, body=None, status=200):
        """`cancel`, `pause`, `resume`, `retry` or `seal`."""
        answer = self.call("POST", f"/v1/jobs/{job_id}/{action}", body)
        assert answer.status == status, answer
        return answer.json()

    def put_part(self, job_id, part, first_index, lines, status=201):
        """Sends a part of a streamed job, compressed."""
        body = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        path = f"/v1/jobs/{job_id}/parts/{part}?firstIndex={first_index}"
        answer = self.call("PUT", path, body, content_type="application/x-ndjson", content_encoding="gzip")
        assert answer.status == status, answer
        return answer.json()

    def job(self, job_id):
        job = self.get(f"/v1/jobs/{job_id}")
        assert job["processedItems"] + job["failedItems"] + job["pendingItems"] == job["totalItems"], job
        return job

    def watch(self, job_id, what, holds, within_s=GENEROUS_S):
        """Polls a job until a condition is true. Counts must be exact in every answer, and never fall."""
        seen = {"processedItems": 0, "failedItems": 0, "round": 0}

        def look():
            job = self.job(job_id)
            for count in ("processedItems", "failedItems"):
                assert job["round"] > seen["round"] or job[count] >= seen[count], f"{count} fell from {seen} to {job}"
            seen.update(job)
            return job if holds(job) else None

        return until(f"job {job_id}: {what}", look, within_s)

    def until_ended(self, job_id, within_s=GENEROUS_S):
        return self.watch(job_id, "it has ended", lambda job: job["status"] in ENDED, within_s)

    def pages(self, path, member):
        """All elements of a list, from all its pages."""
        elements, token = [], ""
        while token is not None:
            page = self.get(f"{path}{'&' if '?' in path else '?'}pageToken={token}" if token else path)
            elements += page[member]
            token = page["nextPageToken"]
        return elements
