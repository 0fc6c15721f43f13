"""What `headway new` writes works as written: its tests, its demo, its CI file and what its README names."""

import re
import socket
import subprocess
import tomllib
from contextlib import contextmanager

import pytest
import yaml
from writing import NAME, REPOSITORY, Project


def test_its_ci_file_runs_its_tests(project, language):
    """The steps are run here: all of them need only what a fresh clone has."""
    workflow = yaml.safe_load((project.path / ".github/workflows/test.yml").read_text())
    assert workflow["env"] == {"HEADWAY_SOURCE": str(REPOSITORY)}
    steps = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert steps == ["make test"]
    (project.path / ".headway-source").unlink()
    done = project.make("test", **workflow["env"])
    passed = {"rust": r"test result: ok\. 2 passed", "python": r"5 passed", "node": r"# pass 5"}[language]
    assert re.search(passed, done.stdout), done.stdout


def test_a_job_runs_to_its_end_on_this_machine(project):
    """Three contacts are brought into one form, and the one without an address fails and says why."""
    done = project.make("demo")
    assert "Completed: 3 processed, 1 failed" in done.stderr, done.stderr
    assert re.search(r"^ *2 .* email ", done.stdout, re.MULTILINE), "the failure has the processor's own code"
    for told in ["/#token=", '"grace.hopper@example.com"', '"katherine@example.com"', "is not an email address"]:
        assert told in done.stdout, done.stdout


@contextmanager
def changed(project, language, old, new):
    """The project with another function."""
    file = project.path / {"python": "processor.py", "node": "processor.mjs"}[language]
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    try:
        yield
    finally:
        file.write_text(text)


def only_an_endpoint(language):
    if language == "rust":
        pytest.skip("its processor is in the worker")


def test_a_function_that_cannot_start_ends_the_demo_with_what_it_says(project, language):
    only_an_endpoint(language)
    with changed(project, language, "contact", "contact ?"):
        failed = project.make("demo", check=False)
    assert failed.returncode != 0 and "SyntaxError" in failed.stderr and "ended before it served" in failed.stderr, failed.stderr
    assert "Completed" not in failed.stderr


def test_no_item_goes_to_a_stranger_on_its_port(project, language):
    """Bug found: whoever listened there was sent the items, and what it answered counted."""
    only_an_endpoint(language)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.setblocking(False)
        failed = project.make("demo", check=False, PORT=str(stranger.getsockname()[1]))
        with pytest.raises(BlockingIOError):
            stranger.accept()
    assert failed.returncode != 0 and "ended before it served" in failed.stderr, failed.stderr
    assert re.search("already in use", failed.stderr, re.IGNORECASE), failed.stderr


def test_a_function_that_ends_its_process_ends_the_demo(project, language):
    """Its items would wait for it for ever."""
    only_an_endpoint(language)
    old, new = {
        "python": ("    email = item", "    os._exit(3)\n    email = item"),
        "node": ("  const email = item", "  process.exit(3);\n  const email = item"),
    }[language]
    with changed(project, language, old, new):
        failed = project.make("demo", check=False)
    assert failed.returncode != 0 and re.search(r"The endpoint .* has ended", failed.stderr), failed.stderr


def test_whoever_has_no_headway_is_told_that_it_is_built(project, tmp_path):
    """It takes minutes, and began without a word."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/Cargo.toml").touch()
    (tmp_path / "source/Makefile").write_text("command:\n\tcargo build\n")
    cargo = tmp_path / "bin/cargo"
    cargo.parent.mkdir()
    cargo.write_text("#!/bin/sh\necho building >&2\nexit 1\n")
    cargo.chmod(0o755)
    words = ["SOURCE=.other", f"PATH={cargo.parent}:/usr/bin:/bin", "HEADWAY=.other/target/demo/headway"]
    failed = project.make("submit", *words, check=False, HEADWAY_SOURCE=str(tmp_path / "source"))
    (project.path / ".other").unlink()
    assert failed.returncode != 0
    assert re.search("headway is not installed.* takes some minutes.*\n(.*\n)*building", failed.stderr), failed.stderr


def test_a_second_project_compiles_nothing_of_headway_again(project, language, tmp_path):
    """What the first one has built is kept with Headway's source."""
    if language != "rust":
        pytest.skip("nothing is compiled")
    project.make("runnable")
    done = Project(tmp_path, language).make("runnable")
    assert re.findall(r"Compiling (\S+)", done.stderr) == [NAME], done.stderr


def test_nothing_that_the_command_was_built_of_is_compiled_again(project, language):
    """Cargo compiles a crate again for each set of features, each profile and each compiler, and only once for the same."""
    if language != "rust":
        pytest.skip("nothing is compiled")
    again = crates(project.path) - crates(REPOSITORY, "--locked", "--package", "headway-local")
    assert not again, "shared/features/Cargo.toml has to ask for the features that the command asks for"
    of_command, of_project = packages(REPOSITORY / "tools/demo.toml"), packages(project.path / "Cargo.toml")
    assert of_command.pop("*") == {"opt-level": 0} and of_project.pop("*") == {"debug": False, "incremental": False}
    assert of_project == {name: of_command[name] for name in of_project}
    assert of_command.keys() - of_project.keys() == {"libsqlite3-sys"}, "a worker has no SQLite in it"
    assert (project.path / "rust-toolchain.toml").read_text() == (REPOSITORY / "rust-toolchain.toml").read_text()


def crates(directory, *words):
    """The crates of others that are compiled here, each with its version and features."""
    tree = ["cargo", "tree", *words, "--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"]
    lines = subprocess.run(tree, cwd=directory, check=True, capture_output=True, text=True).stdout.splitlines()
    return {re.sub(r" \((proc-macro|\*)\)", "", line) for line in lines if "(/" not in line}


def packages(manifest):
    """How dependencies are compiled, for each that has settings of its own."""
    return tomllib.loads(manifest.read_text())["profile"]["dev"]["package"]


def test_every_target_and_file_that_its_readme_names_is_there(project):
    readme = (project.path / "README.md").read_text()
    rules = "".join((project.path / file).read_text() for file in ("Makefile", "headway.mk"))
    targets = set(re.findall(r"^([a-z]+):.*##", rules, re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE)) <= targets
    assert set(re.findall(r"\033\[1m([a-z]+)", project.make("help").stdout)) == targets, "help lists all of them"
    for file in re.findall(r"\]\(([^):]+)\)", readme):
        assert (project.path / file.split("#")[0]).exists(), file


def test_only_what_is_written_is_to_be_committed(project):
    """What make and cargo leave behind is ignored; and a clone on another machine asks for the source that it needs."""
    git = ["git", "-c", "init.defaultBranch=main"]
    run = lambda *words: project.run(*git, *words).stdout
    run("init", "--quiet")
    untracked = {line[3:] for line in run("status", "--porcelain", "--untracked-files=all").splitlines()}
    written = {str(path.relative_to(project.path)) for path in project.created if path.name != ".headway-source"}
    assert untracked - {"Cargo.lock", "package-lock.json"} == written - {"Cargo.lock"}
    (project.path / ".headway-source").unlink()
    failed = project.make("test", check=False, HEADWAY_SOURCE="/nowhere")
    assert failed.returncode != 0 and "Headway's source is not at /nowhere" in failed.stderr, failed.stderr
    project.make(".headway-source/Cargo.toml")
