"""The endpoint of the `http` processor: a processor in another language, that remembers what it was called for."""

import collections
import json
import threading

from serving import Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAME = "shop"


class Endpoint(Server):
    """Does what an item says: `{"do": "reply"}` has an output, `"refuse"` fails for good, `"busy"` may pass after so many
    `times`; `"later"` fails and `"wait"` has no answer until what they are `for` is open. Else it is done, without output."""

    def __init__(self):
        self._lock = threading.Condition()
        self._calls = collections.Counter()
        self._count = 0
        self._every, self._act = 1, None
        self._open = set()
        self._stopped = False
        super().__init__()

    def configuration(self):
        """As the template's parameter `HttpEndpoints` wants it. The address is this machine's own."""
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
        """How often it was called for each item of a job, by index."""
        with self._lock:
            return {index: count for (of, index), count in sorted(self._calls.items()) if of == job}

    def at_every(self, calls, act):
        """Does something, or from now on nothing, before it answers each so many calls."""
        with self._lock:
            self._every, self._act = calls, act

    def open(self, name):
        """Answers what waits for it, and from now on does what was refused until then."""
        with self._lock:
            self._open.add(name)
            self._lock.notify_all()

    def stop(self):
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
        super().stop()
