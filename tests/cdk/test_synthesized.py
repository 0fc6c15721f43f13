"""The stack of examples/deploy/app.py, synthesized: all of the packaged template is in it, with what the example changes."""

import json
import os
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = {"ApiFunction": "api", "WorkerFunction": "worker", "CleanupFunction": "cleanup"}


def packaged(directory):
    """The template of a package whose functions are in S3, as `aws cloudformation package` writes it."""
    for function in FUNCTIONS.values():
        (directory / "built" / function).mkdir(parents=True)
        (directory / "built" / function / "bootstrap").write_bytes(b"a program")
    package = [sys.executable, "tools/package.py", "--built", directory / "built", "--to", directory / "package"]
    subprocess.run(package, cwd=ROOT, check=True, capture_output=True)
    template = yaml.safe_load((directory / "package/template.yaml").read_text())
    for resource, function in FUNCTIONS.items():
        code = template["Resources"][resource]["Properties"]["Code"]
        assert code == f"{function}.zip" and (directory / "package" / code).is_file()
        template["Resources"][resource]["Properties"]["Code"] = {"S3Bucket": "artifacts", "S3Key": code}
    return template


def test_the_examples_stack_has_everything_and_its_own_values(tmp_path):
    template = packaged(tmp_path)
    (tmp_path / "headway.yaml").write_text(yaml.safe_dump(template, sort_keys=False))
    environment = {**os.environ, "HEADWAY_TEMPLATE": str(tmp_path / "headway.yaml"), "CDK_OUTDIR": str(tmp_path / "out")}
    subprocess.run([sys.executable, ROOT / "examples/deploy/app.py"], env=environment, check=True)
    made = json.loads((tmp_path / "out/Jobs.template.json").read_text())
    assert set(template["Resources"]) <= set(made["Resources"])
    assert "Transform" not in made, "it is plain CloudFormation"
    assert not {"JwtIssuer", "JwtAudience", "MaximumConcurrency"} & set(made["Parameters"])
    assert set(template["Parameters"]) - {"JwtIssuer", "JwtAudience", "MaximumConcurrency"} <= set(made["Parameters"])
    authorizer = made["Resources"]["JwtAuthorizer"]["Properties"]["JwtConfiguration"]
    assert authorizer == {"Audience": ["jobs"], "Issuer": "https://login.example.com/"}
    worker = made["Resources"]["WorkerFunction"]["Properties"]
    assert worker["Environment"]["Variables"]["DEPTH"] == "3"
    assert made["Resources"]["Table"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert made["Outputs"]["Api"]["Value"]
