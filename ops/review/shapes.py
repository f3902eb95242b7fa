"""The reviewed list of what may be declared (`policy/shapes.json`), from the stacks and from what each setting changes.

    python -m ops shapes [--write]

Every stack is declared as it is, with what `assumed.yaml` fills in, and once more for each setting with another value
that the program accepts. A value that differs then is one that a setting decides; all others are fixed, and listed.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Sequence
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


def write() -> str:
    """The list as it should be, with the fixed values of each path, or null where a setting decides."""
    fixed: list[Sequence[Resource]] = []
    varied: list[Sequence[Resource]] = []
    bases = [*((stack, {}) for stack in STACKS), *((stack, CLOUD_RUN) for stack in ("local", "dev")), ("prod", PHI)]
    for stack, base in bases:
        for is_fixed, change in variations(stack):
            try:
                resources = declared_resources(deploy_graph(stack, overrides={**base, **change}))
            except (*CANNOT_RUN, Unreadable):
                continue  # the program refuses this value: it decides nothing
            (fixed if is_fixed else varied).append(resources)
    known = union(fixed)
    types = {
        type_: {path: _values(known.get(type_, {}).get(path), of_type[path]) for path in sorted(of_type)}
        for type_, of_type in sorted(union([*fixed, *varied]).items())
    }
    return json.dumps({"types": types, "always": common([*fixed, *varied])}, indent=1, ensure_ascii=False) + "\n"


def _values(fixed: set[str] | None, every: set[str]) -> list[Any] | None:
    if fixed is None or every - fixed:
        return None
    return [json.loads(value) for value in sorted(fixed)]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops shapes", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write policy/shapes.json; else say what differs")
    options = parser.parse_args(arguments)
    text = write()
    before = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if options.write:
        FILE.write_text(text, encoding="utf-8")
        return 0
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), text.splitlines(True), "agreed", "declared"))
    return int(before != text)
