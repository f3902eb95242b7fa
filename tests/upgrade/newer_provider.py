"""What a newer pulumi-gcp would change for this program: types, inputs, what forces a replacement, and the suite.

`python -m tests.upgrade.newer_provider` installs the newest 10.x beside the environment, describes the resource types
that the program declares with both, prints the differences as Markdown, and runs the in-process suite over the newer
one. Exit status 0 only when nothing differs and everything passes. docs/adr/0020 says what moving takes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WANTED = "pulumi-gcp>=10,<11"
SUITE = ("tests/components", "tests/infra", "tests/policy", "tests/upgrade", "tests/engine", "tests/ops/review")
FORCES = re.compile(r"(?i)forces? (?:a )?new resource|cannot be (?:changed|updated)|immutable")
Described = Mapping[str, Any]


def declared_types() -> list[str]:
    """Pulumi types of Google's that some stack declares."""
    return sorted(json.loads((ROOT / "ops" / "review" / "force_new.json").read_text())["types"])


def describe(type_: str) -> Described | None:
    """Inputs (path → annotation), which are required, which say that a change replaces; None for an unknown type."""
    import pulumi_gcp

    module, name = type_.split(":")[1].partition("/")[0], type_.rpartition(":")[2]
    room = getattr(pulumi_gcp, module, None)
    if not hasattr(room, f"{name}Args"):
        return None
    described: dict[str, Any] = {"inputs": {}, "required": [], "forces": []}
    _add(described, room, f"{name}Args", "", frozenset())
    return described


def _add(described: dict[str, Any], room: Any, name: str, prefix: str, above: frozenset[str]) -> None:
    """The inputs of one class of arguments, and of those in it."""
    made = getattr(room, name).__init__
    said = {part.split(":")[0].split()[-1]: part for part in re.split(r"\n\s*:param ", made.__doc__ or "")[1:]}
    for key, value in inspect.signature(made).parameters.items():
        if "self" in key:
            continue
        path, annotation = f"{prefix}{key}", str(value.annotation)
        described["inputs"][path] = annotation
        if value.default is inspect.Parameter.empty:
            described["required"].append(path)
        if FORCES.search(said.get(key, "")):
            described["forces"].append(path)
        for inner in {found for found in re.findall(r"\b(\w+Args)\b", annotation) if hasattr(room, found)} - above:
            _add(described, room, inner, f"{path}.", above | {name, inner})


def differences(now: Mapping[str, Described | None], then: Mapping[str, Described | None]) -> Iterator[str]:
    """A line of Markdown for each."""
    for type_, old in sorted(now.items()):
        new = then.get(type_)
        if old is None or new is None:
            if old is not new:
                yield f"* `{type_}`: {'is new' if old is None else 'is gone'}"
            continue
        for what, gone, added in (
            ("input", old["inputs"].keys() - new["inputs"].keys(), new["inputs"].keys() - old["inputs"].keys()),
            ("required input", {*old["required"]} - {*new["required"]}, {*new["required"]} - {*old["required"]}),
            ("replacing input", {*old["forces"]} - {*new["forces"]}, {*new["forces"]} - {*old["forces"]}),
        ):
            for verb, names in (("no longer has", gone), ("now has", added)):
                if names:
                    yield f"* `{type_}` {verb} {what} {', '.join(f'`{name}`' for name in sorted(names))}"
        for name in sorted(old["inputs"].keys() & new["inputs"].keys()):
            if old["inputs"][name] != new["inputs"][name]:
                yield f"* `{type_}` takes `{name}` as `{new['inputs'][name]}`, not `{old['inputs'][name]}`"


def all_described() -> dict[str, Described | None]:
    return {type_: describe(type_) for type_ in declared_types()}


def with_newer(folder: Path, wanted: str) -> dict[str, str]:
    """An environment in which Python finds the newer package first."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), wanted]
    subprocess.run(command, check=True)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wanted", default=WANTED, help="what pip is asked for (default: %(default)s)")
    parser.add_argument("--no-suite", action="store_true", help="only compare the types")
    parser.add_argument("--describe", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.describe:
        print(json.dumps({"version": importlib.metadata.version("pulumi-gcp"), "types": all_described()}))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        environment = with_newer(Path(folder), options.wanted)
        asked = [sys.executable, "-m", "tests.upgrade.newer_provider", "--describe"]
        told = subprocess.run(asked, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        newer = json.loads(told)
        found = list(differences(all_described(), newer["types"]))
        print(f"## pulumi-gcp {newer['version']} beside {importlib.metadata.version('pulumi-gcp')}\n")
        print("\n".join(found) or "The types that this program declares are described alike.", flush=True)
        passed = True
        if not options.no_suite:
            suite = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", *SUITE]
            passed = subprocess.run(suite, env=environment, cwd=ROOT, check=False).returncode == 0
    return 0 if passed and not found else 1


if __name__ == "__main__":
    sys.exit(main())
