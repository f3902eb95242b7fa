"""The reviewed list of what may be declared (`policy/shapes.json`), from the stacks and from what each setting changes.

    python -m ops shapes [--add | --write]

Every stack is declared as it is, with what `assumed.yaml` fills in, and once more for each setting with another value
that the program accepts. A value that differs then is one that a setting decides; all others are fixed, and listed.
That is some 470 declarations, minutes of work; `--add` declares the stacks as they are, in seconds, and adds to the
list what it lacks: enough for a new fixed value or type, but what went stays, and a setting's other values are not
tried.
"""

from __future__ import annotations

import argparse
import difflib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from engine import load_config
from ops.review.graph import CANNOT_RUN, ROOT, deploy_graph
from ops.review.judge import declared_resources
from ops.review.plan import Unreadable
from policy.resource import Resource
from policy.shape import FILE, common, union

STACKS = ("local", "dev", "prod")
KEYS = "projects/my-imaging/locations/europe-west4/keyRings/{0}/cryptoKeys/{0}"
PHI: dict[str, Any] = {
    "dataClass": "phi",
    "viewerHost": "cloud_run",
    "viewerImageDigest": "sha256:" + "0" * 64,
    "customDomain": "",
    "datasetKey": KEYS.format("dataset"),
    "auditRetentionDays": 2190,
    "auditRetentionLocked": True,
}
"""What prod needs to hold images of patients."""
CLOUD_RUN: dict[str, Any] = {"viewerHost": "cloud_run", "viewerImageDigest": "sha256:" + "0" * 64, "customDomain": ""}
"""The viewer as a service, which no stack file has, with synthetic images too."""
CHOICES: dict[str, Sequence[Any]] = {
    "viewerHost": ("firebase", "cloud_run"),
    "viewerApp": ("lite", "slim"),
    "jobImage": ("cloud_build", "pulumi_docker"),
    "protection": ("off", "on"),
    "labelPolicy": ("keep", "withhold"),
    "buildRegion": ("europe-west3", "europe-west4"),
    "rawStorageClass": ("standard", "archive"),
    "true": (False,),
    "false": (True,),
}
"""Settings with a few words to choose from, by name or by value: what follows from each word is a fixed value too."""
FREE: dict[str, Sequence[Any]] = {
    "githubRepository": ("other/imaging",),
    "githubRepositoryId": (987654321,),
    "githubInstallationId": (1234,),
    "githubTokenVersion": (7,),
    "githubTokenRotation": ("2031-01-01T00:00:00Z",),
    "location": ("us-central1",),
    "jobSchedule": ("7 3 * * *",),
    "sweepSchedule": ("7 4 * * 0",),
    "exportSchedule": ("7 3 * * 0",),
    "jobMemory": ("8Gi",),
    "jobCpu": ("4",),
    "jobImageDigest": ("sha256:" + "1" * 64,),
    "oauthClientId": ("987654321098-other.apps.googleusercontent.com",),
    "customDomain": ("other.example.org",),
    "billingAccount": ("111111-111111-111111",),
    "monthlyBudget": (900,),
    "stateBucket": ("another-state",),
    "stateKey": (KEYS.format("other"),),
    "datasetKey": (KEYS.format("other"),),
    "promoteFrom": ("another-project",),
    "viewerSite": ("another-site",),
    "previewSite": ("another-preview",),
    "promoteTo": ("another-project",),
    "institution": ("Another lab",),
    "support": ("help@example.org",),
}
"""Other values of settings that are free text; numbers and lists have them by themselves."""


def variations(stack: str) -> Iterator[tuple[bool, dict[str, Any]]]:
    """The stack's settings as they are, then each with another value; whether what follows is fixed."""
    yield True, {}
    given = load_config(ROOT, stack, {"gcp:project": "my-imaging"}).config
    for key, text in sorted(given.items()):
        name = key.partition(":")[2]
        if key.startswith("gcp:"):
            continue
        if choices := CHOICES.get(name, CHOICES.get(text)):
            yield from ((True, {name: value}) for value in choices)
        else:
            yield from ((False, {name: value}) for value in FREE.get(name, _others(text)))


def _others(text: str) -> Sequence[Any]:
    if text.isdigit():
        return (int(text) + 1, int(text) * 2)
    if text.startswith("["):
        return (["somebody@example.org"], ["another@example.org"])
    return (text + "2",) if text else ()


@dataclass(frozen=True)
class Declaration:
    """A stack with some settings changed; whether every value that follows is fixed, not decided by a setting."""

    stack: str
    overrides: dict[str, Any]
    is_fixed: bool = True


def bases() -> list[Declaration]:
    """The stacks as they are, and as their files might well have them."""
    return [
        *(Declaration(stack, {}) for stack in STACKS),
        *(Declaration(stack, CLOUD_RUN) for stack in ("local", "dev")),
        Declaration("prod", PHI),
    ]


def declare(declaration: Declaration) -> list[Resource] | None:
    """What the program declares; None where it refuses the value, which decides nothing then."""
    try:
        return declared_resources(deploy_graph(declaration.stack, overrides=declaration.overrides))
    except (*CANNOT_RUN, Unreadable):
        return None


def compose() -> str:
    """The list as it should be, with the fixed values of each path, or null where a setting decides."""
    todo = [
        Declaration(base.stack, {**base.overrides, **change}, is_fixed)
        for base in bases()
        for is_fixed, change in variations(base.stack)
    ]
    fixed: list[Sequence[Resource]] = []
    varied: list[Sequence[Resource]] = []
    # Each declaration is a deployment in process, which one interpreter does one after the other.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for declaration, resources in zip(todo, _progress(pool.map(declare, todo), len(todo)), strict=True):
            if resources is not None:
                (fixed if declaration.is_fixed else varied).append(resources)
    known = union(fixed)
    types = {
        type_: {path: _values(known.get(type_, {}).get(path), of_type[path]) for path in sorted(of_type)}
        for type_, of_type in sorted(union([*fixed, *varied]).items())
    }
    return _text(types, common([*fixed, *varied]))


def _progress(results: Iterable[list[Resource] | None], total: int) -> Iterator[list[Resource] | None]:
    for number, result in enumerate(results, 1):
        if sys.stderr.isatty() or number in (1, total) or number % 25 == 0:
            print(f"{number} of {total} declarations", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
        yield result


def add(before: str) -> str:
    """The list with what the stacks as they are declare and it lacks; keys that are not everywhere any more leave."""
    agreed = json.loads(before)
    declared = [resources for resources in map(declare, bases()) if resources is not None]
    types: dict[str, dict[str, list[Any] | None]] = agreed["types"]
    for type_, of_type in union(declared).items():
        shape = types.setdefault(type_, {})
        for path, values in of_type.items():
            reviewed = shape.setdefault(path, [])
            if reviewed is not None:
                shape[path] = _values({*map(json.dumps, reviewed), *values}, set())
    always = common(declared)
    for type_, paths in agreed["always"].items():
        here: dict[str, list[str]] = always.get(type_, {})
        always[type_] = {path: [key for key in keys if key in here.get(path, keys)] for path, keys in paths.items()}
    return _text(
        {type_: dict(sorted(shape.items())) for type_, shape in sorted(types.items())},
        {type_: {path: keys for path, keys in paths.items() if keys} for type_, paths in sorted(always.items())},
    )


def _text(types: dict[str, Any], always: dict[str, Any]) -> str:
    return json.dumps({"types": types, "always": always}, indent=1, ensure_ascii=False) + "\n"


def _values(fixed: set[str] | None, every: set[str]) -> list[Any] | None:
    if fixed is None or every - fixed:
        return None
    return [json.loads(value) for value in sorted(fixed)]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops shapes", description=(__doc__ or "").partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true", help="write policy/shapes.json anew; without, say what differs")
    how.add_argument("--add", action="store_true", help="add what the stacks as they are declare, in seconds")
    options = parser.parse_args(arguments)
    before = FILE.read_text(encoding="utf-8") if FILE.exists() else _text({}, {})
    if not options.add:
        print("declaring the stacks with each setting changed: minutes of processor time", file=sys.stderr)
    text = add(before) if options.add else compose()
    if options.write or options.add:
        FILE.write_text(text, encoding="utf-8")
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), text.splitlines(True), "agreed", "declared"))
    if text == before:
        print("nothing differs")
    return 0 if options.write or options.add else int(before != text)
