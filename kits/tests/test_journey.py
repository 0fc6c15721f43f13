"""What a person does with a file: submit it, download the bad rows, correct them, retry only these, get the callback at the end, and download
one file with what became of each row. Once in the terminal and once over HTTP with curl. Every row of the two files is checked here.

`make test-kits` runs a small form, `make journey ROWS=1000000` a large one with a release build, and prints times and memory."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Optional

import pytest
from standardwebhooks import Webhook

KITS = Path(__file__).parents[1]
BUILT = Path(os.environ.get("BUILT", KITS.parent / "target" / "debug"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROWS = int(os.environ.get("ROWS", "5000"))
ROWS_PER_PART = 20_000
SECONDS_MAX = 3_600
COLUMNS = ["sku", "name", "price", "note"]
SCHEMA = {
    "type": "object",
    "required": ["sku", "name", "price"],
    "properties": {"sku": {"type": "string"}, "name": {"type": "string"}, "price": {"type": "number"}, "note": {"type": "string"}},
    "additionalProperties": False,
}


def is_bad(row: int) -> bool:
    """Three in a hundred."""
    return row % 100 in (7, 41, 83)


def written(row: int) -> list[str]:
    """A row as it is submitted: leading zeros, commas, quotes, line breaks, formulas, and prices that are no numbers."""
    name = [f"Part, no. {row}", f'The "{row}"', f"Größe {row}", f"line 1\nline {row}", f"=1+{row}"][row % 5]
    return [f"{row:09}", name, f"{row % 977},50" if is_bad(row) else f"{row % 977}.50", ["", "-", "@x"][row % 3]]


def mended(row: int) -> list[str]:
    sku, name, price, note = written(row)
    return [sku, name, price.replace(",", "."), note]


class Receiver(BaseHTTPRequestHandler):
    """Takes notices whose signatures are right."""

    notices: list[dict[str, Any]] = []
    refused = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            notice = Webhook(SECRET).verify(body, dict(self.headers.items()))
        except Exception:
            type(self).refused += 1
            self.send_response(400)
        else:
            type(self).notices.append(notice)
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Service:
    """The server, and its two kinds of callers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.receiver = HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.receiver.serve_forever, daemon=True).start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        endpoint = {"url": f"http://127.0.0.1:{self.receiver.server_port}/", "secret": SECRET, "allowPrivate": True}
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "AWS_"))},
            "HEADWAY_HTTP_ENDPOINTS": json.dumps({"crm": endpoint}),
            "HEADWAY_CALLBACKS": "crm",
            "HEADWAY_URL": self.url,
            "HEADWAY_LOG": "error",
            "XDG_STATE_HOME": str(directory),
        }
        self.process = subprocess.Popen(
            [BUILT / "headway", "serve", "--listen", f"127.0.0.1:{port}"], env=self.environment, stdout=subprocess.DEVNULL
        )
        self.measured: list[str] = []
        until("the server answers", lambda: self.curl("/healthz", check=False).startswith('{"status":"ok"'))
        self.token = json.loads(self.headway("token", "--user", "journey", "--ttl", "12h", "--json"))["token"]
        self.environment["HEADWAY_TOKEN"] = self.token

    def headway(self, *words: str, into: Optional[str] = None) -> str:
        """Runs the command, measures it, and returns what it printed, or writes that into a file."""
        began, target = time.monotonic(), self.directory / (into or "printed")
        with target.open("wb") as file:
            process = subprocess.Popen([BUILT / "headway", *words], env=self.environment, cwd=self.directory, stdout=file)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, words
        self.measured.append(f"{time.monotonic() - began:8.1f} s {usage.ru_maxrss >> 10:5} MB  headway {' '.join(words)}")
        return "" if into else target.read_text()

    def curl(self, path: str, *options: str, check: bool = True) -> str:
        token = getattr(self, "token", "")
        command = ["curl", "-sS", "-H", f"Authorization: Bearer {token}", *options, self.url + path]
        ended = subprocess.run(command, cwd=self.directory, capture_output=True, check=False)
        assert not check or ended.returncode == 0, ended.stderr
        return ended.stdout.decode()

    def pages(self, path: str, into: str) -> None:
        """All pages of a list, joined by following `Link`, as curl gives them."""
        (self.directory / into).unlink(missing_ok=True)
        query: Optional[str] = path
        while query is not None:
            self.curl(query, "--fail-with-body", "-D", "headers", "-o", "page")
            with (self.directory / into).open("ab") as file:
                file.write((self.directory / "page").read_bytes())
            link = re.search(r"^link: <\?([^>]*)>", (self.directory / "headers").read_text(), re.M | re.I)
            query = f"{path.partition('?')[0]}?{link[1]}" if link else None

    def timed(self, what: str, began: float) -> None:
        self.measured.append(f"{time.monotonic() - began:8.1f} s           {what}")

    def told(self, job: str, round_number: int) -> dict[str, Any]:
        """Waits for the notice of a round's end."""
        def find() -> Optional[dict[str, Any]]:
            return next((n for n in Receiver.notices if n["data"]["id"] == job and n["data"]["round"] == round_number), None)

        notice: dict[str, Any] = until(f"the notice of round {round_number}", find)
        # What was still running at the end is counted a moment later.
        until("nothing changes any more", lambda: not json.loads(self.curl(f"/v1/jobs/{job}"))["settling"])
        return notice

    def stop(self) -> None:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) >> 10  # type: ignore[index]
        data = sum(file.stat().st_size for file in (self.directory / "headway").rglob("*") if file.is_file()) >> 20
        self.measured.append(f"           {peak:5} MB  the server at most; {data} MB of data")
        self.process.terminate()
        self.process.wait(60)
        self.receiver.shutdown()


def until(what: str, look: Any) -> Any:
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {SECONDS_MAX} s: {what}")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.stop()
        print("\n" + "\n".join(service.measured))


def write_rows(path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(written(row) for row in range(ROWS))


def mend(bad: Path, mended_rows: Path) -> int:
    """Corrects the prices as a person with a spreadsheet does, who sees only this file."""
    with bad.open(newline="") as read, mended_rows.open("w", newline="") as write:
        rows, writer = csv.reader(read), csv.writer(write)
        header = next(rows)
        writer.writerow(header)
        price, count = header.index("price"), 0
        for row in rows:
            row[price] = row[price].replace(",", ".")
            writer.writerow(row)
            count += 1
    return count


def bad_rows() -> int:
    return sum(is_bad(row) for row in range(ROWS))


def check_rounds(job: dict[str, Any]) -> None:
    counts = [(r["processedItems"], r["failedItems"], r["correctedItems"]) for r in job["rounds"]]
    assert counts == [(ROWS - bad_rows(), bad_rows(), bad_rows()), (bad_rows(), 0, 0)], counts
    assert (job["status"], job["processedItems"], job["failedItems"], job["pendingItems"]) == ("Completed", ROWS, 0, 0)


def test_in_the_terminal(service: Service) -> None:
    rows = service.directory / "rows.csv"
    write_rows(rows)
    (service.directory / "schema.json").write_text(json.dumps({"schema": SCHEMA}))
    options = ["rows.csv", "--processor", "json-schema", "--params", "schema.json", "--tolerate", "5%", "--callback", "crm"]
    service.headway("submit", *options, "--dry-run")
    began = time.monotonic()
    job = json.loads(service.headway("submit", *options, "--json"))["id"]
    service.told(job, 1)
    service.timed("until the job's end was told", began)
    service.headway("failures", job, "--columns", "items", into="bad.csv")
    assert mend(service.directory / "bad.csv", service.directory / "mended.csv") == bad_rows()
    began = time.monotonic()
    service.headway("retry", job, "--with", "mended.csv")
    check_rounds(service.told(job, 2)["data"] | json.loads(service.curl(f"/v1/jobs/{job}")))
    service.timed("until the retry's end was told", began)
    service.headway("results", job, "--join", "rows.csv", "--cells", "raw", into="joined.csv")
    with (service.directory / "joined.csv").open(newline="") as file:
        joined = csv.reader(file)
        header = ["_index", *COLUMNS, "_status", "_correction", "_kind", "_code", "_error", "_attempts", *(f"output.{name}" for name in COLUMNS)]
        assert next(joined) == header
        row = -1
        for row, cells in enumerate(joined):
            outcome = ["Processed", "Used" if is_bad(row) else "", "", "", "", ""]
            assert cells == [str(row), *written(row), *outcome, *mended(row)], row
        assert row == ROWS - 1
    assert Receiver.refused == 0


def test_over_http(service: Service) -> None:
    text = {"processor": "json-schema", "params": {"schema": SCHEMA, "text": True}, "sealed": False, "callback": "crm"}
    body = json.dumps(text | {"toleratedFailures": {"percentage": 5}, "expectedItems": ROWS})
    began = time.monotonic()
    job = json.loads(service.curl("/v1/jobs", "--fail-with-body", "--json", body))["id"]
    ndjson = ["-H", "Content-Type: application/x-ndjson"]
    parts = range(0, ROWS, ROWS_PER_PART)
    for number, first in enumerate(parts):
        lines = (dict(zip(COLUMNS, written(row))) for row in range(first, min(ROWS, first + ROWS_PER_PART)))
        (service.directory / "part").write_text("".join(json.dumps(line) + "\n" for line in lines))
        service.curl(f"/v1/jobs/{job}/parts/{number}?firstIndex={first}", "--fail-with-body", "-T", "part", *ndjson)
    service.curl(f"/v1/jobs/{job}/seal", "--fail-with-body", "--json", json.dumps({"parts": len(parts)}))
    service.told(job, 1)
    service.timed("curl: sent in parts, until the job's end was told", began)
    began = time.monotonic()
    service.pages(f"/v1/jobs/{job}/failures?format=csv&columns=items&pageSize=1000&cells=raw", "bad.csv")
    service.timed("curl: the failed items", began)
    assert mend(service.directory / "bad.csv", service.directory / "mended.csv") == bad_rows()
    began = time.monotonic()
    with (service.directory / "mended.csv").open(newline="") as file, (service.directory / "lines").open("w") as lines:
        for cells in csv.DictReader(file):
            lines.write(json.dumps({"index": int(cells["_index"]), "item": {name: cells[name] for name in COLUMNS}}) + "\n")
    corrected = service.curl(f"/v1/jobs/{job}/items", "--fail-with-body", "-X", "PATCH", "--data-binary", "@lines", *ndjson)
    assert json.loads(corrected) == {"corrected": bad_rows()}
    service.curl(f"/v1/jobs/{job}/retry", "--fail-with-body", "--json", '{"round": 1}')
    check_rounds(service.told(job, 2)["data"] | json.loads(service.curl(f"/v1/jobs/{job}")))
    service.timed("curl: corrected, until the retry's end was told", began)
    began = time.monotonic()
    service.pages(f"/v1/jobs/{job}/items?format=csv&columns=outputs&pageSize=1000&cells=raw", "items.csv")
    service.timed("curl: every item", began)
    with (service.directory / "items.csv").open(newline="") as file:
        items = csv.reader(file)
        # Columns are looked for in the first 50,000 items. What has none would be in one more.
        rest = ["_item"] if ROWS > 50_000 else []
        assert next(items) == ["_index", "_id", "_status", "_correction", "_kind", "_code", "_error", "_attempts", *COLUMNS, *rest]
        row = -1
        for row, cells in enumerate(items):
            outcome = [str(row), "", "Processed", "Used" if is_bad(row) else "", "", "", "", ""]
            assert cells == [*outcome, *mended(row), *("" for _ in rest)], row
        assert row == ROWS - 1
    assert Receiver.refused == 0
