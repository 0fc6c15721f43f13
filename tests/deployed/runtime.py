"""Lambda's Runtime API for one instance of a function, without an emulator in between."""

import os
import pathlib
import queue
import subprocess
import tempfile
import time
import zipfile

from emulator import REGION, ROOT
from serving import Server

# What the function is told of its deadline, and how long this waits: far longer than it takes on a busy machine.
ANSWERS_WITHIN_S = 600


def processor_s(process):
    """The processor time that a process has used so far, from Linux. Time of other processes does not count."""
    told = [thread.read_text() for thread in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")]
    return sum(int(line.split()[0]) for line in told) / 1e9


class Instance(Server):
    """A function's release binary, which gets one event after the other; the time for each is measured."""

    def __init__(self, artifact, variables, endpoint_url):
        self._events, self._answers = queue.Queue(), queue.Queue()
        super().__init__()
        self._home = tempfile.TemporaryDirectory(prefix="headway-instance.")
        with zipfile.ZipFile(artifact) as archive:
            binary = archive.extract("bootstrap", self._home.name)
        os.chmod(binary, 0o755)
        key, secret = ROOT
        environment = {
            **variables,
            "AWS_LAMBDA_RUNTIME_API": self.url.removeprefix("http://"),
            "AWS_LAMBDA_FUNCTION_NAME": "api",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
        }
        self._process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answer(self, request):
        if request.path.endswith("/invocation/next"):
            event = self._events.get()
            deadline = str(int((time.time() + ANSWERS_WITHIN_S) * 1000))
            arn = f"arn:aws:lambda:{REGION}:000000000000:function:api"
            headers = {"aws-request-id": "1", "deadline-ms": deadline, "invoked-function-arn": arn}
            return 200, event, {f"lambda-runtime-{name}": value for name, value in headers.items()}
        self._answers.put((request.path, request.body))
        return 202, None

    def invoke(self, event):
        """The seconds of processor time, and the bytes of the answer."""
        before = processor_s(self._process.pid)
        self._events.put(event)
        path, body = self._answers.get(timeout=ANSWERS_WITHIN_S)
        assert path.endswith("/response"), body
        return processor_s(self._process.pid) - before, body

    def stop(self):
        self._process.kill()
        self._process.wait()
        super().stop()
        self._home.cleanup()
