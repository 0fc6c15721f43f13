"""The cost of an idle stack is calculated from this template, with the command's prices."""

import re

from stack import ROOT, Stack
from test_code import code
from test_operations import sent_by, widgets

TEXT = (ROOT / "docs/costs.md").read_text()
IDLE = TEXT.partition("## Idle")[2]
DAYS = 30
# An account's first dashboards are free with at most so many metrics each.
DASHBOARD_METRICS_FREE = 50


def row(name):
    (line,) = (line for line in IDLE.splitlines() if line.startswith(f"| {name}"))
    return line


def usd(amount, line):
    """The amount, rounded, which the column without free tier must show."""
    told = line.split("|")[4].strip().removeprefix("$")
    assert told == f"{amount:.{len(told.split('.')[1])}f}", f"{line}: {amount}"
    return amount


def test_the_idle_stack_is_reckoned_from_the_template():
    stack = Stack()
    (rule,) = stack.of_type("AWS::Events::Rule").values()
    minutes = int(re.fullmatch(r"rate\((\d+) minutes\)", rule["ScheduleExpression"])[1])
    runs = DAYS * 24 * 60 // minutes
    # Only a mapping without a most of its own goes below five.
    pollers = sum(5 if "ScalingConfig" in mapping else 2 for mapping in stack.mappings_by_queue().values())
    polls = pollers * 3 * 60 * 24 * DAYS
    gb_s = runs * 0.1 * stack.functions()["CleanupFunction"]["MemorySize"] / 1024
    shards = int(re.search(r"SWEEP_SHARDS: u8 = (\d+);", code("shared/aws/src/dynamodb"))[1])
    # A query that finds nothing, of an index, is half a unit.
    reads = runs * 2 * shards * 0.5
    for name, number in [("SQS", polls), ("Lambda", runs), ("DynamoDB", reads), ("KMS", runs), ("EventBridge", runs)]:
        assert f"{number:,.0f}" in row(name), name
    assert f"{gb_s:,.0f} GB-s" in row("Lambda")
    total = (
        usd(polls * 0.40e-6, row("SQS"))
        + usd(runs * 0.20e-6 + gb_s * 0.0000133334, row("Lambda"))
        + usd(reads * 0.125e-6, row("DynamoDB"))
        + usd(runs * 0.03 / 10_000, row("KMS"))
        + usd(runs * 1_000 / 1e9 * 0.50, row("Logs"))
        + usd(runs * 1e-6, row("EventBridge"))
    )
    assert f"${total:.2f}" in row("**so far**")
    with_free = max(polls * 0.40e-6 - 0.40, 0) + (runs + reads * 0.125) * 1e-6
    assert f"| **${with_free:.2f}** |" in row("**so far**")
    readme = (ROOT / "README.md").read_text()
    assert f"${total:.2f} a month" in readme and f"${polls * 0.40e-6:.2f} is for" in readme and f"(${with_free:.2f} within" in readme
    alarms = len(stack.of_type("AWS::CloudWatch::Alarm"))
    assert f"| Alarms | {alarms} |" in TEXT and f"Ten of the {alarms} alarms" in readme
    usd(alarms * 0.10, row("Alarms"))
    assert f"| ${(alarms - 10) * 0.10:.2f} |" in row("Alarms")


def test_the_prices_are_those_the_command_reckons_with():
    prices = (ROOT / "shared/src/prices.rs").read_text()
    for constant in ["LAMBDA_REQUEST: f64 = 0.20e-6", "SQS_REQUEST: f64 = 0.40e-6", "SQS_GROUP_SURCHARGE: f64 = 0.10e-6", "LAMBDA_GB_SECOND: f64 = 0.000_013_333_4", "DYNAMODB_READ: f64 = 0.125e-6"]:
        assert constant in prices, constant


def test_the_dashboard_fits_in_the_free_ones():
    metrics = {tuple(m[:4]) for w in widgets() for m in w["properties"].get("metrics", []) if isinstance(m[0], str)}
    assert len(metrics) <= DASHBOARD_METRICS_FREE, len(metrics)


def test_metrics_are_few_and_counted():
    count = len(sent_by("WorkerFunction")) + len(sent_by("CleanupFunction"))
    assert f"The functions send {count} metrics." in TEXT
    assert f"at most ${count * 0.30:.2f} a month" in TEXT
