"""One emulator for the whole run, and two stacks on it: one whose gateway checks tokens, one whose function does."""

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
    """Tokens are checked by the gateway. The schedule is the shortest there is."""
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
    """Tokens are checked by the function, and have to name scopes."""
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
    """A user of the first stack: another one for each test, whose jobs and quotas are nobody else's."""
    return stack.caller(issuer.token(request.node.name))


@pytest.fixture
def shown(request):
    """Takes a line for the end of the report: what a test showed that its name does not say."""
    return lambda line: request.config.stash.setdefault(SHOWN, []).append(line)


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(SHOWN, [])
    if lines:
        terminalreporter.section("shown on the emulator; docs/emulators.md says what that leaves open")
        for line in lines:
            terminalreporter.line(line)
