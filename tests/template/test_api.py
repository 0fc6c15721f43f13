"""The API: which routes need a token, and how many requests are allowed."""

import json
import re

from stack import KEYS_URL, ROOT, Stack

OPEN = {"ANY /healthz", "ANY /openapi.json", "ANY /docs", "ANY /", "ANY /embed/{proxy+}", "ANY /embed.js"}
JOBS = "ANY /v1/{proxy+}"
PREFLIGHT = "OPTIONS /v1/{proxy+}"
CONTRACT = json.loads((ROOT / "functions/api/openapi.json").read_text())


def routes(stack):
    return {route["RouteKey"]: route for route in stack.of_type("AWS::ApiGatewayV2::Route").values()}


def test_jobs_need_a_token_and_the_rest_does_not():
    stack = Stack()
    by_key = routes(stack)
    assert set(by_key) == OPEN | {JOBS, PREFLIGHT}
    assert by_key[JOBS]["AuthorizationType"] == "JWT"
    assert by_key[JOBS]["AuthorizerId"] == "JwtAuthorizer"
    for key in OPEN | {PREFLIGHT}:
        assert by_key[key]["AuthorizationType"] == "NONE", key
        assert "AuthorizerId" not in by_key[key], key


def test_a_preflight_meets_no_authorizer():
    """ANY matches OPTIONS as well. Every route of that kind with an authorizer needs an open one for OPTIONS beside it."""
    by_key = routes(Stack(Origins="https://a.example"))
    for key, route in by_key.items():
        method, path = key.split(" ", 1)
        if method in ("ANY", "$default") and route["AuthorizationType"] != "NONE":
            assert by_key[f"OPTIONS {path}"]["AuthorizationType"] == "NONE", key


def test_the_gateway_checks_issuer_and_audience_given():
    (authorizer,) = Stack().of_type("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["JwtConfiguration"] == {"Issuer": "https://issuer.example/", "Audience": ["jobs"]}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_the_function_checks_where_the_gateway_does_not():
    stack = Stack(Auth="jwks", JwksUrl=KEYS_URL)
    assert not stack.of_type("AWS::ApiGatewayV2::Authorizer")
    assert {route["AuthorizationType"] for route in routes(stack).values()} == {"NONE"}
    environment = stack.environment("ApiFunction")
    assert environment["HEADWAY_AUTH"] == "jwks"
    assert environment["HEADWAY_JWKS"] == KEYS_URL


def test_there_is_no_open_api_without_either():
    assert Stack().template["Parameters"]["Auth"]["AllowedValues"] == ["gateway", "jwks"]
    assert Stack().environment("ApiFunction")["HEADWAY_AUTH"] == "gateway"
    rule = Stack().template["Rules"]["KeysWhereTheFunctionChecks"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Auth"}, "jwks"]}


def test_all_routes_lead_to_the_api_function(stack):
    (integration,) = stack.of_type("AWS::ApiGatewayV2::Integration").values()
    assert integration["IntegrationUri"] == "ApiFunction.Arn"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert {route["Target"] for route in routes(stack).values()} == {"integrations/ApiIntegration"}


def test_the_stage_is_throttled_and_logged(stack):
    (stage,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["StageName"] == "$default"
    limits = stage["DefaultRouteSettings"]
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]
    assert stage["AccessLogSettings"]["DestinationArn"] == "AccessLogs.Arn"


def waits_for(stack, name):
    """Everything of the API that there must be before this one: what it refers to and depends on, and what that waits for."""
    resource = stack.resources[name]
    named = {resource.get("DependsOn"), *re.findall(r"\w+", json.dumps(resource["Properties"]))}
    before = {other for other in named if stack.resources.get(other, {}).get("Type", "").startswith("AWS::ApiGatewayV2::")}
    return before.union(*(waits_for(stack, other) for other in before))


def test_changes_of_the_api_are_made_one_after_the_other(stack):
    """API Gateway refuses a change of an API while it makes another (ConflictException), and then the whole deployment fails."""
    of_api = [name for name, resource in stack.resources.items() if resource["Type"].startswith("AWS::ApiGatewayV2::")]
    in_order = sorted(of_api, key=lambda name: len(waits_for(stack, name)))
    for n, name in enumerate(in_order):
        assert waits_for(stack, name) == set(in_order[:n]), name
    assert (in_order[0], in_order[-1]) == ("Api", "ApiStage")
    (stage,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["AutoDeploy"] is True


def listed(constant):
    """What a constant of the function's own CORS lists."""
    text = (ROOT / "functions/api/src/cors.rs").read_text()
    return set(re.search(rf'const {constant}: HeaderValue =\s*HeaderValue::from_static\("(.*?)"\);', text)[1].split(", "))


def headers_of_the_contract(part):
    """The headers that the contract names: of requests, or of answers."""
    operations = [operation for path in CONTRACT["paths"].values() for operation in path.values() if isinstance(operation, dict)]
    if part == "requests":
        return {each["name"] for operation in operations for each in operation.get("parameters", []) if each["in"] == "header"}
    return {name for operation in operations for answer in operation["responses"].values() for name in answer.get("headers", {})}


def test_pages_may_use_every_header_of_the_contract():
    assert headers_of_the_contract("answers") <= listed("EXPOSED_HEADERS")
    assert {name.lower() for name in headers_of_the_contract("requests")} <= {name.lower() for name in listed("ALLOWED_HEADERS")}


def test_the_gateway_marks_answers_for_pages_as_the_function_would():
    """Only one of the two may add CORS headers, and with a configuration the gateway does: browsers reject a header that comes
    twice. AWS promises them for the answers of an integration, not for the gateway's own refusals."""
    stack = Stack(Origins="https://a.example,http://localhost:3000")
    (api,) = stack.of_type("AWS::ApiGatewayV2::Api").values()
    cors = api["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://a.example", "http://localhost:3000"]
    assert not cors.get("AllowCredentials")
    assert listed("METHODS") <= set(cors["AllowMethods"])
    assert listed("ALLOWED_HEADERS") <= set(cors["AllowHeaders"])
    assert listed("EXPOSED_HEADERS") <= set(cors["ExposeHeaders"])
    assert "HEADWAY_ORIGINS" not in stack.environment("ApiFunction")


def test_without_origins_no_page_may_call():
    (api,) = Stack().of_type("AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api


def test_outputs(stack):
    assert set(stack.outputs) >= {"ApiUrl", "TableName", "QueueUrl", "DeadLetterQueueUrl"}
