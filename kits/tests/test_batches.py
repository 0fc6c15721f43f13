"""Many items through a Python endpoint in batches of 250, while the endpoint, the workers and the server are killed with SIGKILL:
in the end every item is done, counted once, and has its own result.

`make test-kits` runs a small form, `make batches ITEMS=1000000` a large one."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

import pytest

KITS = Path(__file__).parents[1]
BUILT = Path(os.environ.get("BUILT", KITS.parent / "target" / "debug"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ITEMS = int(os.environ.get("ITEMS", "20000"))
BATCH = 250
# Far more than a request takes, also on a busy machine: one that took longer would be sent again.
TIMEOUT_S = 120
ENDED = ("Completed", "Failed", "Cancelled")
# How long the parts live on average before one of them is killed.
SECONDS_BETWEEN_KILLS = float(os.environ.get("SECONDS_BETWEEN_KILLS", "1.0"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Parts:
    """The endpoint and the server with its workers. Whatever is killed is started again."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.log = directory, directory / "done.log"
        self.ports = {"endpoint": free_port(), "server": free_port()}
        self.kills = {"endpoint": 0, "worker": 0, "server": 0}
        endpoint = {"url": f"http://127.0.0.1:{self.ports['endpoint']}/", "secret": SECRET, "allowPrivate": True, "batch": BATCH, "timeoutSeconds": TIMEOUT_S}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "AWS_"))},
            "HEADWAY_SECRET": SECRET,
            "HEADWAY_HTTP_ENDPOINTS": json.dumps({"python": endpoint}),
            "HEADWAY_URL": f"http://127.0.0.1:{self.ports['server']}",
            "HEADWAY_LOG": "error",
            # The server and the token's key are both found there.
            "HEADWAY_DATA": str(directory / "data"),
            "XDG_STATE_HOME": str(directory),
            "PYTHONPATH": str(KITS / "python" / "src"),
        }
        self.processes = {name: self.start(name) for name in ("endpoint", "server")}
        self.environment["HEADWAY_TOKEN"] = json.loads(self.command("token", "--user", "kits", "--ttl", "12h"))["token"]
        # A worker tells of its processors when it has started.
        while '"http"' not in self.command("processors"):
            time.sleep(0.1)

    def start(self, name: str) -> subprocess.Popen[str]:
        commands = {
            "endpoint": [sys.executable, str(KITS / "tests" / "batch_endpoint.py"), str(self.ports["endpoint"]), str(self.log)],
            "server": [
                *(str(BUILT / "headway"), "--json", "serve", "--listen", f"127.0.0.1:{self.ports['server']}"),
                *("--worker", str(BUILT / "worker"), "--workers", "2"),
            ],
        }
        for _ in range(100):
            process = subprocess.Popen(commands[name], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            assert process.stdout is not None
            # The first line says that it is ready. The port or the data may be in use until the killed one is quite gone.
            if process.stdout.readline():
                return process
            process.wait()
            time.sleep(0.1)
        raise AssertionError(f"the {name} could not be started")

    def command(self, *arguments: str) -> str:
        command = [str(BUILT / "headway"), "--json", *arguments]
        return subprocess.run(command, cwd=self.directory, env=self.environment, check=True, capture_output=True, text=True).stdout

    def kill(self, name: str) -> None:
        pid = self.worker() if name == "worker" else self.processes[name].pid
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.kills[name] += 1
        if name != "worker":
            self.processes[name].wait()
            self.processes[name] = self.start(name)

    def worker(self) -> Optional[int]:
        """One of the server's workers."""
        server = self.processes["server"].pid
        workers = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                words = stat.read_text().rsplit(")", 1)[1].split()
                if int(words[1]) == server and words[0] != "Z":
                    workers.append(int(stat.parent.name))
        return random.choice(workers) if workers else None

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture()
def parts(tmp_path: Path) -> Iterator[Parts]:
    all_parts = Parts(tmp_path)
    try:
        yield all_parts
    finally:
        all_parts.end()


def submitted(parts: Parts, items: int) -> subprocess.Popen[str]:
    """The command that submits so many items and follows the job."""
    with (parts.directory / "items.ndjson").open("w") as file:
        file.writelines(f'{{"n":{n}}}\n' for n in range(items))
    (parts.directory / "params.json").write_text('{"endpoint": "python"}')
    command = [str(BUILT / "headway"), "--json", "submit", "items.ndjson", "--processor", "http", "--params", "params.json"]
    options = ["--chunk-size", str(BATCH), "--tolerate", "0", "--detach"]
    return subprocess.Popen([*command, *options], cwd=parts.directory, env=parts.environment, stdout=subprocess.PIPE, text=True)


def job(parts: Parts) -> Any:
    """The only job, as soon as the server answers."""
    listed = [json.loads(line) for line in parts.command("list").splitlines()]
    jobs = listed[0]["jobs"] if listed and "jobs" in listed[0] else listed
    return jobs[0] if jobs else None


def ended(parts: Parts, most: float) -> Any:
    until = time.monotonic() + most
    while time.monotonic() < until:
        with suppress(subprocess.CalledProcessError):
            known = job(parts)
            if known and known["status"] in ENDED:
                return known
        time.sleep(0.5)
    raise AssertionError(f"the job has not ended: {job(parts)}")


def check(parts: Parts, known: Any, items: int) -> tuple[int, int]:
    """Every item is counted once and has its own result. Returns the requests and how many items came more than once."""
    counts = (known["status"], known["totalItems"], known["processedItems"], known["failedItems"], known["pendingItems"])
    assert counts == ("Completed", items, items, 0, 0), known
    seen = bytearray(items)
    for line in parts.command("results", known["id"]).splitlines():
        result = json.loads(line)
        index = result["index"]
        assert result["output"] == {"n": index, "doubled": 2 * index}, result
        seen[index] += 1
    assert seen == b"\1" * items, "an item has no result, or several"
    done = [0] * items
    requests = 0
    for line in parts.log.read_text().splitlines():
        requests += 1
        for index in line.split():
            done[int(index)] += 1
    assert min(done) >= 1, "an item is counted that the endpoint never got"
    return requests, sum(times > 1 for times in done)


def test_without_faults_a_batch_is_one_request(parts: Parts) -> None:
    items = 5_000
    assert submitted(parts, items).wait() == 0
    requests, again = check(parts, ended(parts, 120), items)
    assert (requests, again) == (items // BATCH, 0)


def test_exact_while_everything_is_killed(parts: Parts) -> None:
    began = time.monotonic()
    client = submitted(parts, ITEMS)
    random.seed(1)
    while True:
        time.sleep(random.uniform(0.2, 2 * SECONDS_BETWEEN_KILLS))
        with suppress(subprocess.CalledProcessError):
            known = job(parts)
            if known and known["status"] in ENDED:
                break
        assert time.monotonic() - began < 3_600, "the job has not ended within an hour"
        # Enough of each: without further kills the rest ends sooner.
        if min(parts.kills.values()) < max(3, ITEMS // 50_000):
            parts.kill(random.choice(list(parts.kills)))
    assert client.wait() == 0
    requests, again = check(parts, ended(parts, 120), ITEMS)
    seconds = time.monotonic() - began
    print(f"\n{ITEMS:,} items in {seconds:.0f} s: {requests:,} requests, {again:,} items came more than once, killed: {parts.kills}")
    assert requests >= ITEMS // BATCH
