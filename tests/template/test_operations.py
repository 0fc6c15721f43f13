"""What operators see: metrics that the code sends, a dashboard with existing metrics, and a section in the runbook for
every alarm."""

import json
import re

import pytest
from stack import ROOT, Stack, source
from test_code import code, folders_of

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
FUNCTIONS = {"WorkerFunction": "worker", "CleanupFunction": "cleanup"}
# Lambda sends metrics every minute after a call has ended, and CloudWatch needs some time to show them.
METRIC_LATE_S = 180

# What AWS sends by itself, by namespace: the dimension and the metrics, as its documentation names them.
FROM_AWS = {
    "AWS/ApiGateway": ("ApiId", {"Count", "4xx", "5xx", "Latency", "IntegrationLatency"}),
    "AWS/DynamoDB": (
        "TableName",
        {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"},
    ),
    "AWS/Events": ("RuleName", {"FailedInvocations", "Invocations", "TriggeredRules"}),
    "AWS/Lambda": ("FunctionName", {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"}),
    "AWS/SQS": (
        "QueueName",
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfMessagesReceived",
        },
    ),
}
TYPES = {
    "ApiId": "AWS::ApiGatewayV2::Api",
    "FunctionName": "AWS::Lambda::Function",
    "QueueName": "AWS::SQS::Queue",
    "RuleName": "AWS::Events::Rule",
    "TableName": "AWS::DynamoDB::Table",
}


def sent_by(function):
    """The metrics that the function's code sends."""
    return set(re.findall(r'Metric::(?:count|time)\("(\w+)"', "".join(code(folder) for folder in folders_of(function))))


def check_metric(stack, namespace, name, dimension, value):
    resource = value.removesuffix(".QueueName")
    if namespace == "Headway":
        assert dimension == "FunctionName"
        assert name in sent_by(resource), f"{resource} sends no {name}"
    else:
        assert (dimension, name in FROM_AWS[namespace][1]) == (FROM_AWS[namespace][0], True), (namespace, name)
    assert stack.resources[resource]["Type"] == TYPES[dimension], value


def alarms(stack):
    return stack.of_type("AWS::CloudWatch::Alarm")


def test_every_alarm_watches_a_metric_that_there_is(stack):
    for alarm in alarms(stack).values():
        (dimension,) = alarm["Dimensions"]
        check_metric(stack, alarm["Namespace"], alarm["MetricName"], dimension["Name"], dimension["Value"])


def test_alarms_ring_whenever_the_schedule_lets_the_cleanup_run(stack):
    """A run without such a job sends no metric. So an alarm that needs several periods in a row never rings if its period is
    shorter than the time between runs."""
    for name, alarm in alarms(stack).items():
        if alarm["Dimensions"][0]["Value"] == "CleanupFunction":
            assert alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) == alarm["Threshold"] == 1, name


@pytest.mark.parametrize("timeout", source()["Parameters"]["WorkerTimeoutSeconds"]["AllowedValues"])
def test_an_alarm_about_errors_sees_one_at_the_end_of_the_longest_call(timeout):
    """Lambda dates an error to the start of its call, and a data point is ignored if newer ones fill the evaluation range. Source: Lambda
    Developer Guide, "Types of metrics for Lambda functions"; CloudWatch User Guide, how alarms evaluate missing data."""
    stack = Stack(WorkerTimeoutSeconds=timeout)
    about_errors = [alarm for alarm in alarms(stack).values() if alarm["MetricName"] == "Errors"]
    assert {alarm["Dimensions"][0]["Value"] for alarm in about_errors} == set(stack.functions())
    for alarm in about_errors:
        function = alarm["Dimensions"][0]["Value"]
        longest_s = int(stack.functions()[function]["Timeout"])
        looks_back_s = alarm["Period"] * (alarm["EvaluationPeriods"] - 1)
        assert alarm["DatapointsToAlarm"] == 1, function
        assert looks_back_s >= longest_s + METRIC_LATE_S, function


def test_an_alarm_watches_whether_the_schedule_starts_the_cleanup(stack):
    """Without a run no alarm of the function itself is raised, and nothing is deleted or repaired any more."""
    (rule,) = stack.of_type("AWS::Events::Rule")
    assert stack.resources[rule]["Properties"]["Targets"][0]["Arn"] == "CleanupFunction.Arn"
    watched = {(a["MetricName"], a["Dimensions"][0]["Value"]): a["TreatMissingData"] for a in alarms(stack).values()}
    # EventBridge sends this metric only if it is not zero.
    assert watched["FailedInvocations", rule] == "notBreaching"


def widgets():
    (dashboard,) = Stack().of_type("AWS::CloudWatch::Dashboard").values()
    return json.loads(dashboard["DashboardBody"])["widgets"]


def test_the_dashboard_shows_metrics_that_there_are_and_every_one_of_ours():
    stack, shown = Stack(), set()
    for widget in widgets():
        identifiers = set()
        for namespace, *rest in (m for m in widget["properties"].get("metrics", []) if isinstance(m[0], str)):
            name, dimension, value, *options = rest
            check_metric(stack, namespace, name, dimension, value)
            identifiers |= {option["id"] for option in options if "id" in option}
            if namespace == "Headway":
                shown.add(name)
        for metric in widget["properties"].get("metrics", []):
            expression = metric[0].get("expression", "") if isinstance(metric[0], dict) else ""
            assert set(re.findall(r"\b[a-z]\w*\b", expression)) <= identifiers, expression
    assert shown == sent_by("WorkerFunction") | sent_by("CleanupFunction")


def test_the_dashboard_shows_every_alarm_and_no_two_widgets_overlap():
    (shown,) = (w["properties"]["alarms"] for w in widgets() if w["type"] == "alarm")
    assert sorted(shown) == sorted(f"{name}.Arn" for name in alarms(Stack()))
    taken = set()
    for w in widgets():
        cells = {(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])}
        assert not taken & cells and w["x"] + w["width"] <= 24, w["properties"]["title"]
        taken |= cells


def test_the_dashboard_can_be_left_out():
    stack = Stack(Dashboard="no")
    assert not stack.of_type("AWS::CloudWatch::Dashboard")
    assert "DashboardUrl" not in stack.outputs and "DashboardUrl" in Stack().outputs


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_functions_that_have_metrics_are_told_to_send_them(function):
    assert sent_by(function)
    assert Stack().environment(function)["HEADWAY_METRICS"] == "emf"


def sections():
    """The runbook's sections about alarms, by their heading."""
    parts = re.split(r"^## (\w+Alarm)$", RUNBOOK, flags=re.MULTILINE)[1:]
    return {heading: re.split(r"^## ", text, flags=re.MULTILINE)[0] for heading, text in zip(parts[::2], parts[1::2])}


def test_every_alarm_has_its_section_and_no_section_is_without_alarm(stack):
    assert set(sections()) == set(alarms(stack))
    for name, text in sections().items():
        for part in ["**It means:**", "**Look at:**", "**Do:**"]:
            assert part in text, f"{name} lacks {part}"


def test_every_alarm_says_where_its_section_is(stack):
    for name, alarm in alarms(stack).items():
        # GitHub makes a heading's anchor by lower case.
        assert alarm["AlarmDescription"].endswith(f" See docs/runbook.md#{name.lower()}"), name


def test_the_commands_of_the_runbook_are_there():
    cli = (ROOT / "functions/local/src/cli.rs").read_text()
    verbs = {v.lower() for v in re.findall(r"^    ([A-Z]\w+)\(\w+(?:::\w+)?\),$", cli, flags=re.MULTILINE)}
    named = set(re.findall(r"headway ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|```[^`]+```", RUNBOOK))))
    assert named and named <= verbs, named - verbs
    parameters = Stack().template["Parameters"]
    asked = set(re.findall(r"parameter `(\w+)`", RUNBOOK))
    assert asked and asked <= set(parameters), asked - set(parameters)
