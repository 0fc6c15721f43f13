"""Clients that are generated from the document of the running server compile, and work for every call."""

import json
import shutil
import subprocess
import sys

from conftest import GENERATED, HERE

METHODS = {"get", "put", "post", "patch", "delete"}
BIN = HERE / "node_modules/.bin"
SCRIPTS = HERE / ".venv/bin"


def run(*command):
    """Runs a command, and returns its output. If it fails, the output is the message."""
    done = subprocess.run([str(part) for part in command], cwd=HERE, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def calls(document):
    paths = json.loads(document.read_text())["paths"]
    return {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method in METHODS}


def fresh(name):
    shutil.rmtree(GENERATED / name, ignore_errors=True)
    return GENERATED / name


def test_openapi_fetch_works_for_every_call(server, document):
    run(BIN / "openapi-typescript", document, "-o", GENERATED / "api.d.ts")
    run(BIN / "tsc", "-p", "tsconfig.json")
    used = set(json.loads(run("node", GENERATED / "js/journey.js", server.url, server.token)))
    unused = sorted(calls(document) - used)
    assert not unused, f"these calls are not used in tests/clients/journey.ts: {', '.join(unused)}"


def assert_all_used(document, names):
    """`names` are those that the generator made of the operations' ids."""
    plain = lambda name: name.replace("_", "").lower()
    paths = json.loads(document.read_text())["paths"]
    ids = {operation["operationId"] for item in paths.values() for method, operation in item.items() if method in METHODS}
    unused = sorted(ids - {id for id in ids for name in names if plain(id) == plain(name)})
    assert not unused, f"these calls are not used: {', '.join(unused)}"


def test_openapi_generator_works_for_every_call_in_typescript(server, document):
    target = fresh("typescript-fetch")
    # Node reads only imports with an extension.
    options = ["-g", "typescript-fetch", "-o", target, "--additional-properties=importFileExtension=.js"]
    run(SCRIPTS / "openapi-generator-cli", "generate", "-i", document, *options)
    run(BIN / "tsc", "-p", "tsconfig.generated.json")
    assert_all_used(document, json.loads(run("node", GENERATED / "js-fetch/journey.fetch.js", server.url, server.token)))


def test_openapi_generator_works_for_every_call_in_python(server, document):
    target = fresh("python")
    run(SCRIPTS / "openapi-generator-cli", "generate", "-i", document, "-g", "python", "-o", target, "--package-name", "headway_generated")
    assert_all_used(document, run("env", f"PYTHONPATH={target}", sys.executable, "journey_generator.py", server.url, server.token).split())


def test_openapi_python_client_works_for_every_call_with_strict_types(server, document):
    """It knows no NDJSON, and says so; it sends these lines as bytes."""
    target = fresh("openapi-python-client")
    config = GENERATED / "quiet.yml"
    config.write_text("post_hooks: []\n")
    run(SCRIPTS / "openapi-python-client", "generate", "--path", document, "--output-path", target, "--config", config)
    # The generator's own casts are not always needed.
    strict = ["env", f"MYPYPATH={target}", SCRIPTS / "mypy", "--strict", "--no-warn-redundant-casts"]
    run(*strict, target / "headway_client")
    run(*strict, "journey_python_client.py")
    assert_all_used(document, run("env", f"PYTHONPATH={target}", sys.executable, "journey_python_client.py", server.url, server.token).split())
