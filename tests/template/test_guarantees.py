"""Every test that the page of guarantees names exists."""

import re

from stack import ROOT


def test_every_promise_names_tests_that_are_there():
    page = (ROOT / "docs/guarantees.md").read_text()
    promises = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "| ---"))]
    assert promises
    for promise in promises:
        tests = re.findall(r"`([\w/.]+)::(\w+)`", promise)
        assert tests, f"no test holds: {promise}"
        for file, name in tests:
            assert re.search(rf"\b(fn|def) {name}\b", (ROOT / file).read_text()), f"{file} has no test {name}"


def test_every_target_named_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in (ROOT / "docs").rglob("*.md"):
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
        assert named <= targets, f"{page.name} names {named - targets}"
