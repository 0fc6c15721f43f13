"""A real server, and the document that it serves."""

import json
import os
import pathlib
import subprocess
import urllib.request

import pytest

HERE = pathlib.Path(__file__).parent
GENERATED = HERE / "generated"
BINARY = pathlib.Path(os.environ.get("HEADWAY_BINARY") or HERE.parents[1] / "target/debug/headway")


class Server:
    """`headway serve` on a free port, with its data in memory."""

    def __init__(self, state):
        self.env = {**os.environ, "XDG_STATE_HOME": str(state)}
        command = [BINARY, "--json", "serve", "--listen", "127.0.0.1:0", "--memory"]
        self.process = subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url, self.token = json.loads(self.process.stdout.readline())["url"].split("/#token=")

    def stop(self):
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("state"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def document(server):
    """The path of the served document."""
    GENERATED.mkdir(exist_ok=True)
    path = GENERATED / "openapi.json"
    with urllib.request.urlopen(f"{server.url}/openapi.json") as answer:
        path.write_bytes(answer.read())
    return path
