"""For each permission of each function: a call that is denied without it and succeeds with it.

Each need is made ready first, with all permissions, and then tried. It says whether it was done.
"""

import json

from ageing import age
from waiting import until

SCHEMA = {"type": "object", "properties": {"iata": {"type": "string", "maxLength": 3}}}
READY = {"processor": "json-schema", "params": {"schema": SCHEMA}}
MIXED = [{"iata": "ZRH"}, {"iata": "too long"}]
# Careful mode begins with the third receive.
CAREFUL = 3


class Bench:
    """A stack whose worker is invoked by the test: messages wait in the queue until the test receives them."""

    def __init__(self, deployment):
        self.deployment = deployment
        self._sqs = deployment.emulator.client("sqs")
        functions = deployment.emulator.client("lambda")
        for mapping in ("WorkerFunctionChunks", "WorkerFunctionDeadLetters"):
            functions.update_event_source_mapping(UUID=deployment.id_of(mapping), Enabled=False)
        # What it is refused the worker tries again for as long as its deadline allows.
        deployment.end_workers_after(15)

    def sign_in(self, token):
        """From now on this user makes the calls."""
        self.user = self.deployment.caller(token)

    def messages(self, job=None):
        """Receives all messages from the queue; returns those of this job. What another job's worker sends again after some seconds
        comes when it likes."""
        bodies = []
        while found := self._sqs.receive_message(QueueUrl=self.deployment.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self._sqs.delete_message(QueueUrl=self.deployment.queue, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return [body for body in bodies if job in (None, json.loads(body)["job"])]

    def work(self, *bodies, receives=1):
        """Invokes the worker with messages, as a mapping would; returns whether all were done, and the log."""
        records = [
            {
                "messageId": f"m{n}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:by-hand",
            }
            for n, body in enumerate(bodies)
        ]
        answer, log = self.deployment.invoke("WorkerFunction", {"Records": records})
        return answer == {"batchItemFailures": []}, log

    def sweep(self, is_done):
        """Invokes the cleanup; returns whether it did what it should, and the log."""
        _, log = self.deployment.invoke("CleanupFunction", {})
        return is_done(), log

    def started(self, items=MIXED, **job):
        """A new job, and its messages."""
        self.messages()
        id = self.user.start({**READY, "items": items, **job})["id"]
        return id, self.messages(id)

    def failed(self):
        """A failed job, run by the test."""
        job, bodies = self.started()
        assert self.work(*bodies)[0]
        assert self.user.job(job)["status"] == "Failed"
        return job

    def streamed(self):
        """An open job with two parts that have not run."""
        job = self.user.start({**READY, "sealed": False})["id"]
        for part in range(2):
            self.user.put_part(job, part, part * 2, MIXED)
        self.messages()
        return job


def answered(bench, status, method, path, body=None):
    """Calls the API; returns whether the answer has this status, and what the function logged since."""
    since = bench.deployment.now_ms()
    answer = bench.user.call(method, path, body)
    return answer.status == status, bench.deployment.function_log("ApiFunction", since)


def api_starts(bench):
    return lambda: answered(bench, 202, "POST", "/v1/jobs", {**READY, "items": MIXED})


def api_says_that_numbers_are_final(bench):
    """Some seconds after a job's end its outcome rows show whether all of them are counted."""
    job, _ = bench.started()
    bench.user.act(job, "cancel")
    age(bench.deployment, job, minutes=1)
    return lambda: answered(bench, 200, "GET", f"/v1/jobs/{job}")


def api_lists_jobs(bench):
    bench.started()
    bench.started()
    return lambda: answered(bench, 200, "GET", "/v1/jobs?pageSize=2")


def api_lists_all_live_jobs(bench):
    return lambda: answered(bench, 200, "GET", "/v1/jobs?owner=*")


def api_lists_failures(bench):
    job = bench.failed()
    return lambda: answered(bench, 200, "GET", f"/v1/jobs/{job}/failures")


def worker_settles(bench):
    _, bodies = bench.started()
    return lambda: bench.work(*bodies)


def worker_is_careful(bench):
    def attempt():
        # Another chunk each time: a mark that could not be deleted is taken for a living worker's until that one's time is over.
        _, bodies = bench.started()
        return bench.work(*bodies, receives=CAREFUL)

    return attempt


def worker_revives(bench):
    job = bench.failed()
    bench.user.act(job, "retry", status=202)
    revival = [body for body in bench.messages(job) if json.loads(body)["kind"] == "revive"]
    assert len(revival) == 1
    return lambda: bench.work(*revival)


def both_asked_for(bench, job):
    """The messages that ask for the two events of a job that has ended, one of each: an event may be asked for more than once."""
    asked = {}

    def look():
        for body in bench.messages(job):
            message = json.loads(body)
            if message["kind"] == "tell":
                asked[message["what"]] = body
        return asked.keys() == {"JobEnded", "JobStarted"}

    until("both events are asked for", look)
    return asked.values()


def worker_puts_events(bench):
    def attempt():
        # Another job each time: what the bus refused is tried again some seconds later.
        job, bodies = bench.started()
        assert bench.work(*bodies)[0]
        logs = [bench.work(body)[1] for body in both_asked_for(bench, job)]
        return all("delivered a notice" in log for log in logs), "\n".join(logs)

    return attempt


def cleanup_deletes(bench):
    job, bodies = bench.started(toleratedFailures={"count": 1})
    assert bench.work(*bodies)[0]
    assert bench.user.job(job)["status"] == "Completed"
    # Once all its notices are told, it is among the jobs to be deleted.
    assert bench.work(*both_asked_for(bench, job))[0]
    age(bench.deployment, job, days=31)
    return lambda: bench.sweep(lambda: not bench.deployment.rows(f"JOB#{job}"))


def cleanup_looks_at_parts(bench):
    job = bench.streamed()
    age(bench.deployment, job, parts=2, hours=25)
    return lambda: bench.sweep(lambda: bench.user.job(job)["status"] == "Failed")


def cleanup_revives(bench):
    job, _ = bench.started()
    age(bench.deployment, job, hours=3)
    return lambda: bench.sweep(lambda: bench.messages(job))


# By function, action and resource, as the template names it.
NEEDS = {
    ("ApiFunction", "dynamodb:BatchGetItem", "Table.Arn"): api_lists_jobs,
    ("ApiFunction", "dynamodb:GetItem", "Table.Arn"): api_lists_failures,
    ("ApiFunction", "dynamodb:PutItem", "Table.Arn"): api_starts,
    ("ApiFunction", "dynamodb:UpdateItem", "Table.Arn"): api_starts,
    ("ApiFunction", "dynamodb:Query", "Table.Arn"): api_says_that_numbers_are_final,
    ("ApiFunction", "dynamodb:Query", "Table.Arn/index/owner"): api_lists_jobs,
    ("ApiFunction", "dynamodb:Query", "Table.Arn/index/sweep"): api_lists_all_live_jobs,
    ("ApiFunction", "sqs:SendMessage", "Queue.Arn"): api_starts,
    ("WorkerFunction", "dynamodb:BatchGetItem", "Table.Arn"): worker_settles,
    ("WorkerFunction", "dynamodb:DeleteItem", "Table.Arn"): worker_is_careful,
    ("WorkerFunction", "dynamodb:GetItem", "Table.Arn"): worker_settles,
    ("WorkerFunction", "dynamodb:PutItem", "Table.Arn"): worker_settles,
    ("WorkerFunction", "dynamodb:Query", "Table.Arn"): worker_revives,
    ("WorkerFunction", "dynamodb:UpdateItem", "Table.Arn"): worker_settles,
    ("WorkerFunction", "sqs:SendMessage", "Queue.Arn"): worker_revives,
    ("WorkerFunction", "events:PutEvents", "event-bus/default"): worker_puts_events,
    ("CleanupFunction", "dynamodb:BatchGetItem", "Table.Arn"): cleanup_looks_at_parts,
    ("CleanupFunction", "dynamodb:BatchWriteItem", "Table.Arn"): cleanup_deletes,
    ("CleanupFunction", "dynamodb:DeleteItem", "Table.Arn"): cleanup_deletes,
    ("CleanupFunction", "dynamodb:GetItem", "Table.Arn"): cleanup_deletes,
    ("CleanupFunction", "dynamodb:UpdateItem", "Table.Arn"): cleanup_deletes,
    ("CleanupFunction", "dynamodb:Query", "Table.Arn"): cleanup_deletes,
    ("CleanupFunction", "dynamodb:Query", "Table.Arn/index/sweep"): cleanup_deletes,
    ("CleanupFunction", "sqs:SendMessage", "Queue.Arn"): cleanup_revives,
}
