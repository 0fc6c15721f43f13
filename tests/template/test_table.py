"""The table: on demand, recoverable, encrypted, kept when the stack is deleted, and without a name that a second stack
would use too."""

import pytest


@pytest.fixture
def table(stack):
    return stack.of_type("AWS::DynamoDB::Table")["Table"]


def test_on_demand_recoverable_encrypted(table):
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["TimeToLiveSpecification"]["Enabled"] is True


def test_it_stays_when_the_stack_goes(stack):
    table = stack.resources["Table"]
    assert table["UpdateReplacePolicy"] == "Retain"
    # Of a stack that could not be made nothing stays: nobody would know of the table.
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"


def test_indexes_hold_keys_only(table):
    assert {index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}


# The property by which CloudFormation gives a resource a fixed physical name.
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SQS::Queue": "QueueName",
}
# These have no name of their own in the account: they live in the API or belong to a function.
UNNAMED = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
}


def test_a_second_stack_does_not_collide(stack):
    for name, resource in stack.resources.items():
        kind = resource["Type"]
        assert kind in NAMES or kind in UNNAMED, f"{name}: does {kind} have a physical name? Say so in NAMES or UNNAMED"
        given = resource["Properties"].get(NAMES.get(kind))
        # A name with the API's id in it is no other stack's.
        assert given is None or "/Api" in given, f"{name} has a fixed name"


def test_the_access_log_does_not_fill_the_accounts_resource_policy(stack):
    """Source: CloudWatch Logs User Guide, "Enable logging from AWS services", log group resource policy size limit."""
    (stage,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    group = stack.resources[stage["AccessLogSettings"]["DestinationArn"].removesuffix(".Arn")]["Properties"]
    assert group["LogGroupName"].startswith("/aws/vendedlogs/")
    longest = group["LogGroupName"].replace("AWS::StackName", "s" * 128).replace("/Api", "/abcdefghij")
    assert len(longest) <= 512


def test_only_the_table_is_kept_and_the_output_says_so(stack):
    kept = {name for name, r in stack.resources.items() if r.get("DeletionPolicy", "Delete") != "Delete"}
    assert kept == {"Table"}
    assert "is kept" in stack.outputs["TableName"]["Description"]
