"""The template as CloudFormation deploys it: after the SAM transform, with parameters and conditions resolved.

Tests look at this, not at the source text, so that what the transform adds is under test too.
"""

import copy
import functools
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"

# Parameters without a default: the deployer must give them.
GIVEN = {"JwtIssuer": "https://issuer.example/", "JwtAudience": "jobs"}
KEYS_URL = "https://issuer.example/keys"

# The AWS SDK for Python needs a region even where it makes no call.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

_ABSENT = object()


@functools.cache
def _source():
    from cfnlint.decode import cfn_yaml

    return cfn_yaml.load(str(TEMPLATE))


def source():
    """The template as written, with `!Ref` and similar tags in their long form."""
    return _plain(_source())


@functools.cache
def _transformed():
    from samtranslator.translator.transform import transform

    template = source()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # Packaging puts an address here; the transform refuses a folder.
            folder = resource["Properties"]["CodeUri"]
            resource["Properties"]["CodeUri"] = f"s3://packaged/{folder.strip('/')}"
    return transform(template, {}, _NoManagedPolicies())


class _NoManagedPolicies:
    def load(self):
        return {}


def _plain(node):
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return str(node) if isinstance(node, str) else node


class Stack:
    """One deployment. An attribute of another resource stays a name, such as `Table.Arn`; a `!Ref` to it is its logical id."""

    def __init__(self, **parameters):
        self.template = copy.deepcopy(_transformed())
        declared = self.template["Parameters"]
        unknown = set(parameters) - set(declared)
        assert not unknown, f"the template has no parameters {unknown}"
        given = {**GIVEN, **parameters}
        self.parameters = {
            name: given.get(name, declaration.get("Default")) for name, declaration in declared.items()
        }
        missing = [name for name, value in self.parameters.items() if value is None]
        assert not missing, f"no value for {missing}: add it to GIVEN"
        self.resources = {
            name: {**resource, "Properties": self._resolve(resource.get("Properties", {}))}
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self._condition(resource["Condition"])
        }
        self.outputs = {
            name: self._resolve(output)
            for name, output in self.template["Outputs"].items()
            if "Condition" not in output or self._condition(output["Condition"])
        }

    def broken_rules(self):
        """The rules by which CloudFormation refuses these parameters."""
        return {
            name
            for name, rule in self.template["Rules"].items()
            if self._condition(rule["RuleCondition"]) and not all(self._condition(a["Assert"]) for a in rule["Assertions"])
        }

    def of_type(self, kind):
        """Properties of the resources of one type, by logical id."""
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}

    def functions(self):
        return self.of_type("AWS::Lambda::Function")

    def environment(self, function):
        return self.functions()[function]["Environment"]["Variables"]

    def role_of(self, function):
        return self.of_type("AWS::IAM::Role")[self.functions()[function]["Role"].removesuffix(".Arn")]

    def statements(self, function):
        """The function's permissions: (statement id, actions, resources)."""
        return [
            (s["Sid"], _listed(s["Action"]), _listed(s["Resource"]))
            for policy in self.role_of(function)["Policies"]
            for s in policy["PolicyDocument"]["Statement"]
        ]

    def mappings_by_queue(self):
        """Event source mappings by the logical id of their queue."""
        mappings = self.of_type("AWS::Lambda::EventSourceMapping").values()
        return {m["EventSourceArn"].removesuffix(".Arn"): m for m in mappings}

    def _resolve(self, node):
        if isinstance(node, list):
            return [value for value in map(self._resolve, node) if value is not _ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, argument), = node.items()
            if key == "Ref":
                return self._ref(argument)
            if key.startswith("Fn::"):
                return self._function(key, argument)
        resolved = {key: self._resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not _ABSENT}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return _ABSENT
        return self.parameters.get(name, name)

    def _function(self, key, argument):
        if key == "Fn::If":
            condition, yes, no = argument
            return self._resolve(yes if self._condition(condition) else no)
        if key == "Fn::GetAtt":
            return argument if isinstance(argument, str) else ".".join(argument)
        if key == "Fn::Sub" and isinstance(argument, list):
            text, more = argument
            more = {name: self._resolve(value) for name, value in more.items()}
            return re.sub(r"\$\{([^}]+)\}", lambda m: str(more.get(m[1], self.parameters.get(m[1], m[1]))), text)
        if key == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda m: str(self.parameters.get(m[1], m[1])), argument)
        if key == "Fn::Join":
            separator, parts = argument
            return separator.join(self._resolve(parts))
        if key == "Fn::Split":
            separator, text = argument
            # The name of a pseudo parameter, which has no value here, is not split.
            return [part.replace("\0", "::") for part in self._resolve(text).replace("::", "\0").split(separator)]
        if key == "Fn::Select":
            place, parts = argument
            return self._resolve(parts)[place]
        if key == "Fn::FindInMap":
            table, first, second = map(self._resolve, argument)
            return self.template["Mappings"][table][str(first)][second]
        raise AssertionError(f"the template now uses {key}: teach it to this resolver")

    def _condition(self, condition):
        if isinstance(condition, str):
            return self._condition(self.template["Conditions"][condition])
        (key, argument), = condition.items()
        if key == "Condition":
            return self._condition(argument)
        if key == "Fn::Or":
            return any(map(self._condition, argument))
        if key == "Fn::Not":
            return not self._condition(argument[0])
        if key == "Fn::Equals":
            first, second = map(self._resolve, argument)
            return str(first) == str(second)
        raise AssertionError(f"the template now uses {key} in a condition: teach it to this resolver")


def _listed(value):
    return value if isinstance(value, list) else [value]


# Whatever a stack may be given from outside.
SEAMS = {
    "HttpEndpointsSecret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:endpoints-a1B2c3",
    "WorkerSettings": '{"depth": 3}',
    "WorkerPolicies": "arn:aws:iam::123456789012:policy/reads,arn:aws:iam::123456789012:policy/writes",
    "WorkerLayers": "arn:aws:lambda:eu-central-1:123456789012:layer:tools:1",
    "WorkerSubnets": "subnet-1,subnet-2",
    "WorkerSecurityGroups": "sg-1",
    "WorkerFileSystem": "arn:aws:elasticfilesystem:eu-central-1:123456789012:access-point/fsap-0123456789abcdef0",
    "KmsKey": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
}


def stacks():
    """Deployments that together take every branch of every condition."""
    return {
        "gateway": Stack(),
        "jwks": Stack(
            Auth="jwks",
            JwksUrl=KEYS_URL,
            Scopes="required",
            Origins="https://app.example",
            Quotas="liveJobs=7",
            Processors="[]",
            HttpEndpoints="{}",
            Callbacks="crm",
            EventBus="arn:aws:events:eu-central-1:123456789012:event-bus/jobs",
            LambdaFunctions="{}",
            LambdaFunctionArns="arn:aws:lambda:eu-central-1:123456789012:function:resize",
            AlarmTopicArn="arn:aws:sns:eu-central-1:123456789012:alarms",
            WorkerTimeoutSeconds="900",
            Tracing="Active",
            Dashboard="no",
        ),
        "seams": Stack(**SEAMS),
    }
