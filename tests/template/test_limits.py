"""The template refuses before a deployment begins what AWS refuses only in the middle of one."""

import json
import re

import pytest
from stack import KEYS_URL, SEAMS, Stack, source

# Source: AWS Lambda quotas, "Environment variables". Lambda measures them as JSON text, in which each quote counts twice.
ENVIRONMENT_BYTES_MAX = 4_096
# The longest that CloudFormation makes of the longest stack's name, and where queues of the longest region's name are.
STACK = "s" * 128
LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:tools"
BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/"
POLICY = "arn:aws:iam::123456789012:policy/own"
# With the template's own they are as many as a role takes.
POLICIES_MAX = 10 - len(Stack(**{**SEAMS, "WorkerPolicies": ""}, Tracing="Active").role_of("WorkerFunction")["ManagedPolicyArns"])
RESIZE = "arn:aws:lambda:eu-central-1:123456789012:function:resize"
LONGEST = {
    "Table": f"{STACK}-Table-ABCDEFGHIJKLM",
    "Queue": f"https://sqs.us-gov-northwest-1.amazonaws.com.cn/123456789012/{'q' * 80}",
    "DeadLetterQueue.Arn": f"arn:aws-us-gov:sqs:us-gov-northwest-1:123456789012:{'q' * 80}",
}
# As many quotes as there can be in what means something.
DENSEST = {
    "Processors": '{"name":"a","description":"b"},',
    "WorkerSettings": '{"a":"b"},',
    "HttpEndpoints": '"a":{"url":"https://a.example","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},',
    "LambdaFunctions": '"a":{"function":"a","batch":250},',
}


def longest(name, parameter):
    most = parameter.get("MaxLength")
    return (DENSEST.get(name, "x") * most)[:most] if most else None


@pytest.mark.parametrize("function", ["ApiFunction", "WorkerFunction", "CleanupFunction"])
# The endpoints are in one of them only, by a rule of the template.
@pytest.mark.parametrize("auth, absent", [("gateway", "HttpEndpoints"), ("jwks", "HttpEndpointsSecret")])
def test_the_largest_environment_that_can_be_asked_for_is_one_that_lambda_takes(function, auth, absent):
    full = {name: value for name, p in source()["Parameters"].items() if (value := longest(name, p))}
    del full[absent]
    variables = Stack(**full, Auth=auth, Scopes="required").environment(function)
    unbounded = {name for name, p in source()["Parameters"].items() if p["Type"] == "String" and not {"MaxLength", "AllowedValues"} & set(p)}
    assert not {value["Ref"] for value in raw(function).values() if isinstance(value, dict) and value.get("Ref") in unbounded}
    measured = json.dumps({name: LONGEST.get(value, value) for name, value in variables.items()}, separators=(",", ":"))
    assert len(measured.encode()) <= ENVIRONMENT_BYTES_MAX, len(measured)


def raw(function):
    """The function's variables as written, with references, and with both branches of the conditions one level up."""
    variables = source()["Resources"][function]["Properties"]["Environment"]["Variables"]
    flat = {}
    for name, value in variables.items():
        branches = value["Fn::If"][1:] if isinstance(value, dict) and "Fn::If" in value else [value]
        flat |= {f"{name} {n}": branch for n, branch in enumerate(branches)}
    return flat


# Parameters that one rule refuses together, and what more makes them right.
RULES = {
    "KeysWhereTheFunctionChecks": ({"Auth": "jwks"}, {"JwksUrl": KEYS_URL}),
    "EndpointsFromOnePlace": ({"HttpEndpoints": "{}", "HttpEndpointsSecret": SEAMS["HttpEndpointsSecret"]}, {"HttpEndpoints": ""}),
    # Otherwise Lambda refuses each call, and all items of all these jobs fail.
    "FunctionsThatMayBeInvoked": ({"LambdaFunctions": '{"resize": {"function": "resize"}}'}, {"LambdaFunctionArns": RESIZE}),
    "SecurityGroupsInAVpc": ({"WorkerSubnets": "subnet-1"}, {"WorkerSecurityGroups": "sg-1"}),
    "SubnetsForAFileSystem": (
        {"WorkerFileSystem": SEAMS["WorkerFileSystem"]},
        {"WorkerSubnets": "subnet-1", "WorkerSecurityGroups": "sg-1"},
    ),
}


def test_what_does_not_work_together_is_refused():
    assert set(source()["Rules"]) == set(RULES)
    for name, (given, more) in RULES.items():
        assert Stack(**given).broken_rules() == {name}
        assert not Stack(**{**given, **more}).broken_rules(), name
    assert not Stack(**SEAMS).broken_rules() | Stack().broken_rules()


def takes(parameter, value):
    declared = source()["Parameters"][parameter]
    fits = len(value) <= declared.get("MaxLength", len(value))
    return fits and bool(re.fullmatch(declared.get("AllowedPattern", ".*"), value))


def many(name, number):
    return ",".join([name] * number)


@pytest.mark.parametrize(
    "parameter, taken, refused",
    [
        ("JwtIssuer", ["https://login.example/", "https://a.example/tenant/v2.0"], ["http://login.example/", "login.example", ""]),
        ("JwksUrl", ["", KEYS_URL], ["http://login.example/keys", "keys"]),
        (
            "Origins",
            ["", "*", "https://a.example", "http://localhost:3000,https://a.example", "http://[::1]:3000"],
            ["a.example", "https://a.example/", "https://A.example", "https://a.example, https://b.example", "null", ","],
        ),
        (
            "CleanupSchedule",
            ["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(12 hours)", "rate(1 day)", "cron(0/10 * * * ? *)", "cron(0 3 ? * MON-FRI *)", "cron(0 3 ? * ? *)"],
            ["rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(05 minutes)", "5 minutes", "cron(* * *)", "cron(0 * * * * *)", "cron(0 3 1 ? 1 *)", "at(2026-11-24T08:00:00)", ""],
        ),
        (
            "Quotas",
            ["", "liveJobs=7", "startsPerMinute=1,liveItems=20"],
            ["livejobs=7", "liveJobs=0", "liveJobs", "liveJobs=7, liveItems=1", "starts=1"],
        ),
        ("HttpEndpoints", ["", "{}", '{"crm": {"url": "https://a.example"}}\n'], ["{bad", "[]", "crm", '"{}"']),
        ("LambdaFunctions", ["", '{"resize": {"function": "resize"}}'], ["resize", "{resize"]),
        ("Processors", ["", "[]", '[{"name": "a"}]'], ["[bad", "{}", "a"]),
        (
            "AlarmTopicArn",
            ["", "arn:aws:sns:eu-central-1:123456789012:alarms", "arn:aws-cn:sns:cn-north-1:123456789012:alarms"],
            ["arn:aws:sqs:eu-central-1:123456789012:alarms", "alarms", "arn:aws:sns:eu-central-1:123456789012"],
        ),
        # As many as Lambda takes. Source: Lambda API Reference, VpcConfig, and Lambda quotas, Function layers.
        (
            "WorkerSubnets",
            ["", "subnet-0a1b", "subnet-0a1b,subnet-2c3d", many("subnet-0a1b", 16)],
            ["subnet-0a1b, subnet-2c3d", "sg-0a1b", ",", many("subnet-0a1b", 17)],
        ),
        ("WorkerSecurityGroups", ["", "sg-0a1b,sg-2c3d", many("sg-0a1b", 5)], ["subnet-0a1b", "sg-0a1b,", many("sg-0a1b", 6)]),
        # A role has at most ten, and two may be the template's own. Source: IAM quotas, managed policies attached to a role.
        (
            "WorkerPolicies",
            ["", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess,arn:aws:iam::123456789012:policy/jobs/own", many(POLICY, POLICIES_MAX)],
            ["AmazonS3ReadOnlyAccess", "arn:aws:iam::123456789012:role/own", many(POLICY, POLICIES_MAX + 1)],
        ),
        ("WorkerLayers", ["", f"{LAYER}:3", many(f"{LAYER}:3", 5)], [LAYER, many(f"{LAYER}:3", 6)]),
        ("AlarmQueueAgeSeconds", ["", "60", "99", "100", "1209600"], ["0", "59", "060", "1e3", "ten"]),
        (
            "WorkerFileSystem",
            ["", "arn:aws:elasticfilesystem:eu-central-1:123456789012:access-point/fsap-0a1b"],
            ["arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-0a1b"],
        ),
        ("TableName", ["", "jobs-Table-1A2B"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/jobs", "a b"]),
        ("KmsKey", ["", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab"], ["alias/jobs", "arn:aws:kms:eu-central-1:123456789012:alias/jobs"]),
        ("PermissionsBoundary", ["", "arn:aws:iam::123456789012:policy/boundary"], ["boundary"]),
        (
            "HttpEndpointsSecret",
            ["", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jobs/endpoints-a1B2c3"],
            ["jobs/endpoints", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:endpoints", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
        (
            "EventBus",
            # PutEvents takes no name with a slash, which only partners' buses have. Source: EventBridge API, NonPartnerEventBusNameOrArn.
            ["", "default", "team_jobs.2-a", f"{BUS}jobs", f"{BUS}team_jobs.2-a"],
            ["my bus", "*", f"{BUS}*", f"{BUS}", "arn:aws:events:eu-central-1:123456789012:rule/jobs"]
            + ["team/jobs", "aws.partner/example.com/1", f"{BUS}team/jobs", f"{BUS}aws.partner/example.com/1"],
        ),
        (
            "LambdaFunctionArns",
            ["", RESIZE, f"{RESIZE},{RESIZE}:live", f"{RESIZE}:7", f"{RESIZE}:$LATEST", "arn:aws-cn:lambda:cn-north-1:123456789012:function:a"],
            ["resize", "*", f"{RESIZE}*", f"{RESIZE}:*", "arn:aws:lambda:*:123456789012:function:resize", "arn:aws:lambda:eu-central-1:*:function:*"],
        ),
    ],
)
def test_what_a_service_would_refuse_is_refused_as_a_parameter(parameter, taken, refused):
    assert [value for value in taken if not takes(parameter, value)] == []
    assert [value for value in refused if takes(parameter, value)] == []
    assert source()["Parameters"][parameter]["ConstraintDescription"]
