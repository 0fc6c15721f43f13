"""A deployed function's permissions, each for one action on one resource, and what the function does without one of them."""

import contextlib
import json


def pairs(document):
    """What a policy allows, as single pairs of action and resource."""
    return [
        (action, resource)
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def listed(value):
    return value if isinstance(value, list) else [value]


class Role:
    """The role of a function of a deployment."""

    def __init__(self, deployment, function):
        self._iam = deployment.emulator.client("iam")
        self._name = deployment.id_of(function.replace("Function", "Role"))
        (self._policy,) = self._iam.list_role_policies(RoleName=self._name)["PolicyNames"]
        found = self._iam.get_role_policy(RoleName=self._name, PolicyName=self._policy)
        self.document = found["PolicyDocument"]
        assert not self._iam.list_attached_role_policies(RoleName=self._name)["AttachedPolicies"]

    def allows(self, action, resource):
        """The answer of IAM's policy simulator."""
        arn = self._iam.get_role(RoleName=self._name)["Role"]["Arn"]
        answer = self._iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action], ResourceArns=[resource])
        (result,) = answer["EvaluationResults"]
        return result["EvalDecision"] == "allowed"

    @contextlib.contextmanager
    def without(self, action, resource):
        """Removes one action on one resource, and restores it at the end."""
        left = [pair for pair in pairs(self.document) if pair != (action, resource)]
        assert len(left) == len(pairs(self.document)) - 1, f"the role does not have {action} on {resource}"
        self._put([{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in left])
        try:
            yield
        finally:
            self._put(self.document["Statement"])

    def _put(self, statements):
        document = {"Version": "2012-10-17", "Statement": statements}
        self._iam.put_role_policy(RoleName=self._name, PolicyName=self._policy, PolicyDocument=json.dumps(document))
