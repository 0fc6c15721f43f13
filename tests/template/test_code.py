"""Template and code speak of the same things: environment variables, keys, indexes, TTL."""

import re

import pytest
from stack import ROOT, Stack

FUNCTIONS = {"ApiFunction": "api", "WorkerFunction": "worker", "CleanupFunction": "cleanup"}

# Read on a developer's machine only; on Lambda there is nothing to set.
DEVELOPMENT = {"HEADWAY_DATA", "HEADWAY_DEV_KEY_FILE"}

SCHEMA = ROOT / "shared/src/jobs/dynamodb/schema.rs"


def code(*folders):
    """The sources under these folders, without their tests."""
    files = [f for folder in folders for f in sorted((ROOT / folder).rglob("*.rs"))]
    files = [f for f in files if f.name != "tests.rs" and "tests" not in f.parts]
    return "\n".join(f.read_text().split("#[cfg(test)]")[0] for f in files)


def variables(*folders):
    return set(re.findall(r'"(HEADWAY_[A-Z_]+)"', code(*folders))) - DEVELOPMENT


def schema():
    """The constants of the table's layout, by name."""
    return dict(re.findall(r'pub(?:\([a-z]+\))? const ([A-Z_]+): &str = "([^"]+)";', SCHEMA.read_text()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_variable_is_set_that_nobody_reads(stack, function):
    assert set(stack.environment(function)) <= variables(f"functions/{FUNCTIONS[function]}/src", "shared/src")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_variable_is_read_that_nobody_sets(function):
    everything = Stack(
        Auth="jwks", JwksUrl="https://issuer.example/keys", Scopes="required", Origins="*", Processors="[]", HttpEndpoints="{}"
    )
    assert variables(f"functions/{FUNCTIONS[function]}/src") <= set(everything.environment(function))


def test_no_shared_variable_is_read_that_no_function_has():
    everything = Stack(
        Auth="jwks", JwksUrl="https://issuer.example/keys", Scopes="required", Origins="*", Processors="[]", HttpEndpoints="{}"
    )
    set_anywhere = set().union(*(everything.environment(function) for function in FUNCTIONS))
    assert variables("shared/src") <= set_anywhere


def test_keys_indexes_and_ttl_are_the_code_s():
    table = Stack().of_type("AWS::DynamoDB::Table")["Table"]
    indexes = {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}
    attributes = {a["AttributeName"] for a in table["AttributeDefinitions"]}
    attributes.add(table["TimeToLiveSpecification"]["AttributeName"])
    constants = schema()
    assert {value for name, value in constants.items() if name.startswith("INDEX_")} == indexes
    assert attributes <= set(constants.values()), "the code does not name these attributes"


def test_queries_name_only_indexes_that_there_are():
    asked = set(re.findall(r"\.index_name\(([^)]*)\)", code("shared/src")))
    named = {argument.rpartition("::")[2] for argument in asked}
    known = {name for name in schema() if name.startswith("INDEX_")}
    assert named and named <= known, f"asked by {named}, known are {known}"
