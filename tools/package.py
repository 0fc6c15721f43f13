"""Writes the directory target/package: what is needed to deploy Headway without Rust and without SAM.

It has the functions as `make build` left them, the template as plain CloudFormation, and the script that deploys both. With --project it does so for a
project that `headway new` has written, with its own worker.
"""

import argparse
import os
import pathlib
import shutil
import zipfile

import yaml
from cfnlint.decode import cfn_yaml
from samtranslator.translator.transform import transform

ROOT = pathlib.Path(__file__).resolve().parents[1]
FUNCTIONS = {"ApiFunction": "api", "WorkerFunction": "worker", "CleanupFunction": "cleanup"}
# The transform asks for a region. What it writes here is the same for all.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
# The same for every package, so that the same functions make the same files.
WRITTEN = (1980, 1, 1, 0, 0, 0)


class NoManagedPolicies:
    """The template names none of SAM's."""

    def load(self):
        return {}


class Plain(yaml.SafeDumper):
    """CloudFormation knows no aliases."""

    def ignore_aliases(self, _):
        return True


def plain(node):
    """Without what the reader of templates keeps about lines."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return str(node) if isinstance(node, str) else node


def template(project):
    """The template after the SAM transform, with each function's code in the file beside it."""
    source = plain(cfn_yaml.load(str(project / "template.yaml")))
    folders = {function: source["Resources"][resource]["Properties"]["CodeUri"] for resource, function in FUNCTIONS.items()}
    for resource, function in FUNCTIONS.items():
        source["Resources"][resource]["Properties"]["CodeUri"] = f"s3://package/{function}.zip"
    transformed = plain(transform(source, {}, NoManagedPolicies()))
    for resource, function in FUNCTIONS.items():
        transformed["Resources"][resource]["Properties"]["Code"] = f"{function}.zip"
    return transformed, folders


def zip_up(bootstrap, file):
    """Writes a function's zip file, with the program executable in it."""
    entry = zipfile.ZipInfo("bootstrap", WRITTEN)
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, bootstrap.read_bytes(), zipfile.ZIP_DEFLATED)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--project", type=pathlib.Path, default=ROOT, help="the directory with template.yaml and tools/deploy.sh")
    options.add_argument("--built", type=pathlib.Path, help="where the functions are, if not where the template says")
    options.add_argument("--to", type=pathlib.Path, help="the directory to write, if not target/package of the project")
    given = options.parse_args()
    project, to = given.project.resolve(), given.to or given.project / "target" / "package"
    plain_template, folders = template(project)
    built = {function: (given.built / function if given.built else project / folders[function]) / "bootstrap" for function in folders}
    if missing := [str(bootstrap) for bootstrap in built.values() if not bootstrap.is_file()]:
        raise SystemExit(f"{', '.join(missing)} missing: `make package` builds and packages")
    shutil.rmtree(to, ignore_errors=True)
    (to / "tools").mkdir(parents=True)
    for function, bootstrap in built.items():
        zip_up(bootstrap, to / f"{function}.zip")
    (to / "template.yaml").write_text(yaml.dump(plain_template, Dumper=Plain, sort_keys=False, width=1_000))
    shutil.copy2(project / "tools" / "deploy.sh", to / "tools" / "deploy.sh")
    print(f"wrote {to}; deploy it from there with tools/deploy.sh (docs/deploy.md)")


if __name__ == "__main__":
    main()
