"""The template is deployed through a change set, by a user with the permissions for it, and several times in one account."""

import deploying
from deploying import delete, deploy, refused, user
from stack import Stack


def test_all_that_the_template_makes_is_there(stack, stack_with_own_check):
    for deployment, expected in ((stack, Stack()), (stack_with_own_check, Stack(Auth="jwks", JwksUrl="https://keys.example"))):
        assert set(deployment.resources) == set(expected.resources)
        assert {r["ResourceStatus"] for r in deployment.resources.values()} == {"CREATE_COMPLETE"}


def test_two_stacks_in_one_account_share_nothing(stack, stack_with_own_check):
    def ids(deployment):
        # A stage has its name within its API, and what belongs to an API or a function begins with that one's id.
        return {r["PhysicalResourceId"] for r in deployment.resources.values()} - {"$default"}

    assert len(ids(stack)) == len(stack.resources) - 1
    assert not ids(stack) & ids(stack_with_own_check)


def test_only_whoever_may_can_deploy(emulator, deployer):
    template = deploying.uploaded(emulator, deployer, deploying.packaged())
    make = lambda credentials: lambda: emulator.client("cloudformation", credentials).create_change_set(
        StackName="refused", ChangeSetName="create", ChangeSetType="CREATE", TemplateURL=template
    )
    key, secret = deployer
    assert refused(make(user(emulator, "nobody"))) == "AccessDenied"
    assert refused(make((key, secret + "x"))) == "SignatureDoesNotMatch"
    assert refused(make(("AKIAUNKNOWNUNKNOWN00", secret))) in {"InvalidClientTokenId", "UnrecognizedClientException"}
    assert refused(lambda: emulator.client("dynamodb", deployer).list_tables()) == "AccessDeniedException"


def test_an_update_with_a_job_under_way_loses_nothing(stack, ada, endpoint, emulator, deployer):
    """A new configuration replaces the running instances of the functions."""
    items = [{"do": "wait", "for": "update"}] * 4 + [{"do": "reply"}] * 36
    job = ada.start({"processor": "http", "params": {"endpoint": "shop"}, "items": items, "chunkSize": 4})
    ada.watch(job["id"], "all but what waits is done", lambda job: job["processedItems"] == 36)
    parameters = {**stack.parameters, "Origins": "https://app.example"}
    deploy(emulator, deployer, stack.name, "UPDATE", **parameters)
    endpoint.open("update")
    ended = ada.until_ended(job["id"])
    assert (ended["status"], ended["processedItems"]) == ("Completed", 40)


def test_a_stack_that_cannot_be_made_leaves_no_table(emulator, deployer, issuer):
    """Nobody would know about the table that is left: the next try creates another one."""
    tables = lambda: set(emulator.client("dynamodb").list_tables()["TableNames"])
    before = tables()
    # A log stream in a group that there is not, made once the table is there.
    fails = "{Type: AWS::Logs::LogStream, DependsOn: Table, Properties: {LogGroupName: nobodys}}"
    broken = deploying.packaged().replace("\nResources:\n", f"\nResources:\n  Fails: {fails}\n")
    ended = deploying.executed(emulator, deployer, "headway-broken", "CREATE", broken, {"JwtIssuer": issuer.url, "JwtAudience": "jobs"})
    assert ended["StackStatus"] == "ROLLBACK_COMPLETE", ended
    assert tables() == before


def test_a_deleted_stack_leaves_its_table_and_nothing_else(emulator, deployer, issuer):
    stack = deploy(emulator, deployer, "headway-short", JwtIssuer=issuer.url, JwtAudience="jobs")
    delete(stack, deployer)
    client = emulator.client
    assert stack.table in client("dynamodb").list_tables()["TableNames"]
    left = [
        *client("sqs").list_queues(QueueNamePrefix=stack.name).get("QueueUrls", []),
        *(f["FunctionName"] for f in client("lambda").list_functions()["Functions"]),
        *(r["RoleName"] for r in client("iam").list_roles()["Roles"]),
        *(r["Name"] for r in client("events").list_rules()["Rules"]),
        *(a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]),
        *(a["Name"] for a in client("apigatewayv2").get_apis()["Items"]),
        *(g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]),
    ]
    assert [name for name in left if stack.name in name] == []
