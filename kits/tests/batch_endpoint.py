"""A Python endpoint that notes every item it has done before it answers: `batch_endpoint.py PORT LOG`."""

from __future__ import annotations

import os
import sys

from headway_kit import Item, batch_processor
from headway_kit.wsgi import serve

PORT, LOG = int(sys.argv[1]), sys.argv[2]
done = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@batch_processor
def process(items: list[Item]) -> list[object]:
    # One write: a process that is killed leaves a whole line or none.
    os.write(done, (" ".join(str(item.index) for item in items) + "\n").encode())
    return [{"n": item.value["n"], "doubled": 2 * item.value["n"]} for item in items]


serve(process, port=PORT)
