"""One event loop for async functions in hosts that block. It stays the same from call to call, so that clients which a
user's module opens once go on working."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Coroutine
from typing import Any, Optional, TypeVar

T = TypeVar("T")
_log = logging.getLogger("headway_kit")
_lock = threading.Lock()
_loop: Optional[asyncio.AbstractEventLoop] = None
_process: Optional[int] = None


def wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it on the loop's own thread, and waits for its result."""
    return asyncio.run_coroutine_threadsafe(coroutine, _shared()).result()


def _shared() -> asyncio.AbstractEventLoop:
    global _loop, _process
    with _lock:
        # A forked process has the loop, but not its thread.
        if _loop is None or _process != os.getpid():
            _loop, _process = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_keep_running, args=[_loop], name="headway-kit", daemon=True).start()
        return _loop


def _keep_running(loop: asyncio.AbstractEventLoop) -> None:
    """asyncio stops the loop if a task raises one of these. The task has failed with it already, and all others wait in the loop."""
    while True:
        try:
            return loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            _log.error("a task raised %s: the event loop goes on without it", type(error).__name__)
