"""The tools and CloudFormation itself accept the template."""

import pytest
import yaml
from cfnlint.api import lint_file
from stack import ROOT, TEMPLATE, source

WRITTEN = sorted(ROOT.glob("examples/new/*/template.yaml"))


@pytest.mark.parametrize("template", [TEMPLATE, *WRITTEN], ids=lambda path: path.parent.name)
def test_cfn_lint_finds_nothing(template):
    """Of Headway's template, and of those that `headway new` writes: also no parameter that has no effect."""
    findings = lint_file(template)
    assert not findings, "\n".join(f"line {f.linenumber}: {f.rule.id} {f.message}" for f in findings)


def test_the_sam_transform_leaves_plain_cloudformation(stack):
    left = {name: r["Type"] for name, r in stack.resources.items() if "::Serverless::" in r["Type"]}
    assert not left
    assert {"ApiFunction", "WorkerFunction", "CleanupFunction"} == set(stack.functions())


def test_the_role_of_a_written_function_has_the_boundary():
    """The emulator does not keep it."""
    assert len(WRITTEN) == 2
    for template in WRITTEN:
        assert "      PermissionsBoundary: !If [HasBoundary, !Ref PermissionsBoundary, !Ref \"AWS::NoValue\"]\n" in template.read_text()


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
