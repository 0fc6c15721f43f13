"""Every block of the documentation works as it is shown: commands are run, from the first of a page to the last, what they print is as
shown, and JSON, Python and JavaScript can be read. A block that needs AWS says so in a comment before it."""

import ast
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

from blocks import ROOT, blocks, pages

HERE = pathlib.Path(__file__).parent
BINARY = pathlib.Path(os.environ.get("HEADWAY_BINARY") or ROOT / "target/debug/headway")
DEFAULT_ADDRESS = "127.0.0.1:7070"
MARK = "@@@ block of line "
# What a page that starts no server assumes: a server, a job of a file with rows that failed, and their names.
SET_UP = f"""
cp {ROOT}/tests/docs/contacts.csv {ROOT}/tests/docs/contacts.schema.json .
cp contacts.csv rows.csv
headway serve
export TOKEN=$(headway token --user dev) URL=http://{DEFAULT_ADDRESS}
export HEADWAY=$URL
JOB=$(headway submit contacts.csv --processor json-schema --params contacts.schema.json --tolerate 100% --quiet)
headway failures "$JOB" --columns items | sed 's/not-an-address/hans@example.com/g' > corrected.csv
"""


def free_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def shell(tmp_path):
    """Runs commands in a directory of their own, and returns what they print. Ends the servers that they started."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/headway").symlink_to(BINARY)
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("target"))
    # Where `make demo` puts it.
    (tmp_path / "target/demo").mkdir(parents=True)
    (tmp_path / "target/demo/headway").symlink_to(BINARY)
    address = free_address()
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "XDG_STATE_HOME": str(tmp_path), "HEADWAY_TEST_LISTEN": address, "HEADWAY_URL": f"http://{address}"}

    def run(commands):
        script = (HERE / "prelude.sh").read_text() + commands.replace(DEFAULT_ADDRESS, address)
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
        return done.stdout.replace(address, DEFAULT_ADDRESS)

    yield run
    servers = tmp_path / "servers"
    for server in servers.read_text().split() if servers.exists() else []:
        os.kill(int(server), signal.SIGTERM)


def name(page):
    return str(page.relative_to(ROOT))


def to_run(page):
    return [block for block in blocks(page) if block.kind == "sh" and block.why is None]


@pytest.mark.parametrize("page", [page for page in pages() if to_run(page)], ids=name)
def test_the_commands_of_a_page_work_and_print_what_it_shows(page, shell):
    begins_alone = any(line.startswith("headway serve") for block in to_run(page) for line in block.text.splitlines())
    commands = "".join(f"echo; echo '{MARK}{block.line}'\n{block.text}\n" for block in to_run(page))
    printed = shell(("" if begins_alone else SET_UP) + commands).split(MARK)[1:]
    output = {int(text.split("\n", 1)[0]): text.split("\n", 1)[1] for text in printed}
    before = None
    for block in blocks(page):
        if block.kind == "text" and before in output:
            assert_shown(block, output[before])
        before = block.line if block.kind == "sh" else None


def assert_shown(block, output):
    """Each line that is shown is printed, in this order. `…` stands for anything."""
    pattern = ".*\n(?:.*\n)*?".join(".*".join(re.escape(part) for part in line.split("…")) for line in block.text.splitlines() if line.strip("… "))
    assert re.search(pattern, output), f"line {block.line} shows\n{block.text}but this was printed:\n{output}"


@pytest.mark.parametrize("page", pages(), ids=name)
def test_what_is_no_command_can_be_read(page):
    for block in blocks(page):
        place = f"{name(page)}:{block.line}"
        match block.kind:
            case "json":
                assert json.loads(block.text) is not None, place
            case "python":
                ast.parse(block.text, place)
            case "js" if shutil.which("node"):
                subprocess.run(["node", "--check", "--input-type=module", "-"], input=block.text, text=True, check=True)
            case "sh":
                subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
            case _:
                assert block.kind in {"text", "rust", "http", "html", "js"}, f"{place}: a block of {block.kind}"


def test_rust_that_is_in_a_file_is_that_of_the_file():
    """The file is compiled and run by its own tests."""
    shown = re.compile(r"^<!-- (\S+\.rs) -->\n```rust\n(.*?)^```$", re.M | re.S)
    found = [(page, *block) for page in pages() for block in shown.findall(page.read_text())]
    assert {"processors.md", "README.md"} <= {page.name for page, _, _ in found}
    for page, path, text in found:
        assert text.strip() in (ROOT / path).read_text(), f"{name(page)} shows other code than {path} has"


def test_every_option_of_a_processor_is_explained():
    options = re.findall(r"^    pub (\w+):", (ROOT / "shared/processor/src/options.rs").read_text(), re.M)
    page = (ROOT / "docs/processors.md").read_text()
    assert options and not [option for option in options if f"| `{option}` |" not in page]


def test_pictures_exist_and_are_small():
    named = [(page, path) for page in pages() for path in re.findall(r'(?:src|srcset)="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)', page.read_text())]
    for page, path in [(page, "".join(path)) for page, path in named]:
        if not path.startswith("http"):
            assert (page.parent / path).stat().st_size < 150_000, f"{name(page)}: {path}"
