"""The state of a release, kept in `tests/upgrade/`: what a later program must be able to take over without a loss.

    python -m ops record [--stack STACK]… [--into FOLDER]

Writes what each stack declares now, one resource a line, and prints in words what differs from what was kept before:
that is for the reviewer of the new release. The test `tests/upgrade/test_upgrade.py` reads it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ops.review.compare import plan_of
from ops.review.dangers import dangers
from ops.review.graph import ROOT, Graph, declare_graph, from_json, to_json
from ops.review.plan import Unreadable
from ops.review.words import in_words

KEPT = ROOT / "tests" / "upgrade"
STACKS = ("local", "dev", "prod")
MADE_WITH = ("pulumi", "pulumi_gcp")


def read_recorded(stack: str, folder: Path = KEPT) -> Graph:
    """The recorded graph. Raises `Unreadable`."""
    path = folder / f"{stack}.json"
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise Unreadable(
            f"{path.name} cannot be read ({error}): record it with .venv/bin/python -m ops record"
        ) from error


def as_text(graph: Graph) -> str:
    """JSON in which a resource is a line, sorted, so that a later difference is one too.

    The order of registration differs from run to run.
    """
    document: dict[str, Any] = to_json(graph)
    recorded = sorted(document.pop("resources"), key=lambda resource: resource["urn"])
    resources = ",\n".join(f"  {json.dumps(resource, sort_keys=True)}" for resource in recorded)
    document["made_with"] = {name: importlib.metadata.version(name) for name in MADE_WITH}
    return f'{json.dumps(document)[:-1]}, "resources": [\n{resources}\n]}}\n'


def main(arguments: Sequence[str]) -> int:
    """0 when nothing is lost on the way from the record that was there; 1 when something would be."""
    parser = argparse.ArgumentParser(prog="python -m ops record", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", action="append", help=f"may be repeated (default: {', '.join(STACKS)})")
    parser.add_argument("--into", type=Path, default=KEPT, metavar="FOLDER")
    options = parser.parse_args(arguments)
    lost = False
    for stack in options.stack or STACKS:
        now = declare_graph(stack)
        try:
            plan = plan_of(read_recorded(stack, options.into), now)
            lost = lost or any(danger.kind in ("delete", "replace") for danger in dangers(plan))
            print(in_words(plan, dangers(plan)))
        except Unreadable as problem:
            print(f"record: {problem}", file=sys.stderr)
        (options.into / f"{stack}.json").write_text(as_text(now), encoding="utf-8")
    return int(lost)
