"""What `headway new` writes works as written: its tests, its demo, its CI file and what its README names."""

import os
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


def test_a_job_that_fails_shows_its_failures_and_a_file_may_have_any_name(project):
    """Bugs found: the demo ended with advice that nobody could follow any more, before it showed what had failed; and a space in the file's
    name made two words of it."""
    file = project.path / "Ada's contacts $.csv"
    file.write_bytes((project.path / "contacts.csv").read_bytes())
    try:
        failed = project.make("demo", check=False, FILE=file.name, TOLERATE="0")
    finally:
        file.unlink()
    assert failed.returncode != 0 and "Failed: " in failed.stderr, failed.stderr
    assert re.search(r"What failed:\n(.*\n)* *2 .* email .*is not an email address", failed.stdout), failed.stdout
    assert "the data of this demo is deleted" in failed.stdout


def test_another_source_than_the_one_that_is_linked_is_not_passed_over(project, tmp_path):
    """Bug found: the old one was tested and deployed."""
    for other in ["/nowhere", str(tmp_path)]:
        failed = project.make("help", check=False, HEADWAY_SOURCE=other, MAKELEVEL="0")
        assert failed.returncode != 0 and f".headway-source is not {other}: remove .headway-source" in failed.stderr, failed.stderr
    rules = project.path / "headway.mk"
    text = rules.read_text()
    rules.write_text(re.sub("^HEADWAY_SOURCE .*", f"HEADWAY_SOURCE ?= {tmp_path}", text, flags=re.MULTILINE))
    try:
        warned = project.make("help", MAKELEVEL="0")
    finally:
        rules.write_text(text)
    assert f".headway-source is used, which is not {tmp_path}" in warned.stderr, warned.stderr
    assert not project.make("help", MAKELEVEL="0", HEADWAY_SOURCE=f"{REPOSITORY}/").stderr


def test_what_is_beside_a_function_is_deployed_with_it(project, language, tmp_path):
    """Bug found: a package without __init__.py, and files that the function reads, were left out without a word."""
    only_an_endpoint(language)
    (tmp_path / "template.yaml").touch()
    deployed = ["rates.json", "config.yaml", "lib/module.py", "lib/module.js", "data/two words.txt", "src/part.mjs"]
    left_out = ["my orders.csv", "lib/test_module.py", "lib/module.test.js", ".env", "lib/.env", "tests/rows.txt"]
    paths = [project.path / name for name in deployed + left_out]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    try:
        done = project.make("build", PACKAGE=str(tmp_path))
    finally:
        for path in paths:
            path.unlink()
    built = {str(path.relative_to(project.path / "build/function")) for path in (project.path / "build/function").rglob("*")}
    tests_of_others = {"lib/module.test.js"} if language == "python" else {"lib/test_module.py"}
    assert built >= set(deployed), set(deployed) - built
    assert not built & (set(left_out) - tests_of_others), built & set(left_out)
    assert re.search(r"^The function: .*\blib\b", done.stdout, re.MULTILINE), done.stdout


def test_settings_that_a_function_cannot_be_deployed_with_are_refused(project, language):
    """Bugs found: functions that were given were replaced without a word, and with a wrong package Headway was built for many minutes."""
    only_an_endpoint(language)
    stack = "s" * 120
    words = [f"STACK={stack}", "LAMBDA_FUNCTIONS={}", "LAMBDA_FUNCTION_ARNS=arn", "PACKAGE=/a/wrong/path"]
    failed = project.make("deploy", *words, check=False)
    assert failed.returncode != 0 and "cargo" not in failed.stdout + failed.stderr, failed.stderr
    for told in ["LAMBDA_FUNCTIONS and LAMBDA_FUNCTION_ARNS are set by", "PACKAGE is /a/wrong/path, which has no", "STACK has 120 characters"]:
        assert told in failed.stderr, failed.stderr


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


@pytest.mark.parametrize("end", ["script", "endpoint"])
def test_the_server_ends_with_the_script_and_with_its_endpoint(project, language, tmp_path, end):
    """Bugs found: told to stop, the script stopped the endpoint alone, and the server kept its port and its data. A dead endpoint was no error."""
    only_an_endpoint(language)
    os.mkfifo(tmp_path / "go")
    programs = {
        "endpoint": f"#!/bin/sh\necho serving on http://127.0.0.1:1\nread _ <{tmp_path}/go\n",
        "server": "#!/bin/bash\ntrap 'echo stops; exit 0' TERM\necho runs\nwhile :; do sleep 0.1; done\n",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    script = [project.path / "tools/with-endpoint.sh", tmp_path / "server"]
    environment = {**os.environ, "ENDPOINT": str(tmp_path / "endpoint")}
    with subprocess.Popen(script, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "runs\n"
        if end == "script":
            running.terminate()
        else:
            (tmp_path / "go").write_text("")
        # Its output ends when the server has ended, too.
        assert running.communicate(timeout=120)[0] == "stops\n"
        assert running.returncode == (-15 if end == "script" else 1)


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
