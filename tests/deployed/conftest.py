"""One emulator for the whole run, with two stacks: in one the gateway checks tokens, in the other the function."""

import json

import pytest
from deploying import ARTIFACTS, DEPLOYER_POLICY, deploy, upload, user
from emulator import Emulator
from endpoint import Endpoint
from issuer import Issuer

SHOWN = pytest.StashKey()

# The worker does not have it: jobs of it can be started and never be worked on.
GHOST = [{"name": "ghost", "description": "described to the api, missing in the worker"}]


@pytest.fixture(scope="session")
def emulator():
    running = Emulator(ARTIFACTS / "emulator.log")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def issuer():
    serving = Issuer()
    yield serving
    serving.stop()


@pytest.fixture(scope="session")
def endpoint():
    serving = Endpoint()
    yield serving
    serving.stop()


@pytest.fixture(scope="session")
def deployer(emulator):
    credentials = user(emulator, "deployer", DEPLOYER_POLICY)
    upload(emulator, credentials)
    return credentials


@pytest.fixture(scope="session")
def stack(emulator, deployer, issuer, endpoint):
    """The gateway checks tokens. The schedule is the shortest possible."""
    return deploy(
        emulator,
        deployer,
        "headway",
        JwtIssuer=issuer.url,
        JwtAudience="jobs",
        CleanupSchedule="rate(1 minute)",
        HttpEndpoints=endpoint.configuration(),
        Processors=json.dumps(GHOST),
    )


@pytest.fixture(scope="session")
def stack_with_own_check(emulator, deployer, issuer):
    """The function checks tokens, which must have scopes."""
    return deploy(
        emulator,
        deployer,
        "headway-jwks",
        Auth="jwks",
        JwtIssuer=issuer.url,
        JwtAudience="jobs",
        JwksUrl=issuer.keys_url,
        Scopes="required",
        Origins="https://app.example",
    )


@pytest.fixture
def ada(stack, issuer, request):
    """A user of the first stack; each test gets one of its own, with its own jobs and quotas."""
    return stack.caller(issuer.token(request.node.name))


@pytest.fixture
def shown(request):
    """Adds a line to the end of the report, for a result that the test's name does not show."""
    return lambda line: request.config.stash.setdefault(SHOWN, []).append(line)


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(SHOWN, [])
    if lines:
        terminalreporter.section("shown on the emulator; docs/emulators.md says what that leaves open")
        for line in lines:
            terminalreporter.line(line)
