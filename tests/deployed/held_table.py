"""The table as a function reaches it through here. One call of a kind can be held on its way, so that two requests that race
meet in the same order each time."""

import threading

import urllib3
from serving import Server
from waiting import GENEROUS_S

# What belongs to one connection, and is not passed on.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-type", "date", "server"}


class HeldTable(Server):
    """Passes every call on to the emulator, and its answer back. `held` names the operation whose next call waits."""

    def __init__(self, emulator_url):
        self._emulator_url = emulator_url
        self._pool = urllib3.PoolManager(retries=False, timeout=GENEROUS_S, maxsize=16)
        self._lock = threading.Lock()
        self._held = None
        super().__init__()

    def hold(self, operation):
        """Holds the next call of this operation, and that one alone, until it is told to go on."""
        held = Held(operation)
        with self._lock:
            self._held = held
        return held

    def answer(self, request):
        operation = request.headers["x-amz-target"].partition(".")[2]
        if held := self._taken(operation):
            held.arrived.set()
            held.may_go_on.wait(GENEROUS_S)
        url, headers = self._emulator_url + request.path, dict(request.headers)
        answer = self._pool.request(request.command, url, body=request.body, headers=headers)
        return answer.status, answer.data, {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}

    def _taken(self, operation):
        """What holds this call, if it is to be held. From then on it holds no other."""
        with self._lock:
            if self._held is None or self._held.operation != operation:
                return None
            held, self._held = self._held, None
            return held


class Held:
    """A call that waits on its way to the table."""

    def __init__(self, operation):
        self.operation = operation
        self.arrived = threading.Event()
        self.may_go_on = threading.Event()

    def until_arrived(self):
        assert self.arrived.wait(GENEROUS_S), f"nobody called {self.operation}"

    def go_on(self):
        self.may_go_on.set()
