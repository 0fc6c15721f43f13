"""ministack as a child process: AWS's services on loopback, with IAM enforced and Lambda bootstraps run natively."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile

import boto3
import urllib3
from botocore.config import Config
from waiting import GENEROUS_S, until

REGION = "eu-central-1"

# The account's root. Nothing else is trusted without a policy.
ROOT = ("AKIAROOTROOTROOTROOT", "root-of-the-emulated-account")


class Emulator:
    """Runs in its own process group, so that no function outlives it. Everything that it writes is in a directory that is
    deleted with it. Only its own and the functions' log is kept, in the file `log`."""

    def __init__(self, log):
        self._home = tempfile.TemporaryDirectory(prefix="headway-deployed.")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log_path = log
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [pathlib.Path(sys.executable).with_name("ministack")],
            cwd=self._home.name,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            until("the emulator answers", self._answers)
        except BaseException:
            self.stop()
            raise

    def client(self, service, credentials=ROOT):
        """An SDK client for the account's root user, or for these credentials."""
        key, secret = credentials
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=GENEROUS_S),
        )

    def log(self):
        """The log of the emulator and of the functions so far."""
        return self._log_path.read_text(errors="replace")

    def processes(self, name=None):
        """The process ids of all functions' instances, or of the instances of this function."""
        return [pid for pid in children_of(self._process.pid) if name is None or function_of(pid) == name]

    def stop(self):
        """Kills it with everything that it started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait(timeout=GENEROUS_S)
        until("nothing that it started runs", lambda: not alive_in_group(self._process.pid))
        self._log.close()
        self._home.cleanup()

    def _environment(self):
        key, secret = ROOT
        return {
            "PATH": os.environ["PATH"],
            "TMPDIR": self._home.name,
            "HOME": self._home.name,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "INFO",
            # Functions are given this endpoint only if the emulator has it itself.
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
        }

    def _answers(self):
        assert self._process.poll() is None, f"the emulator did not start:\n{self.log()}"
        try:
            return urllib3.request("GET", f"{self.url}/_ministack/health", timeout=1, retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False


# Ports that no system gives out by itself: the one found is still free when the emulator takes it.
PORTS = range(15_000, 25_000)


def free_port():
    """A free port."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) != 0:
                return port


def children_of(parent):
    return [pid for pid, _, parent_of_it, _ in all_processes() if parent_of_it == parent]


def alive_in_group(group):
    """The processes of a group that are not zombies."""
    return [pid for pid, state, _, group_of_it in all_processes() if group_of_it == group and state != "Z"]


def all_processes():
    """The id, state, parent and process group of each process."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The command's name, in parentheses, may hold anything.
                state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            yield int(entry.name), state, int(parent), int(group)


def function_of(pid):
    try:
        variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = b"AWS_LAMBDA_FUNCTION_NAME="
    return next((v.removeprefix(prefix).decode() for v in variables if v.startswith(prefix)), None)
