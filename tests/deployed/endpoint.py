"""The endpoint of the `http` processor: a processor in another language that records its calls."""

import collections
import json
import threading

from serving import Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAME = "shop"


class Endpoint(Server):
    """Does what an item says: `{"do": "reply"}` has an output, `"refuse"` fails permanently, `"busy"` succeeds after so many
    `times`; `"later"` fails and `"wait"` has no answer until the name in `for` is opened. Otherwise it is done, without output."""

    def __init__(self):
        self._lock = threading.Condition()
        self._calls = collections.Counter()
        self._count = 0
        self._every, self._act = 1, None
        self._open = set()
        self._stopped = False
        super().__init__()

    def configuration(self):
        """The value of the template's parameter `HttpEndpoints`. The address is this machine's own."""
        return json.dumps({NAME: {"url": f"{self.url}/", "secret": SECRET, "allowPrivate": True, "timeoutSeconds": 30}})

    def answer(self, request):
        job, index = request.headers["headway-job"], int(request.headers["headway-index"])
        item = json.loads(request.body)
        what, name = item.get("do"), item.get("for")
        with self._lock:
            self._calls[job, index] += 1
            count = self._calls[job, index]
            self._count += 1
            act = self._act if self._count % self._every == 0 else None
            if what == "wait":
                self._lock.wait_for(lambda: name in self._open or self._stopped)
            refused = what == "refuse" or (what == "later" and name not in self._open)
        if act:
            act()
        if what == "busy" and count <= item["times"]:
            return 503, {"message": "come again"}
        if refused:
            return 422, {"message": "no such product"}
        return 200, {"seen": index} if what == "reply" else None

    def calls(self, job):
        """The number of calls for each item of a job, by index."""
        with self._lock:
            return {index: count for (of, index), count in sorted(self._calls.items()) if of == job}

    def at_every(self, calls, act):
        """Calls this function before it answers every n-th call; None ends that."""
        with self._lock:
            self._every, self._act = calls, act

    def open(self, name):
        """Answers the calls that wait for this name, and from now on does what it refused before."""
        with self._lock:
            self._open.add(name)
            self._lock.notify_all()

    def stop(self):
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
        super().stop()
