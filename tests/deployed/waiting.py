"""Waiting for something to become so: looked at again and again until a deadline, never slept for."""

import time

# Far longer than anything takes on a busy machine: only what hangs gets there.
GENEROUS_S = 600


def until(what, look, within_s=GENEROUS_S, every_s=0.1):
    """What `look` returns once it is true. Fails, saying `what` did not come to be, after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(every_s)
