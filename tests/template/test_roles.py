"""Permissions: one role for each function, no patterns, and only this stack's resources."""

import pytest
from stack import Stack

FUNCTIONS = ["ApiFunction", "WorkerFunction", "CleanupFunction"]
INDEXES = {"Table.Arn/index/owner", "Table.Arn/index/sweep"}


def strings(node):
    if isinstance(node, dict):
        return [s for value in node.values() for s in strings(value)]
    if isinstance(node, list):
        return [s for item in node for s in strings(item)]
    return [node] if isinstance(node, str) else []


# X-Ray's actions know no resources: AWS's own policy is as narrow as it gets. Only with Tracing.
XRAY = "arn:AWS::Partition:iam::aws:policy/AWSXRayDaemonWriteAccess"


# What a file system takes, by AWS's own policy; and what the operator gives.
FILES = "arn:AWS::Partition:iam::aws:policy/AmazonElasticFileSystemClientReadWriteAccess"


def managed(stack, role):
    given = stack.parameters
    traced = [XRAY] if given["Tracing"] == "Active" else []
    if role != "WorkerRole":
        return traced
    of_worker = [FILES] * bool(given["WorkerFileSystem"])
    return traced + of_worker + [arn for arn in given["WorkerPolicies"].split(",") if arn]


def test_a_role_each_and_nothing_managed_but_what_is_asked_for(stack):
    roles = stack.of_type("AWS::IAM::Role")
    assert {f["Role"] for f in stack.functions().values()} == {f"{name}.Arn" for name in roles}
    assert len(roles) == len(FUNCTIONS)
    for name, role in roles.items():
        assert role.get("ManagedPolicyArns", []) == managed(stack, name), name
        assert role.get("PermissionsBoundary", "") == stack.parameters["PermissionsBoundary"], name
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        assert [s["Principal"] for s in trust] == [{"Service": "lambda.amazonaws.com"}], name
    extra = {r["Type"] for r in stack.resources.values() if r["Type"].startswith("AWS::IAM::")}
    assert extra == {"AWS::IAM::Role"}


# Lambda makes network interfaces with the function's role. Source: Lambda Developer Guide, Giving Lambda functions access to resources
# in an Amazon VPC: these actions, on all resources, and denied to the function's own code.
NETWORK = {"Network", "NetworkOnlyForLambda"}
IN_VPC = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


def statements(role):
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def test_lambda_may_make_network_interfaces_for_a_worker_in_a_vpc_and_the_worker_itself_may_not(stack):
    for name, role in stack.of_type("AWS::IAM::Role").items():
        on_network = [s for s in statements(role) if "ec2:" in str(s)]
        in_vpc = name == "WorkerRole" and stack.parameters["WorkerSubnets"]
        code = {"ArnLike": {"lambda:SourceFunctionArn": "arn:AWS::Partition:lambda:AWS::Region:AWS::AccountId:function:*"}}
        allowed = {"Sid": "Network", "Effect": "Allow", "Action": IN_VPC, "Resource": "*"}
        denied = {"Sid": "NetworkOnlyForLambda", "Effect": "Deny", "Action": IN_VPC, "Resource": "*", "Condition": code}
        assert on_network == ([allowed, denied] if in_vpc else []), name


def test_nothing_by_pattern(stack):
    for name, role in stack.of_type("AWS::IAM::Role").items():
        for statement in statements(role):
            if statement["Sid"] not in NETWORK:
                assert not [s for s in strings(statement) if "*" in s or "?" in s], name
                assert statement["Effect"] == "Allow", name
                assert not {"NotAction", "NotResource"} & set(statement), name


# The parameter that names what a statement is about.
GIVEN_ARNS = {"Endpoints": "HttpEndpointsSecret", "Key": "KmsKey", "Events": "EventBus"}
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:resize:live"


def test_the_worker_may_invoke_exactly_the_functions_that_are_named():
    for arns in ([], [FUNCTION], [FUNCTION, f"{FUNCTION}-2"]):
        stack = Stack(LambdaFunctions='{"resize": {}}', LambdaFunctionArns=",".join(arns))
        may = {
            function: [(actions, resources) for _, actions, resources in stack.statements(function) if "lambda:" in str(actions)]
            for function in FUNCTIONS
        }
        assert may == {"ApiFunction": [], "CleanupFunction": [], "WorkerFunction": [(["lambda:InvokeFunction"], arns)] if arns else []}


BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/shared-jobs"


def test_the_worker_may_put_events_on_exactly_that_bus():
    here = "arn:AWS::Partition:events:AWS::Region:AWS::AccountId:event-bus/"
    for given, resources in {"": [], "default": [here + "default"], "team.jobs": [here + "team.jobs"], BUS: [BUS]}.items():
        stack = Stack(EventBus=given)
        may = {
            function: [(actions, resources) for _, actions, resources in stack.statements(function) if "events:" in str(actions)]
            for function in FUNCTIONS
        }
        worker = [(["events:PutEvents"], resources)] if resources else []
        assert may == {"ApiFunction": [], "CleanupFunction": [], "WorkerFunction": worker}
        told = [function for function in FUNCTIONS if stack.environment(function).get("HEADWAY_EVENT_BUS") == (given or "none")]
        assert told == (["ApiFunction", "WorkerFunction"] if given else [])


def test_only_what_this_stack_made(stack):
    for function in FUNCTIONS:
        for sid, _, resources in stack.statements(function):
            for resource in [] if sid in NETWORK else resources:
                named = sid == "Functions" and resource in stack.parameters["LambdaFunctionArns"].split(",")
                made = named or resource in INDEXES or resource.removesuffix(".Arn") in stack.resources
                given = resource == {name: stack.parameters[parameter] for name, parameter in GIVEN_ARNS.items()}.get(sid)
                assert made or given, f"{function} {sid}: {resource}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_only_into_its_own(stack, function):
    own = stack.functions()[function]["LoggingConfig"]["LogGroup"]
    logs = [(actions, on) for _, actions, on in stack.statements(function) if actions[0].startswith("logs:")]
    assert logs == [(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{own}.Arn"])]


def test_only_the_worker_takes_messages(stack):
    takers = {
        function
        for function in FUNCTIONS
        for _, actions, _ in stack.statements(function)
        if {"sqs:ReceiveMessage", "sqs:DeleteMessage"} & set(actions)
    }
    assert takers == {"WorkerFunction"}
    for function in FUNCTIONS:
        for _, actions, resources in stack.statements(function):
            if "sqs:SendMessage" in actions:
                assert resources == ["Queue.Arn"], function


def test_only_this_api_and_this_schedule_may_invoke():
    """Only for a permission's source does AWS need a pattern. It must begin with this stack's API."""
    stack = Stack()
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    sources = {(p["FunctionName"], p["Principal"]): p["SourceArn"] for p in permissions}
    (rule,) = stack.of_type("AWS::Events::Rule")
    api = "arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:Api"
    assert sources == {
        ("ApiFunction", "apigateway.amazonaws.com"): f"{api}/*",
        ("CleanupFunction", "events.amazonaws.com"): f"{rule}.Arn",
    }
