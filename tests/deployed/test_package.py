"""What `make package` writes is deployed by its own script with the AWS CLI: neither Rust nor SAM is at hand."""

import subprocess
import sys
import zipfile

import pytest
from deploying import ARTIFACTS, FUNCTIONS, ROOT, cli_environment, deployed, for_the_emulator
from emulator import ROOT as ACCOUNT


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    directory = tmp_path_factory.mktemp("package")
    for function in FUNCTIONS.values():
        with zipfile.ZipFile(ARTIFACTS / function / "bootstrap.zip") as archive:
            archive.extract("bootstrap", directory / "built" / function)
    words = [sys.executable, "tools/package.py", "--built", directory / "built", "--to", directory / "package"]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    for_the_emulator(directory / "package")
    return directory / "package"


def test_a_package_is_deployed_by_its_own_script(package, emulator, deployer, issuer):
    settings = {"STACK": "headway-packaged", "ISSUER": issuer.url, "AUDIENCE": "jobs", "BUCKET": "artifacts", "TAGS": "team=jobs stage=test"}
    done = subprocess.run(["tools/deploy.sh"], cwd=package, env={**cli_environment(emulator), **settings}, capture_output=True, text=True)
    assert done.returncode == 0 and "could not be called" not in done.stderr, done.stdout + done.stderr
    stack = deployed(emulator, ACCOUNT, "headway-packaged", "CREATE", {})
    user = stack.caller(issuer.token("packaged"))
    job = user.start({"processor": "json-schema", "params": {"schema": {"type": "object"}}, "items": [{"n": 1}, 2], "toleratedFailures": {"count": 1}})
    ended = user.until_ended(job["id"])
    assert (ended["status"], ended["processedItems"], ended["failedItems"]) == ("Completed", 1, 1)
    tags = emulator.client("cloudformation").describe_stacks(StackName="headway-packaged")["Stacks"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "jobs", "stage": "test"}
