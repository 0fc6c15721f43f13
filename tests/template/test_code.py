"""Template and code agree: environment variables, keys, indexes, TTL."""

import re

import pytest
from stack import ROOT, Stack, stacks

FUNCTIONS = {"ApiFunction": "api", "WorkerFunction": "worker", "CleanupFunction": "cleanup"}

# What every function has in it, and crates beside those that read variables.
ALL = ["shared/src", "shared/aws/src", "shared/host/src"]
MORE = {"WorkerFunction": ["shared/worker/src", "shared/outbound/src"]}

# Read by workers of users.
OF_USERS = {"WORKER_SETTINGS"}
# Read where no gateway is in front, or for a store that this template does not have; on Lambda there is nothing to set.
DEVELOPMENT = {
    "HEADWAY_DATA",
    "HEADWAY_EVENT_LOG",
    "HEADWAY_LOOPBACK_AWS",
    "HEADWAY_ORIGINS",
    "HEADWAY_QUEUE_FAIRNESS",
    "HEADWAY_STORE",
    "HEADWAY_WORKERS_ENDED",
}

# The lists of variables that the doctor knows.
LISTED = r"const (?:VARIABLES|OTHERS): &\[&str\] = &\[.*?\];"


def code(folder):
    """The sources under a folder, without their tests and comments."""
    files = [f for f in sorted((ROOT / folder).rglob("*.rs")) if not {"tests", "tests.rs"} & set(f.relative_to(ROOT).parts)]
    text = "\n".join(re.split(r"#\[cfg\(test\)\]\s*mod ", f.read_text())[0] for f in files)
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def read_in(folder):
    """The variables that this code reads: by a literal, or by a constant that is used."""
    text = re.sub(r"const HEADWAY_[A-Z_]+: &str = \"HEADWAY_[A-Z_]+\";", "", code(folder))
    text = re.sub(LISTED, "", text, flags=re.DOTALL)
    literals = re.findall(r'"(HEADWAY_[A-Z_]+)"', text)
    # A character or a raw string may hold a quote that ends no string.
    for quoted in [r"'(?:\\.|[^'\\])'", r'r#".*?"#', r'"(?:[^"\\]|\\.)*"']:
        text = re.sub(quoted, "", text, flags=re.DOTALL)
    constants = re.findall(r'(?<![\w"`])HEADWAY_[A-Z_]+\b', text)
    return set(literals + constants) - DEVELOPMENT


def folders_of(function):
    """The folder of the function's own code."""
    return [f"functions/{FUNCTIONS[function]}/src", *MORE.get(function, [])]


# Read by functions of `config` that only the api calls.
FOR_THE_API = {"HEADWAY_CALLBACKS", "HEADWAY_PROCESSORS", "HEADWAY_QUOTAS"}
# The cleanup neither starts jobs nor tells anybody of them.
NOT_FOR_THE_CLEANUP = {"HEADWAY_EVENT_BUS"}


def read_by(function):
    read = set().union(*(read_in(folder) for folder in ALL + folders_of(function)))
    return read - {"ApiFunction": set(), "WorkerFunction": FOR_THE_API, "CleanupFunction": FOR_THE_API | NOT_FOR_THE_CLEANUP}[function]


def ever_set_for(function):
    return set().union(*(stack.environment(function) for stack in stacks().values()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_variable_is_set_that_nobody_reads(function):
    assert ever_set_for(function) - read_by(function) - OF_USERS == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_variable_is_read_that_nobody_sets(function):
    assert read_by(function) - ever_set_for(function) == set()


def test_doctor_knows_every_variable():
    """`headway doctor` reports any other HEADWAY_ variable as misspelt."""
    lists = [re.search(LISTED, code(folder), flags=re.DOTALL)[0] for folder in ["shared/src", "functions/local/src/doctor"]]
    known = set(re.findall(r"HEADWAY_[A-Z_]+", "".join(lists)))
    set_on_lambda = set().union(*(ever_set_for(function) for function in FUNCTIONS)) - OF_USERS
    read_here = read_in("functions/local/src") | DEVELOPMENT
    assert known == set_on_lambda | read_here - {"HEADWAY_"}


def schema():
    """The constants of the table's layout, by name."""
    text = (ROOT / "shared/aws/src/dynamodb/schema.rs").read_text()
    declared = re.findall(r'const ([A-Z_]+): &str = "([^"]+)";', text)
    attributes = re.findall(r'^ *([A-Z_]+): "\w+" as "(\w+)",$', text, flags=re.MULTILINE)
    return dict(declared + attributes)


def keys(key_schema):
    by_kind = {key["KeyType"]: key["AttributeName"] for key in key_schema}
    return by_kind["HASH"], by_kind["RANGE"]


def test_keys_indexes_and_ttl_are_the_codes():
    """Without a template the code creates the same table, and its tests run on that."""
    table = Stack().of_type("AWS::DynamoDB::Table")["Table"]
    constants = schema()
    made = re.findall(r"\((INDEX_[A-Z]+), ([A-Z_]+), ([A-Z_]+)\)", code("shared/aws/src/dynamodb"))
    assert {i["IndexName"]: keys(i["KeySchema"]) for i in table["GlobalSecondaryIndexes"]} == {
        constants[index]: (constants[partition], constants[sort]) for index, partition, sort in made
    }
    assert keys(table["KeySchema"]) == (constants["PARTITION_KEY"], constants["SORT_KEY"])
    assert table["TimeToLiveSpecification"]["AttributeName"] == constants["TTL_ATTRIBUTE"]
    assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"S"}


def test_queries_name_only_indexes_that_there_are():
    table = Stack().of_type("AWS::DynamoDB::Table")["Table"]
    there = {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}
    asked = {schema()[name] for name in re.findall(r"index: Some\(([A-Z_]+)\)", code("shared/aws/src/dynamodb"))}
    assert asked == there


# What IAM calls the calls of the SDK. A transaction is allowed by the actions it is made of.
ACTIONS = {
    "batch_get_item": "dynamodb:BatchGetItem",
    "batch_write_item": "dynamodb:BatchWriteItem",
    "delete_item": "dynamodb:DeleteItem",
    "get_item": "dynamodb:GetItem",
    "put_item": "dynamodb:PutItem",
    "query": "dynamodb:Query",
    "scan": "dynamodb:Scan",
    "update_item": "dynamodb:UpdateItem",
    "change_message_visibility": "sqs:ChangeMessageVisibility",
    "delete_message": "sqs:DeleteMessage",
    "receive_message": "sqs:ReceiveMessage",
    "send_message": "sqs:SendMessage",
    "send_message_batch": "sqs:SendMessage",
}
# Lambda itself makes these with the worker's role. Source: Amazon SQS Developer Guide, "Configuring an Amazon SQS queue to
# trigger an AWS Lambda function", prerequisites.
MAPPING = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_allows_what_no_code_calls(function):
    """To see which function makes which call, they must run: `tests/safe/roles.rs` compares each role with its own calls."""
    allowed = {a for _, actions, _ in Stack().statements(function) for a in actions}
    text = code("shared/aws/src")
    called = {action for call, action in ACTIONS.items() if re.search(rf"\.{call}\(\)", text)}
    assert called
    assert {a for a in allowed if not a.startswith("logs:")} - MAPPING <= called
