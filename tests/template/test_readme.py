"""What the README shows is true."""

import re

from stack import ROOT


def test_the_worker_shown_is_the_example():
    shown = (ROOT / "README.md").read_text()
    assert (ROOT / "examples/own-worker/src/main.rs").read_text().strip() in shown


def test_every_target_named_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text(), re.M))
    assert named and named <= targets
