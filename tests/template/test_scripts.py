"""No script depends on timing: if a reader ends early, its writer fails, and with pipefail sometimes the whole script."""

import re

from stack import ROOT

SCRIPTS = [*ROOT.glob("tests/*.sh"), *ROOT.glob("tools/*.sh"), *ROOT.glob("examples/*.sh"), ROOT / ".ci/run", ROOT / "Makefile"]
# What stops reading when it has seen enough.
LEAVES_EARLY = r"\|\s*(grep\b[^|]*\s(-\w*[qm]|--quiet|--silent|--max-count)|head\b|sed\b[^|]*\bq\b|awk\b[^|]*\bexit\b)"


def test_no_reader_leaves_before_its_writer_has_ended():
    assert len(SCRIPTS) >= 5
    for script in SCRIPTS:
        for number, line in enumerate(script.read_text().splitlines(), 1):
            # A writer that may be cut off by its reader says so.
            if re.search(LEAVES_EARLY, line) and not line.rstrip().endswith("|| true"):
                raise AssertionError(f"{script.name}:{number}: read it to its end, into a variable: {line.strip()}")


def test_scripts_end_at_the_first_error():
    for script in SCRIPTS:
        if script.suffix == ".sh" or script.name == "run":
            assert "set -euo pipefail" in script.read_text(), script.name


def test_ci_runs_what_the_readme_calls_the_tests():
    commands = (ROOT / ".ci/run").read_text()
    assert re.search(r"^make test$", commands, re.MULTILINE)
    assert "make test " in (ROOT / "README.md").read_text()
