"""Deploying as a user does: the built functions packaged, `template.yaml` through the SAM transform and a change set, by a
deployer who may do that and nothing else."""

import base64
import hashlib
import json
import os
import pathlib
import re
import sys
import time
import urllib.parse

import botocore.exceptions
from calling import Caller
from emulator import REGION
from emulator import ROOT as ROOT_USER
from stack import Stack
from waiting import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
# Where `make test-deployed` has cargo-lambda put the artifacts.
ARTIFACTS = ROOT / "target" / "deployed"
FUNCTIONS = {"ApiFunction": "api", "WorkerFunction": "worker", "CleanupFunction": "cleanup"}
BUCKET = "artifacts"

# AWS allows a batch of messages by the permission to send one; the emulator asks for one of the call's own name.
EMULATORS_ACTIONS = {"sqs:SendMessage": "sqs:SendMessageBatch"}

# What deploying calls by itself. On AWS CloudFormation makes the resources as the deployer, who needs theirs too.
DEPLOYER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "cloudformation:CreateChangeSet",
                "cloudformation:DescribeChangeSet",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:DescribeStacks",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStackResources",
                "cloudformation:DeleteStack",
            ],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"},
    ],
}


def user(emulator, name, policy=None):
    """Credentials of a new user with this policy, or with none."""
    iam = emulator.client("iam")
    iam.create_user(UserName=name)
    if policy:
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def upload(emulator, deployer):
    """The three artifacts, as `sam package` uploads them."""
    emulator.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for binary in FUNCTIONS.values():
        artifact = ARTIFACTS / binary / "bootstrap.zip"
        assert artifact.exists(), f"{artifact} is not there: make test-deployed builds it"
        emulator.client("s3", deployer).upload_file(str(artifact), BUCKET, f"{binary}.zip")


def packaged():
    """The template as `sam package` writes it, with the address of an artifact for each folder of code, and with the
    emulator's names of actions."""
    text, count = re.subn(r"CodeUri: target/lambda/(\w+)/", rf"CodeUri: s3://{BUCKET}/\1.zip", TEMPLATE.read_text())
    assert count == len(FUNCTIONS), f"{count} functions have a folder of code, not {len(FUNCTIONS)}"
    for action, emulators in EMULATORS_ACTIONS.items():
        text, count = re.subn(rf"{action}$", emulators, text, flags=re.MULTILINE)
        assert count, f"no role has {action} any more"
    # The issuer of these tests is on loopback, where nothing is encrypted.
    text, count = re.subn(r'"\^(\(?)https:', r'"^\1https?:', text)
    assert count == 2, f"{count} parameters want an https URL, not JwtIssuer and JwksUrl"
    return text


def uploaded(emulator, deployer, template):
    """The template's address in S3, where `sam deploy` puts it: in a request it may have no more than 51,200 bytes."""
    key = f"{hashlib.sha256(template.encode()).hexdigest()}.template"
    emulator.client("s3", deployer).put_object(Bucket=BUCKET, Key=key, Body=template.encode())
    return f"https://s3.{REGION}.amazonaws.com/{BUCKET}/{key}"


def for_the_emulator(project):
    """The emulator's names of actions; and the issuer of these tests is on loopback, where nothing is encrypted."""
    template, script = project / "template.yaml", project / "tools" / "deploy.sh"
    text = template.read_text()
    for action, emulators in EMULATORS_ACTIONS.items():
        text = re.sub(rf"{action}$", emulators, text, flags=re.MULTILINE)
    template.write_text(re.sub(r"""(AllowedPattern: ['"]?\^\(?)https:""", r"\1https?:", text))
    script.write_text(script.read_text().replace("^https://", "^https?://"))


def cli_environment(emulator):
    """Of a shell on a machine with the AWS CLI."""
    key, secret = ROOT_USER
    return {
        "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": os.environ["HOME"],
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def deploy(emulator, deployer, name, kind="CREATE", **parameters):
    """Deploys a stack, or with kind UPDATE changes one, and returns it once it is complete."""
    executed(emulator, deployer, name, kind, packaged(), parameters)
    return deployed(emulator, deployer, name, kind, parameters)


def deployed(emulator, deployer, name, kind, parameters):
    """The stack, which is complete, with what the emulator does not do by itself."""
    cloudformation = emulator.client("cloudformation", deployer)
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == f"{kind}_COMPLETE", failures(cloudformation, name)
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    set_concurrency(emulator, resources)
    set_origins(emulator, resources, parameters.get("Origins", ""))
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Deployment(emulator, name, parameters, outputs, {r["LogicalResourceId"]: r for r in resources})


def failures(cloudformation, name):
    """Why a stack is not complete."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return [(event["LogicalResourceId"], event.get("ResourceStatusReason")) for event in failed]


def executed(emulator, deployer, name, kind, template, parameters):
    """Creates and executes a change set; returns the stack's description at the end, successful or not."""
    cloudformation = emulator.client("cloudformation", deployer)
    change_set = {"StackName": name, "ChangeSetName": kind.lower()}
    cloudformation.create_change_set(
        **change_set,
        ChangeSetType=kind,
        TemplateURL=uploaded(emulator, deployer, template),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    look = lambda: cloudformation.describe_change_set(**change_set)
    made = until(f"the change set of {name} is made", lambda: over(look(), "Status"))
    assert made["Status"] == "CREATE_COMPLETE", made
    cloudformation.execute_change_set(**change_set)
    look = lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    # A stack whose change set waits to be executed is in review.
    return until(f"the stack {name} is there", lambda: over(look(), "StackStatus", "REVIEW_IN_PROGRESS"))


def delete(deployment, deployer):
    """Deletes a stack, and returns once it is gone."""
    cloudformation = deployment.emulator.client("cloudformation", deployer)
    # A deleted stack is found by its id alone.
    stack_id = cloudformation.describe_stacks(StackName=deployment.name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=deployment.name)
    look = lambda: cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
    gone = until(f"the stack {deployment.name} is gone", lambda: over(look(), "StackStatus"))
    assert gone["StackStatus"] == "DELETE_COMPLETE", gone


def set_concurrency(emulator, resources):
    """The emulator keeps a number from a parameter as text, and then cannot compare with it. So it is set again."""
    client = emulator.client("lambda")
    for resource in resources:
        if resource["ResourceType"] == "AWS::Lambda::EventSourceMapping":
            mapping = client.get_event_source_mapping(UUID=resource["PhysicalResourceId"])
            if most := mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
                scaling = {"MaximumConcurrency": int(most)}
                client.update_event_source_mapping(UUID=resource["PhysicalResourceId"], ScalingConfig=scaling)


def set_origins(emulator, resources, origins):
    """The emulator keeps a CORS configuration in the template's spelling, and then cannot find its members.
    So it is set again."""
    client = emulator.client("apigatewayv2")
    for resource in resources:
        if origins and resource["ResourceType"] == "AWS::ApiGatewayV2::Api":
            cors = Stack(Origins=origins).of_type("AWS::ApiGatewayV2::Api")["Api"]["CorsConfiguration"]
            client.update_api(ApiId=resource["PhysicalResourceId"], CorsConfiguration=cors)


def over(described, member, *waiting):
    status = described[member]
    return None if status in waiting or status.endswith(("_IN_PROGRESS", "_PENDING")) else described


class Deployment:
    """A deployed stack: its outputs, its resources, and the address of its API."""

    def __init__(self, emulator, name, parameters, outputs, resources):
        self.emulator = emulator
        self.name = name
        self.parameters = parameters
        self.outputs = outputs
        self.resources = resources
        host = urllib.parse.urlsplit(outputs["ApiUrl"]).hostname
        # The emulator serves an API under this name of loopback, where AWS serves it under its own domain.
        self.host = f"{host.partition('.')[0]}.execute-api.localhost:{emulator.port}"
        self.url = f"http://{self.host}"
        self.table = outputs["TableName"]
        self.queue = outputs["QueueUrl"]
        self.dead_letters = outputs["DeadLetterQueueUrl"]

    def caller(self, token):
        """The API, called with this token, or with none."""
        return Caller(self.emulator.url, self.host, token)

    def id_of(self, resource):
        """A resource's physical id."""
        return self.resources[resource]["PhysicalResourceId"]

    def arn_of(self, resource):
        """A resource's ARN: of a table, a queue or a log group."""
        emulator, physical, kind = self.emulator, self.id_of(resource), self.resources[resource]["ResourceType"]
        if kind == "AWS::DynamoDB::Table":
            return emulator.client("dynamodb").describe_table(TableName=physical)["Table"]["TableArn"]
        if kind == "AWS::SQS::Queue":
            attributes = emulator.client("sqs").get_queue_attributes(QueueUrl=physical, AttributeNames=["QueueArn"])
            return attributes["Attributes"]["QueueArn"]
        (group,) = emulator.client("logs").describe_log_groups(logGroupNamePrefix=physical)["logGroups"]
        return group["arn"]

    def invoke(self, function, event):
        """Invokes a function of the stack; returns its answer and its log."""
        client = self.emulator.client("lambda")
        answer = client.invoke(FunctionName=self.id_of(function), Payload=json.dumps(event), LogType="Tail")
        return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()

    def function_log(self, function, since_ms=0):
        """Everything that a function has logged since a time, in milliseconds since the epoch."""
        group = self.id_of(function.replace("Function", "Logs"))
        log = self.emulator.client("logs").get_paginator("filter_log_events")
        pages = log.paginate(logGroupName=group, startTime=since_ms)
        return "\n".join(event["message"] for page in pages for event in page["events"])

    @staticmethod
    def now_ms():
        return time.time_ns() // 1_000_000

    def rows(self, partition):
        """The rows of one partition of the table."""
        query = {"TableName": self.table, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": partition}}}
        return self.emulator.client("dynamodb").query(**query, ConsistentRead=True)["Items"]

    def waiting(self, queue):
        """The number of messages in a queue, visible or in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        answer = self.emulator.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def hide_messages_for(self, seconds):
        """Shortens the visibility timeout: the template's 360 s are too long for a test."""
        sqs = self.emulator.client("sqs")
        sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"VisibilityTimeout": str(seconds)})

    def end_workers_after(self, seconds):
        """Sets the worker's timeout, which is 60 s in the template."""
        client = self.emulator.client("lambda")
        client.update_function_configuration(FunctionName=self.id_of("WorkerFunction"), Timeout=seconds)


def refused(call):
    """The error code with which AWS refuses a call, or None."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None
