"""The three functions: of the same kind, each with its own role, log and folder."""

import pytest
from stack import ROOT, Stack, source

FUNCTIONS = {"ApiFunction": "api", "WorkerFunction": "worker", "CleanupFunction": "cleanup"}


def test_runtime_and_architecture(stack):
    for name, function in stack.functions().items():
        assert function["Runtime"] == "provided.al2023", name
        assert function["Architectures"] == ["arm64"], name
        assert function["Handler"] == "bootstrap", name


def test_tracing_is_off_unless_asked_for(stack):
    modes = {function["TracingConfig"]["Mode"] for function in stack.functions().values()}
    assert modes == {stack.parameters["Tracing"]}
    assert Stack().parameters["Tracing"] == "PassThrough"


def test_lambda_drops_no_line_that_a_function_wrote(stack):
    """With JSON logs Lambda filters by level too, and keeps INFO and above unless told otherwise."""
    logging = [f["LoggingConfig"] for f in stack.functions().values()]
    assert {(config["LogFormat"], config["ApplicationLogLevel"]) for config in logging} == {("JSON", "TRACE")}


def test_code_is_where_cargo_lambda_puts_it():
    resources = source()["Resources"]
    for name, binary in FUNCTIONS.items():
        assert resources[name]["Properties"]["CodeUri"] == f"target/lambda/{binary}/"
        manifest = (ROOT / "functions" / binary / "Cargo.toml").read_text()
        assert f'[[bin]]\nname = "{binary}"' in manifest, f"functions/{binary} no longer builds {binary}"


def test_a_log_group_each_that_forgets(stack):
    groups = stack.of_type("AWS::Logs::LogGroup")
    used = {name: f["LoggingConfig"]["LogGroup"] for name, f in stack.functions().items()}
    assert len(set(used.values())) == len(FUNCTIONS), used
    assert set(used.values()) <= set(groups), used
    assert all(group["RetentionInDays"] for group in groups.values())


def test_only_the_worker_knows_the_endpoints_secrets():
    stack = Stack(HttpEndpoints='{"crm": {}}')
    assert [name for name in FUNCTIONS if "HEADWAY_HTTP_ENDPOINTS" in stack.environment(name)] == ["WorkerFunction"]


def test_only_the_worker_knows_the_functions():
    stack = Stack(LambdaFunctions='{"resize": {"function": "resize"}}')
    assert [name for name in FUNCTIONS if "HEADWAY_LAMBDA_FUNCTIONS" in stack.environment(name)] == ["WorkerFunction"]
    assert not [name for name in FUNCTIONS if "HEADWAY_LAMBDA_FUNCTIONS" in Stack().environment(name)]


def test_the_api_answers_before_the_gateway_gives_up(stack):
    answer_s, gateway_s = 25, 30
    assert answer_s < stack.functions()["ApiFunction"]["Timeout"] < gateway_s


def test_a_schedule_drives_the_cleanup(stack):
    (rule,) = stack.of_type("AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert [target["Arn"] for target in rule["Targets"]] == ["CleanupFunction.Arn"]


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_alarms_watch_every_function(stack, metric):
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()
    watched = {
        dimension["Value"]
        for alarm in alarms
        if alarm["MetricName"] == metric
        for dimension in alarm["Dimensions"]
    }
    assert watched == set(FUNCTIONS)


def test_alarms_tell_the_topic_if_there_is_one():
    topic = "arn:aws:sns:eu-central-1:123456789012:alarms"
    for alarm in Stack(AlarmTopicArn=topic).of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == [topic]
    for alarm in Stack().of_type("AWS::CloudWatch::Alarm").values():
        assert "AlarmActions" not in alarm


def test_the_panic_of_an_item_can_be_caught():
    """cargo-lambda's release build aborts on panic unless the root manifest says otherwise."""
    import tomllib

    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert manifest["profile"]["release"]["panic"] == "unwind"


def test_cargo_lambda_builds_just_the_functions_and_nothing_embedded():
    import tomllib

    config = tomllib.loads((ROOT / "CargoLambda.toml").read_text())
    assert sorted(config["build"]["bin"]) == sorted(FUNCTIONS.values())
    packages = [tomllib.loads((ROOT / f"functions/{f}/Cargo.toml").read_text())["package"]["name"] for f in FUNCTIONS.values()]
    assert sorted(config["build"]["packages"]) == sorted(packages)
    assert "features" not in config["build"]
    assert config["watch"]["features"] == ["embedded"]
