"""What a stack may be given from outside: its parameters reach what they are for, and nothing else."""

import pytest
from stack import SEAMS, Stack

TABLE = "jobs-Table-1"
ARN = f"arn:AWS::Partition:dynamodb:AWS::Region:AWS::AccountId:table/{TABLE}"


def worker(stack):
    return stack.functions()["WorkerFunction"]


def test_without_them_nothing_is_there():
    absent = {"Layers", "VpcConfig", "FileSystemConfigs", "KmsKeyArn"}
    assert not absent & set(worker(Stack()))
    assert not {"WORKER_SETTINGS", "HEADWAY_HTTP_ENDPOINTS_SECRET"} & set(Stack().environment("WorkerFunction"))


def test_the_worker_gets_what_is_its_own_and_the_other_functions_do_not():
    stack = Stack(**SEAMS)
    function = worker(stack)
    assert stack.environment("WorkerFunction")["WORKER_SETTINGS"] == SEAMS["WorkerSettings"]
    assert function["Layers"] == SEAMS["WorkerLayers"].split(",")
    assert function["VpcConfig"] == {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert function["FileSystemConfigs"] == [{"Arn": SEAMS["WorkerFileSystem"], "LocalMountPath": "/mnt/files"}]
    for name in ("ApiFunction", "CleanupFunction"):
        assert not {"Layers", "VpcConfig", "FileSystemConfigs"} & set(stack.functions()[name])
        assert "WORKER_SETTINGS" not in stack.environment(name)


def test_only_the_worker_may_read_the_secret_and_only_that_one():
    stack = Stack(**SEAMS)
    secret = SEAMS["HttpEndpointsSecret"]
    assert stack.environment("WorkerFunction")["HEADWAY_HTTP_ENDPOINTS_SECRET"] == secret
    may = {
        (function, *resources)
        for function in stack.functions()
        for _, actions, resources in stack.statements(function)
        if any(action.startswith("secretsmanager:") for action in actions)
    }
    assert may == {("WorkerFunction", secret)}


def test_one_key_encrypts_what_is_stored_and_every_function_may_use_it():
    stack = Stack(**SEAMS)
    key = SEAMS["KmsKey"]
    table = stack.of_type("AWS::DynamoDB::Table")["Table"]["SSESpecification"]
    assert table == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert worker(stack)["KmsKeyArn"] == key
    for function in stack.functions():
        on = {resource for _, actions, resources in stack.statements(function) if "kms:Decrypt" in actions for resource in resources}
        assert on == {key}


@pytest.mark.parametrize("others", [{}, SEAMS])
def test_a_table_that_exists_is_used_and_none_is_made(others):
    stack = Stack(**others, TableName=TABLE)
    assert not stack.of_type("AWS::DynamoDB::Table")
    assert stack.outputs["TableName"]["Value"] == TABLE
    for function in stack.functions():
        assert stack.environment(function)["HEADWAY_TABLE"] == TABLE
        on = {r for _, actions, resources in stack.statements(function) if actions[0].startswith("dynamodb:") for r in resources}
        assert on <= {ARN, f"{ARN}/index/owner", f"{ARN}/index/sweep"} and ARN in on
    (body,) = [d["DashboardBody"] for d in stack.of_type("AWS::CloudWatch::Dashboard").values()]
    assert f'"TableName", "{TABLE}"' in body and "Table}" not in body
