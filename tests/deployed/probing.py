"""A test function with another function's role makes the calls that a test asks for. So denied calls show what the role
allows, even where the emulator itself does not check the role."""

import io
import json
import zipfile

HANDLER = '''
import boto3
from botocore.exceptions import ClientError

def handle(event, _):
    try:
        getattr(boto3.client(event["service"]), event["call"])(**event["arguments"])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
'''

DENIED = {"AccessDenied", "AccessDeniedException"}


class Probe:
    """Makes calls with the role of the function with this name in the template."""

    def __init__(self, deployment, function):
        self._lambda = deployment.emulator.client("lambda")
        self._name = f"probe-{function}"
        role = deployment.id_of(function.replace("Function", "Role"))
        self._lambda.create_function(
            FunctionName=self._name,
            Role=deployment.emulator.client("iam").get_role(RoleName=role)["Role"]["Arn"],
            Runtime="python3.12",
            Handler="probe.handle",
            Timeout=20,
            Code={"ZipFile": zipped("probe.py", HANDLER)},
        )

    def call(self, service, call, **arguments):
        """`allowed`, or the code of the error; a call that is allowed but wrong has another code than a denied one."""
        event = json.dumps({"service": service, "call": call, "arguments": arguments})
        answer = self._lambda.invoke(FunctionName=self._name, Payload=event)
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def is_denied(self, service, call, **arguments):
        return self.call(service, call, **arguments) in DENIED


def zipped(name, text):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()
