"""A stack that is given what exists already: the table of a deleted stack, a secret, a key, a VPC, policies, a layer."""

import io
import json
import zipfile

import pytest
from deploying import delete, deploy
from waiting import until

ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def policy(emulator, name):
    return emulator.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(ALLOW_ALL))["Policy"]["Arn"]


def layer(emulator):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("tool", "for the worker")
    published = emulator.client("lambda").publish_layer_version(LayerName="tools", Content={"ZipFile": content.getvalue()})
    return published["LayerVersionArn"]


def network(emulator):
    ec2 = emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="worker", Description="worker", VpcId=vpc)["GroupId"]
    return subnet, group


@pytest.fixture(scope="module")
def given(emulator, endpoint):
    """What exists before the stack."""
    subnet, group = network(emulator)
    secrets = emulator.client("secretsmanager")
    return {
        "HttpEndpointsSecret": secrets.create_secret(Name="endpoints", SecretString=endpoint.configuration())["ARN"],
        "KmsKey": emulator.client("kms").create_key(Description="jobs")["KeyMetadata"]["Arn"],
        "WorkerPolicies": policy(emulator, "more-for-the-worker"),
        "PermissionsBoundary": policy(emulator, "boundary"),
        "WorkerLayers": layer(emulator),
        "WorkerSubnets": subnet,
        "WorkerSecurityGroups": group,
        "WorkerSettings": '{"depth": 3}',
    }


@pytest.fixture(scope="module")
def unfinished(emulator, deployer, issuer):
    """A deleted stack's table, and a job in it that was paused: its items wait in the table, not in the queue that is gone."""
    first = deploy(emulator, deployer, "headway-first", JwtIssuer=issuer.url, JwtAudience="jobs")
    switch = lambda on: emulator.client("lambda").update_event_source_mapping(UUID=first.id_of("WorkerFunctionChunks"), Enabled=on)
    switch(False)
    user = first.caller(issuer.token("heir"))
    job = user.start({"processor": "json-schema", "params": {"schema": {}}, "items": [{"n": 1}, {"n": 2}]})["id"]
    user.act(job, "pause")
    switch(True)
    until("its chunks are parked in the table", lambda: first.waiting(first.queue) == 0)
    delete(first, deployer)
    return first.table, job


@pytest.fixture(scope="module")
def heir(emulator, deployer, issuer, given, unfinished):
    table, _ = unfinished
    return deploy(emulator, deployer, "headway-heir", JwtIssuer=issuer.url, JwtAudience="jobs", TableName=table, **given)


def test_a_paused_job_of_a_deleted_stack_is_resumed_in_one_with_its_table(heir, issuer, unfinished):
    table, job = unfinished
    assert heir.table == table and "Table" not in heir.resources
    user = heir.caller(issuer.token("heir"))
    user.act(job, "resume")
    ended = user.until_ended(job)
    assert (ended["status"], ended["processedItems"]) == ("Completed", 2)


def test_endpoints_are_read_from_the_secret(heir, issuer):
    job = heir.caller(issuer.token("secretive")).start({"processor": "http", "params": {"endpoint": "shop"}, "items": [{"do": "reply"}] * 3})
    assert heir.caller(issuer.token("secretive")).until_ended(job["id"])["processedItems"] == 3
    variables = heir.emulator.client("lambda").get_function_configuration(FunctionName=heir.id_of("WorkerFunction"))["Environment"]["Variables"]
    assert "whsec_" not in json.dumps(variables)


def test_everything_given_is_where_it_belongs(heir, given):
    client = heir.emulator.client
    worker = client("lambda").get_function_configuration(FunctionName=heir.id_of("WorkerFunction"))
    assert worker["Environment"]["Variables"]["WORKER_SETTINGS"] == given["WorkerSettings"]
    assert [layer["Arn"] for layer in worker["Layers"]] == [given["WorkerLayers"]]
    attached = client("iam").list_attached_role_policies(RoleName=heir.id_of("WorkerRole"))["AttachedPolicies"]
    assert given["WorkerPolicies"] in {policy["PolicyArn"] for policy in attached}
    for queue in (heir.queue, heir.dead_letters):
        attributes = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["KmsMasterKeyId"])["Attributes"]
        assert attributes["KmsMasterKeyId"] == given["KmsKey"]
