"""Waits for a condition: checks it again and again until a deadline."""

import time

# Far longer than anything takes on a busy machine: only what hangs gets there.
GENEROUS_S = 600


def until(what, look, within_s=GENEROUS_S, every_s=0.1):
    """Returns what `look` returns, once that is true. After `within_s` seconds it fails and names `what`."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(every_s)
