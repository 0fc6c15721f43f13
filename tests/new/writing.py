"""Projects as `headway new` writes them, and their commands."""

import json
import os
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
HEADWAY = TARGET / "debug" / "headway"
NAME = "crm-sync"
LANGUAGES = ["rust", "python", "node"]


class Project:
    """A project on the disk."""

    def __init__(self, directory, language):
        self.path = directory / NAME
        self.home = directory / "home"
        self.home.mkdir()
        new = [HEADWAY, "new", self.path, "--lang", language, "--source", REPOSITORY, "--json"]
        written = subprocess.run(new, check=True, capture_output=True)
        self.created = [pathlib.Path(path) for path in json.loads(written.stdout)["created"]]

    def run(self, *words):
        """Runs a command in the project."""
        return subprocess.run(words, cwd=self.path, check=True, capture_output=True, text=True)

    def make(self, *words, check=True, **variables):
        """Runs make as a user does, with the command that was built here, and without this machine's own settings of Headway."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY", "XDG_STATE"))}
        environment |= {
            "PATH": f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}",
            "XDG_STATE_HOME": str(self.home),
            "HEADWAY": str(HEADWAY),
            # All runs share what was built of the crates that did not change.
            "CARGO_TARGET_DIR": str(TARGET / "new"),
            **variables,
        }
        done = subprocess.run(["make", *words], cwd=self.path, env=environment, capture_output=True, text=True, timeout=900)
        assert not check or done.returncode == 0, f"make {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done
