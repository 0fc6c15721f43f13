"""`headway doctor` on a stack that was given a key, a secret, a bus, a function and a VPC: nothing is wrong, and then one thing after
the other is."""

import json
import os
import pathlib
import subprocess

import pytest
from deploying import cli_environment, deploy
from waiting import GENEROUS_S

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEAMS = ["key", "secret", "event bus", "functions", "network", "permissions"]


def network(emulator):
    """A subnet with a route to a NAT gateway."""
    ec2 = emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="doctor", Description="worker", VpcId=vpc)["GroupId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    gateway = ec2.create_nat_gateway(SubnetId=subnet)["NatGateway"]["NatGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    return subnet, group, table


def function(emulator):
    """A function that `lambda` may invoke, with the worker's code."""
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = emulator.client("iam").create_role(RoleName="resizer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = {"S3Bucket": "artifacts", "S3Key": "worker.zip"}
    made = emulator.client("lambda").create_function(FunctionName="resizer", Runtime="provided.al2023", Handler="bootstrap", Role=role, Code=code)
    return made["FunctionArn"]


@pytest.fixture(scope="module")
def given(emulator, deployer):
    """The template's parameters for what exists before the stack."""
    client = emulator.client
    send = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
    return {
        "KmsKey": client("kms").create_key(Description="doctor")["KeyMetadata"]["Arn"],
        "HttpEndpointsSecret": client("secretsmanager").create_secret(Name="doctor", SecretString="{}")["ARN"],
        "EventBus": client("events").create_event_bus(Name="doctor")["EventBusArn"].rsplit("/")[-1],
        "LambdaFunctions": json.dumps({"resize": {"function": "resizer"}}),
        "LambdaFunctionArns": function(emulator),
        # In these tests the stack's own policy has the emulator's name of this action.
        "WorkerPolicies": client("iam").create_policy(PolicyName="doctor", PolicyDocument=json.dumps(send))["Policy"]["Arn"],
    }


@pytest.fixture(scope="module")
def examined(emulator, deployer, issuer, given):
    """The stack. The emulator's CloudFormation puts no function into a VPC."""
    stack = deploy(emulator, deployer, "headway-doctor", JwtIssuer=issuer.url, JwtAudience="jobs", **given)
    subnet, group, stack.route_table = network(emulator)
    vpc = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    functions = emulator.client("lambda")
    functions.update_function_configuration(FunctionName=stack.id_of("WorkerFunction"), VpcConfig=vpc)
    # Until then they are pending, and the doctor says so.
    for name in ("resizer", stack.id_of("WorkerFunction")):
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return stack


@pytest.fixture
def doctor(examined, tmp_path):
    """What to do about what was given, by the names of the checks."""
    binary = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "headway"

    def run():
        environment = {**cli_environment(examined.emulator), "XDG_STATE_HOME": str(tmp_path)}
        words = [binary, "doctor", "--stack", examined.name, "--json"]
        done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=GENEROUS_S)
        checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
        print(json.dumps(checks, indent=1))
        return {name: checks[name]["fix"] for name in SEAMS if name in checks}

    return run


def delete_policies(stack, given):
    """Of the worker's role."""
    iam, role = stack.emulator.client("iam"), stack.id_of("WorkerRole")
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)


# Each stays, and the next one comes in addition.
FAULTS = [
    ("key", lambda stack, given: stack.emulator.client("kms").disable_key(KeyId=given["KmsKey"]), "aws kms enable-key"),
    ("secret", lambda stack, given: stack.emulator.client("secretsmanager").delete_secret(SecretId=given["HttpEndpointsSecret"]), "restore-secret"),
    ("event bus", lambda stack, given: stack.emulator.client("events").delete_event_bus(Name="doctor"), "create-event-bus --name doctor"),
    ("functions", lambda stack, given: stack.emulator.client("lambda").delete_function(FunctionName="resizer"), "LAMBDA_FUNCTIONS"),
    (
        "network",
        lambda stack, given: stack.emulator.client("ec2").delete_route(RouteTableId=stack.route_table, DestinationCidrBlock="0.0.0.0/0"),
        "NAT gateway",
    ),
    ("permissions", delete_policies, "permissions boundary"),
]


def test_each_fault_is_found_with_what_to_do(doctor, examined, given):
    assert doctor() == dict.fromkeys(SEAMS), "nothing is wrong"
    wrong = []
    for name, make, word in FAULTS:
        make(examined, given)
        wrong.append(name)
        fixes = doctor()
        assert [found for found in SEAMS if fixes[found]] == wrong
        assert word in fixes[name]
