"""The processor `lambda`: the worker invokes functions that the operator named, and no others."""

import io
import json
import sys
import zipfile

import pytest
from deploying import deploy

# By docs/processor-protocol.md, without a kit. Each item says what is to be done with it.
HANDLER = '''
import os

def result(item):
    if item["item"]["do"] == "raise":
        raise ValueError("this item cannot be processed")
    if item["item"]["do"] == "exit":
        os._exit(3)
    if item["item"]["do"] == "refuse":
        return {"index": item["index"], "error": {"kind": "permanent", "code": "refused", "message": "as it says"}}
    return {"index": item["index"], "output": {"n": item["item"]["n"], "with": len(ITEMS)}}

def handler(event, context):
    global ITEMS
    ITEMS = event["items"]
    return {"batch": event["batch"], "results": [result(item) for item in event["items"]]}
'''


def function(emulator, name):
    """Creates a function that belongs to somebody else; returns its ARN."""
    role = emulator.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
            }
        ),
    )["Role"]["Arn"]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", HANDLER)
    made = emulator.client("lambda").create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
    )
    return made["FunctionArn"]


@pytest.fixture(scope="module")
def user(emulator, deployer, issuer):
    """Of a stack that knows two functions, and whose worker may invoke one of them."""
    arns = {name: function(emulator, name) for name in ("resize", "forbidden")}
    named = {name: {"function": arn, "batch": 50, "maxAttempts": 1} for name, arn in arns.items()}
    given = {"LambdaFunctions": json.dumps(named), "LambdaFunctionArns": arns["resize"]}
    stack = deploy(emulator, deployer, "headway-lambda", JwtIssuer=issuer.url, JwtAudience="jobs", **given)
    return stack.caller(issuer.token("lambda"))


def ended(user, to, items):
    """A job of one chunk, at its end."""
    job = {"processor": "lambda", "params": {"function": to}, "toleratedFailures": {"percentage": 100}, "chunkSize": 50, "items": items}
    return user.until_ended(user.start(job)["id"])


def test_a_batch_is_one_call_and_each_item_has_its_own_result(user):
    items = [{"n": n, "do": "refuse" if n % 10 == 3 else "answer"} for n in range(50)]
    job = ended(user, "resize", items)
    assert (job["status"], job["processedItems"], job["failedItems"]) == ("Completed", 45, 5)
    outputs = [result["output"] for result in user.pages(f"/v1/jobs/{job['id']}/results", "results")]
    assert outputs == [{"n": n, "with": 50} for n in range(50) if n % 10 != 3]
    failures = user.pages(f"/v1/jobs/{job['id']}/failures", "failures")
    assert {(failure["kind"], failure["code"], failure["message"]) for failure in failures} == {("Permanent", "refused", "as it says")}


# The words are the emulator's, which has one type for all errors of a Python function.
@pytest.mark.parametrize("fault, said", [("raise", "this item cannot be processed"), ("exit", "process died")])
def test_an_item_that_breaks_the_function_costs_only_itself(user, fault, said):
    job = ended(user, "resize", [{"n": n, "do": fault if n == 5 else "answer"} for n in range(8)])
    assert (job["processedItems"], job["failedItems"]) == (7, 1)
    (failure,) = user.pages(f"/v1/jobs/{job['id']}/failures", "failures")
    assert failure["index"] == 5 and said in failure["message"], failure


def test_the_worker_may_invoke_no_other_function(user):
    job = ended(user, "forbidden", [{"n": 1, "do": "answer"}])
    (failure,) = user.pages(f"/v1/jobs/{job['id']}/failures", "failures")
    assert (job["status"], job["processedItems"]) == ("Completed", 0) and "lambda:InvokeFunction" in failure["message"], failure


def test_a_job_of_a_function_that_the_operator_has_not_named_is_refused(user):
    """The worker has told which functions there are."""
    answer = user.call("POST", "/v1/jobs", {"processor": "lambda", "params": {"function": "other"}, "items": [{"n": 1}] * 3})
    assert answer.status == 422 and answer.json()["errors"][0]["pointer"] == "/params/function", answer
