"""The tools and CloudFormation itself accept the template."""

import yaml
from cfnlint.api import lint_file
from stack import TEMPLATE, source


def test_cfn_lint_finds_nothing():
    findings = lint_file(TEMPLATE)
    assert not findings, "\n".join(f"line {f.linenumber}: {f.rule.id} {f.message}" for f in findings)


def test_the_sam_transform_leaves_plain_cloudformation(stack):
    left = {name: r["Type"] for name, r in stack.resources.items() if "::Serverless::" in r["Type"]}
    assert not left
    assert {"ApiFunction", "WorkerFunction", "CleanupFunction"} == set(stack.functions())


def test_no_yaml_aliases():
    """cfn-lint reads them, CloudFormation does not."""
    events = yaml.parse(TEMPLATE.read_text())
    aliases = [event.start_mark.line + 1 for event in events if isinstance(event, yaml.AliasEvent)]
    assert not aliases, f"aliases in lines {aliases}"


def test_every_parameter_is_described_and_grouped():
    template = source()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(p.get("Description") for p in template["Parameters"].values())
