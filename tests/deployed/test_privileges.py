"""Least privilege: each permission of each role is needed for a call that the function makes, and others are denied.

Lambda itself takes messages from the queues and writes logs in the functions' names; the emulator does so without asking the
role. There a probe under the same role, or IAM's policy simulator, shows what the role allows."""

import pytest
from deploying import EMULATORS_ACTIONS, deploy
from needs import NEEDS, Bench
from probing import Probe
from roles import Role
from stack import Stack

FUNCTIONS = ["ApiFunction", "WorkerFunction", "CleanupFunction"]
# Lambda makes these calls, with the function's role.
RECEIVING = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}

# The bus that every account has.
BUS = "default"
PERMISSIONS = [
    # Of the bus's ARN only what is the same everywhere.
    (function, action, resource.removeprefix("arn:AWS::Partition:events:AWS::Region:AWS::AccountId:"))
    for function in FUNCTIONS
    for _, actions, resources in Stack(EventBus=BUS).statements(function)
    for action in actions
    for resource in resources
]
MADE_BY_CODE = [p for p in PERMISSIONS if p[1] not in RECEIVING | LOGGING]


@pytest.fixture(scope="module")
def bench(emulator, deployer, issuer):
    """A stack of its own: its permissions come and go, and its worker is invoked by hand."""
    return Bench(deploy(emulator, deployer, "headway-roles", JwtIssuer=issuer.url, JwtAudience="jobs", EventBus=BUS))


@pytest.fixture(scope="module")
def roles(bench):
    return {function: Role(bench.deployment, function) for function in FUNCTIONS}


@pytest.fixture(scope="module")
def probes(bench):
    return {function: Probe(bench.deployment, function) for function in FUNCTIONS}


def arn(bench, resource):
    """The ARN of what the template calls `Table.Arn`, `Table.Arn/index/owner` and the like, or of the bus."""
    if resource.startswith("event-bus/"):
        return bench.deployment.emulator.client("events").describe_event_bus(Name=resource.partition("/")[2])["Arn"]
    name, _, rest = resource.partition(".Arn")
    return bench.deployment.arn_of(name) + rest


@pytest.mark.parametrize("function, action, resource", MADE_BY_CODE)
def test_each_permission_is_needed(bench, roles, issuer, function, action, resource):
    bench.sign_in(issuer.token(f"{function} {action}", scope="jobs:read jobs:write jobs:operate"))
    attempt = NEEDS[function, action, resource](bench)
    action = EMULATORS_ACTIONS.get(action, action)
    with roles[function].without(action, arn(bench, resource)):
        done, log = attempt()
    assert not done
    assert f"is not authorized to perform: {action} " in log
    done, log = attempt()
    assert done, log


@pytest.mark.parametrize("function, action, resource", [p for p in PERMISSIONS if p[1] in RECEIVING])
def test_lambda_takes_messages_by_that_permission_alone(bench, roles, probes, function, action, resource):
    queue = {"QueueUrl": bench.deployment.id_of(resource.removesuffix(".Arn"))}
    call, arguments = {
        "sqs:DeleteMessage": ("delete_message", {**queue, "ReceiptHandle": "none"}),
        "sqs:GetQueueAttributes": ("get_queue_attributes", queue),
        "sqs:ReceiveMessage": ("receive_message", queue),
    }[action]
    with roles[function].without(action, arn(bench, resource)):
        assert probes[function].is_denied("sqs", call, **arguments)
    assert not probes[function].is_denied("sqs", call, **arguments)


@pytest.mark.parametrize("function, action, resource", [p for p in PERMISSIONS if p[1] in LOGGING])
def test_lambda_logs_into_its_own_group_by_that_permission_alone(bench, roles, function, action, resource):
    stream = lambda group: arn(bench, group).removesuffix(":*") + ":log-stream:2026/11/25/[$LATEST]0"
    with roles[function].without(action, arn(bench, resource)):
        assert not roles[function].allows(action, stream(resource))
    groups = [f"{name}.Arn" for name in ("ApiLogs", "WorkerLogs", "CleanupLogs", "AccessLogs")]
    assert [group for group in groups if roles[function].allows(action, stream(group))] == [resource]


def outside(bench, other):
    """Calls that no function has any business to make, on this stack and on another."""
    own, key = bench.deployment, {"pk": {"S": "x"}, "sk": {"S": "x"}}
    table = {"TableName": own.table}
    others = {"TableName": other.table}
    batch = {"Entries": [{"Id": "a", "MessageBody": "x"}]}
    return {
        "read the whole table": ("dynamodb", "scan", table),
        "describe the table": ("dynamodb", "describe_table", table),
        "drop the table": ("dynamodb", "delete_table", table),
        "write many rows by a statement": ("dynamodb", "execute_statement", {"Statement": f'DELETE FROM "{own.table}" WHERE pk=\'x\''}),
        "read another stack's table": ("dynamodb", "get_item", {**others, "Key": key}),
        "write another stack's table": ("dynamodb", "put_item", {**others, "Item": key}),
        "change another stack's table": ("dynamodb", "update_item", {**others, "Key": key}),
        "send to another stack's queue": ("sqs", "send_message_batch", {"QueueUrl": other.queue, **batch}),
        "receive from another stack's queue": ("sqs", "receive_message", {"QueueUrl": other.queue}),
        "send to the dead-letter queue": ("sqs", "send_message_batch", {"QueueUrl": own.dead_letters, **batch}),
        "empty the queue": ("sqs", "purge_queue", {"QueueUrl": own.queue}),
        "invoke a function": ("lambda", "invoke", {"FunctionName": own.id_of("CleanupFunction")}),
        "put an event on another bus": ("events", "put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}", "EventBusName": "other"}]}),
        "make a rule": ("events", "put_rule", {"Name": "x", "ScheduleExpression": "rate(1 day)"}),
        "list users": ("iam", "list_users", {}),
        "widen its own role": ("iam", "put_role_policy", {"RoleName": own.id_of("ApiRole"), "PolicyName": "x", "PolicyDocument": "{}"}),
        "list buckets": ("s3", "list_buckets", {}),
        "read the access log": ("logs", "filter_log_events", {"logGroupName": own.id_of("AccessLogs")}),
    }


# What one function may do, and these may not.
OTHERS_ONLY = {
    "ApiFunction": ["delete a row", "write in batches", "receive a message"],
    "WorkerFunction": ["write in batches", "see an owner's jobs", "see due jobs"],
    "CleanupFunction": ["put a row", "receive a message", "see an owner's jobs"],
}


def others_calls(bench, function):
    own, key = bench.deployment, {"pk": {"S": "x"}, "sk": {"S": "x"}}
    table = {"TableName": own.table}
    query = lambda attribute, **index: {
        **table,
        **index,
        "KeyConditionExpression": f"{attribute} = :x",
        "ExpressionAttributeValues": {":x": {"S": "x"}},
    }
    calls = {
        "delete a row": ("dynamodb", "delete_item", {**table, "Key": key}),
        "put a row": ("dynamodb", "put_item", {**table, "Item": key}),
        "write in batches": ("dynamodb", "batch_write_item", {"RequestItems": {own.table: [{"DeleteRequest": {"Key": key}}]}}),
        "receive a message": ("sqs", "receive_message", {"QueueUrl": own.queue}),
        "see an owner's jobs": ("dynamodb", "query", query("op", IndexName="owner")),
        "see due jobs": ("dynamodb", "query", query("sp", IndexName="sweep")),
    }
    return {name: calls[name] for name in OTHERS_ONLY[function]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_none_of_its_business_is_denied(bench, probes, stack, function, shown):
    calls = {**outside(bench, stack), **others_calls(bench, function)}
    seen = {name: probes[function].call(service, call, **arguments) for name, (service, call, arguments) in calls.items()}
    allowed = {name: code for name, code in seen.items() if code not in {"AccessDenied", "AccessDeniedException"}}
    assert allowed == {}
    shown(f"{function} is denied {len(seen)} calls outside its role: {', '.join(seen)}")


def test_every_need_is_a_permission():
    assert set(NEEDS) == set(MADE_BY_CODE)
