"""`make deploy` says what is missing before it builds, and passes every setting to the template unchanged."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml
from stack import GIVEN, ROOT, TEMPLATE, Stack, source

SCRIPT = (ROOT / "tools/deploy.sh").read_text()
RENAMED = {parameter: name for name, parameter in re.findall(r"([A-Z_]+)=([A-Z][a-z]\w+)", re.search(r'renamed="(.*?)"', SCRIPT, re.DOTALL)[1])}
# The settings, and the parameters that they set.
SETTINGS = {
    RENAMED.get(parameter, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).upper()): parameter for parameter in Stack().template["Parameters"]
}
NEEDED = {"STACK": "jobs", "ISSUER": GIVEN["JwtIssuer"], "AUDIENCE": GIVEN["JwtAudience"]}
ENDPOINTS = '{"crm": {"url": "https://crm.example/a?b=c", "secret": "whsec_\\"\\\\ \'$x"}}'


@pytest.fixture
def run(tmp_path):
    """Runs the script in a copy of the project's top directory, with fake tools that only record how they were called."""
    for name in ["tools", "bin", "target/lambda"]:
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tools/deploy.sh").write_text(SCRIPT)
    (tmp_path / "template.yaml").write_text(TEMPLATE.read_text())
    for function in ["api", "worker", "cleanup"]:
        bootstrap = tmp_path / f"target/lambda/{function}/bootstrap"
        bootstrap.parent.mkdir()
        bootstrap.touch(0o755)

    def run(*words, tools=("sam", "aws"), **variables):
        calls = tmp_path / "calls"
        calls.write_text("")
        for tool in (tmp_path / "bin").iterdir():
            tool.unlink()
        # The script's own tools, and no sam or aws of this machine.
        for tool in ["bash", "dirname", "grep", "mkdir", "sed", "tr"]:
            found = subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip()
            (tmp_path / "bin" / tool).symlink_to(os.path.realpath(found))
        for tool in tools:
            path = tmp_path / "bin" / tool
            path.write_text(
                f"#!{sys.executable}\nimport json, sys\n"
                f"open({str(calls)!r}, 'a').write(json.dumps([{tool!r}] + sys.argv[1:]) + chr(10))\n"
            )
            path.chmod(0o755)
        environment = {"PATH": str(tmp_path / "bin"), **variables}
        ended = subprocess.run(
            ["bash", str(tmp_path / "tools/deploy.sh"), *words], env=environment, capture_output=True, text=True
        )
        return ended, [json.loads(line) for line in calls.read_text().splitlines()]

    return run


def overrides(call):
    """The parameters of a call, as the tool reads them."""
    given = call[call.index("--parameter-overrides") + 1 :]
    if call[0] == "sam":
        given = [word for argument in given for word in shlex.split(argument)]
    return dict(argument.split("=", 1) for argument in given)


def test_every_parameter_of_the_template_can_be_given(run):
    given = {name: "" if name == "HTTP_ENDPOINTS_SECRET" else "https://a.example" if "JWKS" in name else "7" for name in SETTINGS}
    ended, calls = run(**{**given, **NEEDED})
    assert ended.returncode == 0, ended.stderr
    (deploy,) = [call for call in calls if "deploy" in call]
    assert overrides(deploy) == {parameter: {**given, **NEEDED}[name] for name, parameter in SETTINGS.items()}


def test_only_parameters_of_the_template_are_renamed():
    assert set(RENAMED) <= set(Stack().template["Parameters"])


@pytest.mark.parametrize("tools", [("sam", "aws"), ("aws",)])
def test_what_is_given_reaches_the_template_and_nothing_else_is_touched(run, tools):
    given = {**NEEDED, "CONCURRENCY": "7", "HTTP_ENDPOINTS": ENDPOINTS, "ORIGINS": "", "BUCKET": "artifacts", "TAGS": "team=jobs stage=test"}
    ended, calls = run(tools=tools, **given)
    assert ended.returncode == 0, ended.stderr
    (deploy,) = [call for call in calls if "deploy" in call]
    assert deploy[0] == tools[0]
    assert overrides(deploy) == {
        "JwtIssuer": GIVEN["JwtIssuer"],
        "JwtAudience": GIVEN["JwtAudience"],
        "MaximumConcurrency": "7",
        "HttpEndpoints": ENDPOINTS,
        "Origins": "",
    }
    assert deploy[deploy.index("--stack-name") + 1] == "jobs"
    tags = deploy.index("--tags") + 1
    assert deploy[tags : tags + 2] == ["team=jobs", "stage=test"] and deploy[tags + 2].startswith("--")
    assert "headway doctor --stack jobs" in ended.stdout
    if tools == ("aws",):
        assert [call[2] for call in calls[:3]] == ["package", "deploy", "describe-stacks"], "and it prints where the API is"


@pytest.mark.parametrize("tools, called", [(("sam", "aws"), "invoke"), (("aws",), "invoke"), (("sam",), "WorkerFunction")])
def test_the_worker_is_called_once_so_that_it_tells_of_its_processors(run, tools, called):
    ended, calls = run(tools=tools, **NEEDED, BUCKET="artifacts")
    assert ended.returncode == 0, ended.stderr
    assert called in calls[-1] and '{"Records": []}' in calls[-1], calls[-1]


def test_what_is_missing_is_said_all_at_once_and_before_anything_is_built(run):
    ended, calls = run("--check", tools=("aws",), AUTH="jwks")
    assert ended.returncode == 2 and not calls
    for name in ["STACK", "ISSUER", "AUDIENCE", "JWKS_URL", "BUCKET"]:
        assert f"{name} is not given: " in ended.stderr, name
    ended, _ = run("--check", tools=(), **NEEDED)
    assert ended.returncode == 2 and "neither sam nor aws is installed" in ended.stderr
    ended, calls = run("--check", **NEEDED)
    assert (ended.returncode, ended.stderr, calls) == (0, "", [])
    recipe = re.search(r"^deploy:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert [line.split()[0].lstrip("@") for line in recipe.splitlines()] == ["tools/deploy.sh", "$(MAKE)", "tools/deploy.sh"]
    assert "--check" in recipe.splitlines()[0]


REFUSED = {
    "an issuer over http, which API Gateway cannot read": ({"ISSUER": "http://login.example/"}, "ISSUER is http://login.example/, which is no https URL"),
    "no issuer's URL": ({"ISSUER": "login.example"}, "ISSUER is login.example"),
    "keys over http": ({"AUTH": "jwks", "JWKS_URL": "http://login.example/keys"}, "JWKS_URL is http://login.example/keys"),
    "a stack's name that is none": ({"STACK": "my_jobs"}, "STACK is my_jobs"),
    "a stack's name that is too long": ({"STACK": "j" * 129}, "STACK is jjj"),
    "more processors than an environment holds": ({"PROCESSORS": "[" + " " * 1_779 + "]"}, "PROCESSORS has 1781 bytes, but 1780 is the maximum"),
    "the same in bytes": ({"PROCESSORS": "ü" * 1_051}, "PROCESSORS has 2102 bytes"),
    "a file system without a VPC": ({"WORKER_FILE_SYSTEM": "arn:aws:elasticfilesystem:…"}, "WORKER_SUBNETS is not given"),
    "endpoints in two places": ({"HTTP_ENDPOINTS": "{}", "HTTP_ENDPOINTS_SECRET": "arn:aws:…"}, "are both given"),
    "more endpoints than an environment holds": ({"HTTP_ENDPOINTS": " " * 4_000}, "HTTP_ENDPOINTS has 4000 bytes, but 1580 is the maximum"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_aws_would_refuse_late_is_refused_before_anything_is_built(run, what):
    given, words = REFUSED[what]
    ended, calls = run("--check", **{**NEEDED, **given})
    assert ended.returncode == 2 and not calls
    assert words in ended.stderr, ended.stderr


def arns(region):
    """Every setting that takes an ARN, with one of this region."""
    of = {
        "HTTP_ENDPOINTS_SECRET": "secretsmanager:{}:123456789012:secret:endpoints-a1B2c3",
        "EVENT_BUS": "events:{}:123456789012:event-bus/jobs",
        "LAMBDA_FUNCTION_ARNS": "lambda:{}:123456789012:function:resize:live",
        "WORKER_LAYERS": "lambda:{}:123456789012:layer:tools:1",
        "WORKER_FILE_SYSTEM": "elasticfilesystem:{}:123456789012:access-point/fsap-0a1b",
        "KMS_KEY": "kms:{}:123456789012:key/1234abcd-12ab",
        "ALARM_TOPIC": "sns:{}:123456789012:alarms",
    }
    return {name: "arn:aws:" + arn.format(region) for name, arn in of.items()}


def test_whatever_an_arn_names_is_in_the_stacks_region(run):
    patterns = {name: source()["Parameters"][parameter].get("AllowedPattern", "") for name, parameter in SETTINGS.items()}
    of_iam = {"WORKER_POLICIES": "arn:aws:iam::aws:policy/ReadOnlyAccess", "PERMISSIONS_BOUNDARY": "arn:aws:iam::123456789012:policy/boundary"}
    assert set(arns("")) | set(of_iam) == {name for name, pattern in patterns.items() if "arn:" in pattern}
    given = {**NEEDED, **of_iam, "WORKER_SUBNETS": "subnet-1", "WORKER_SECURITY_GROUPS": "sg-1"}
    for region in [{"AWS_REGION": "eu-west-1"}, {"AWS_DEFAULT_REGION": "eu-west-1"}, {}]:
        ended, _ = run("--check", **given, **arns("eu-west-1"), **region)
        assert (ended.returncode, ended.stderr) == (0, ""), region
    for name, arn in arns("us-east-1").items():
        # It is the second of two, where there can be two.
        two = f"{arns('eu-west-1')[name]},{arn}" if "(,arn:" in patterns[name] else arn
        ended, _ = run("--check", **given, **{name: two, "AWS_REGION": "eu-west-1"})
        assert ended.returncode == 2 and f"{name} names something in us-east-1, but the stack is in eu-west-1" in ended.stderr, name


def test_what_just_fits_is_deployed(run):
    parameters = source()["Parameters"]
    full = {name: "x" * most for name, parameter in SETTINGS.items() if (most := parameters[parameter].get("MaxLength"))}
    assert {"PROCESSORS", "HTTP_ENDPOINTS"} <= set(full)
    # The endpoints are in one of them.
    del full["HTTP_ENDPOINTS_SECRET"]
    addresses = {name: "https://x.example/".ljust(len(full[name]), "x") for name in ("ISSUER", "JWKS_URL")}
    ended, _ = run("--check", **{**NEEDED, **full, **addresses, "STACK": "j" * 128})
    assert (ended.returncode, ended.stderr) == (0, "")


def test_nothing_is_deployed_that_was_not_built(run, tmp_path):
    (tmp_path / "target/lambda/worker/bootstrap").unlink()
    ended, calls = run(**NEEDED)
    assert ended.returncode == 1 and not calls
    assert "target/lambda/worker/bootstrap is missing" in ended.stderr


def test_the_build_leaves_what_is_packaged():
    """CodeUri names a folder, which SAM zips. A zip by cargo-lambda in it would be zipped again and could not start."""
    recipe = re.search(r"^build:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert "cargo lambda build --release --arm64" in recipe
    assert "--output-format" not in recipe and "rm -rf target/lambda" in recipe


def test_a_projects_own_worker_gets_into_its_package(tmp_path):
    """Bug found: `headway new` wrote no way to a package, and its worker had to be put into Headway's by hand."""
    project = tmp_path / "crm-sync"
    (project / "tools").mkdir(parents=True)
    text = (ROOT / "template.yaml").read_text().replace("target/lambda/worker/", "target/lambda/crm-sync/")
    (project / "template.yaml").write_text(text)
    shutil.copy2(ROOT / "tools/deploy.sh", project / "tools")
    words = [sys.executable, str(ROOT / "tools/package.py"), "--project", "."]
    missing = subprocess.run(words, cwd=project, capture_output=True, text=True)
    assert missing.returncode == 1 and "target/lambda/crm-sync/bootstrap" in missing.stderr, missing.stderr
    for folder in ["api", "cleanup", "crm-sync"]:
        (project / "target/lambda" / folder).mkdir(parents=True)
        (project / "target/lambda" / folder / "bootstrap").write_text(folder)
    done = subprocess.run(words, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for function, folder in {"api": "api", "cleanup": "cleanup", "worker": "crm-sync"}.items():
        with zipfile.ZipFile(project / "target/package" / f"{function}.zip") as archive:
            assert archive.read("bootstrap").decode() == folder
    resources = yaml.safe_load((project / "target/package/template.yaml").read_text())["Resources"]
    assert resources["WorkerFunction"]["Properties"]["Code"] == "worker.zip"
    assert (project / "target/package/tools/deploy.sh").stat().st_mode & 0o111
