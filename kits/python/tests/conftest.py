"""Hypothesis makes the same examples in every run, and no test depends on time."""

import os

from hypothesis import settings

settings.register_profile(
    "kit", derandomize=True, database=None, deadline=None, max_examples=int(os.environ.get("HEADWAY_KIT_EXAMPLES", "100"))
)
settings.load_profile("kit")
