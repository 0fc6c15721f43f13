"""A written project is deployed by the command in its README, on the emulator, and a job for its processor runs there.

Building for release takes minutes, so a stand-in for cargo hands out what was built before; all other commands are the real ones.
`make test-new-build` (REAL_BUILD=1) builds the worker's project with the real one, too."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from deploying import ARTIFACTS, BUCKET, FUNCTIONS, cli_environment, deployed, for_the_emulator
from emulator import ROOT as ACCOUNT
from emulator import Emulator
from issuer import Issuer
from test_seams import policy
from writing import NAME, REPOSITORY, TARGET, Project

CARGO = """#!{python}
import pathlib, shutil, sys
words = sys.argv[1:]
assert words[:3] == ["lambda", "build", "--release"] and "--arm64" in words, words
given = lambda name: [words[n + 1] for n, word in enumerate(words) if word == name]
(place,) = given("--lambda-dir")
for binary in given("--bin") or ["{name}"]:
    to = pathlib.Path(place, binary)
    to.mkdir(parents=True)
    shutil.copy2(pathlib.Path("{built}", binary), to / "bootstrap")
"""


REAL_BUILD = os.environ.get("REAL_BUILD") == "1"
JOB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
# What the processor `lambda` hands to a function: docs/processor-protocol.md.
BATCH = {
    "type": "headway.batch",
    "version": 1,
    "batch": "batch_5f0c2f3e-9a53-4d3c-8d0e-0d1f6a1d9b7c",
    "job": JOB,
    "round": 1,
    "processor": "lambda",
    "params": {"function": "contacts"},
    "limits": {"seconds": 10, "outputBytes": 16000, "answerBytes": 2500000},
    "items": [
        {"index": index, "id": None, "attempt": 1, "idempotencyKey": f"{JOB}/{index}", "item": {"name": "Ada", "email": email}}
        for index, email in ((17, "Ada@Example.com "), (18, "example.com"))
    ],
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    running = Emulator(tmp_path_factory.mktemp("emulator") / "log")
    running.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield running
    running.stop()


@pytest.fixture(scope="module")
def issuer():
    serving = Issuer()
    yield serving
    serving.stop()


def stand_in(directory, *binaries):
    """A directory with a cargo that hands out these, and Headway's own functions as `make test-deployed` has built them."""
    built = directory / "built"
    for function in ("api", "cleanup", "worker"):
        file = ARTIFACTS / function / "bootstrap.zip"
        assert file.exists(), f"{file} is not there: make test-deployed builds it"
        with zipfile.ZipFile(file) as archive:
            archive.extract("bootstrap", built / "unpacked")
        (built / "unpacked/bootstrap").chmod(0o755)
        (built / "unpacked/bootstrap").rename(built / function)
    for binary in binaries:
        shutil.copy2(binary, built)
    cargo = directory / "bin" / "cargo"
    cargo.parent.mkdir()
    cargo.write_text(CARGO.format(python=sys.executable, name=NAME, built=built))
    cargo.chmod(0o755)
    return cargo.parent


def packaged(directory):
    """A package of Headway, as `make package` writes it, changed for the emulator."""
    for function in FUNCTIONS.values():
        with zipfile.ZipFile(ARTIFACTS / function / "bootstrap.zip") as archive:
            archive.extract("bootstrap", directory / "unpacked" / function)
    words = [sys.executable, "tools/package.py", "--built", directory / "unpacked", "--to", directory / "package"]
    subprocess.run(words, cwd=REPOSITORY, check=True, capture_output=True)
    for_the_emulator(directory / "package")
    return directory / "package"


def make_deploy(project, emulator, issuer, tools, **settings):
    """Runs `make deploy`, and returns the stack."""
    stack = project.path.parent.name.replace("_", "-").strip("-")
    settings = {"STACK": stack, "ISSUER": issuer.url, "AUDIENCE": "jobs", "BUCKET": BUCKET, **settings}
    environment = cli_environment(emulator)
    environment["PATH"] = f"{tools}:{os.environ['PATH'] if REAL_BUILD else environment['PATH']}"
    done = project.make("deploy", *(f"{name}={value}" for name, value in settings.items()), **environment)
    assert "could not be called" not in done.stderr, done.stderr
    return deployed(emulator, ACCOUNT, stack, "CREATE", {})


def runs_to_its_end(stack, issuer, **job):
    """A job for the written processor, started at once: the worker has announced what it can do."""
    user = stack.caller(issuer.token("ada"))
    items = [{"name": "Ada", "email": "Ada@Example.com "}, {"name": "Alan", "email": "alan.example.com"}]
    started = user.start({**job, "items": items, "toleratedFailures": {"count": 1}})
    ended = user.until_ended(started["id"])
    assert (ended["status"], ended["processedItems"], ended["failedItems"]) == ("Completed", 1, 1)
    results = user.get(f"/v1/jobs/{started['id']}/results")["results"]
    assert [result["output"] for result in results] == [{"name": "Ada", "email": "ada@example.com"}]
    failures = user.get(f"/v1/jobs/{started['id']}/failures")["failures"]
    assert [failure["code"] for failure in failures] == ["email"]


def test_a_worker_of_ones_own(tmp_path, emulator, issuer):
    project = Project(tmp_path, "rust")
    for_the_emulator(project.path)
    if REAL_BUILD:
        # The emulator runs functions on this machine, not on arm64.
        stack = make_deploy(project, emulator, issuer, pathlib.Path(sys.executable).parent, ARCHITECTURE="")
    else:
        project.make("runnable")
        stack = make_deploy(project, emulator, issuer, stand_in(tmp_path, TARGET / "new" / "debug" / NAME))
    known = stack.caller(issuer.token("ada")).get("/v1/processors")["processors"]
    assert "contacts" in {processor["name"] for processor in known}
    runs_to_its_end(stack, issuer, processor="contacts")


def the_stack(emulator, name):
    return emulator.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_function(language, tmp_path, emulator, issuer):
    """It is a stack of its own, beside a Headway from a package: the machine needs no Rust."""
    project = Project(tmp_path, language)
    package = packaged(tmp_path)
    boundary = policy(emulator, f"boundary-{language}")
    given = {"TAGS": "team=jobs stage=test", "PERMISSIONS_BOUNDARY": boundary}
    stack = make_deploy(project, emulator, issuer, stand_in(tmp_path), PACKAGE=str(package), **given)
    described = [the_stack(emulator, name) for name in (stack.name, f"{stack.name}-function")]
    for each in described:
        assert {tag["Key"]: tag["Value"] for tag in each["Tags"]} == {"team": "jobs", "stage": "test"}, each
        # The emulator gives roles no boundary, so this is what the templates were told.
        assert {"ParameterKey": "PermissionsBoundary", "ParameterValue": boundary} in each["Parameters"], each
    (output,) = described[1]["Outputs"]
    answer = emulator.client("lambda").invoke(FunctionName=output["OutputValue"], Payload=json.dumps(BATCH))
    results = {result["index"]: result for result in json.loads(answer["Payload"].read())["results"]}
    assert results[17]["output"] == {"name": "Ada", "email": "ada@example.com"}
    assert (results[18]["error"]["kind"], results[18]["error"]["code"]) == ("permanent", "email")
