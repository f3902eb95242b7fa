"""`python -m ops status --stack STACK [--json]`: what is not shown and why, time to view, storage classes.

From the job's records, and from what the Healthcare API says of the stores' sizes and storage classes: no image and no
attribute of a patient is read. What arrived and no run of the job has looked at yet is only in the backlog
subscription, which this does not read. Exit codes: 0 told; 2 could not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from infra.providers import KEYS
from ops.client.google import GoogleApi, Json
from ops.client.outputs import Outputs, StoreOutputs, read_outputs, require
from ops.client.refusal import OpsRefused
from ops.client.tokens import token_source
from ops.operate.stack_outputs import outputs_file, owner_of, token_command
from ops.status.raw_storage import count_moved_studies
from ops.status.records import RecordsReader
from ops.status.stores import measure_stores
from ops.status.time_to_view import measure_time_to_view
from ops.status.unshown import count_unshown

TOLD, COULD_NOT = 0, 2


class Section(Protocol):
    """One concern, as it is now."""

    def document(self) -> Json: ...
    def lines(self) -> Iterable[str]: ...


class StatusOutputs(Outputs):
    """What `status` takes from a stack's outputs."""

    project: str
    endpoints: dict[str, str]
    records_bucket: str
    stores: dict[str, StoreOutputs]


@dataclass(frozen=True)
class DeployedStack:
    """What sections read. `stores` are full names by short ones, without that of the smoke tests."""

    records: RecordsReader
    stores: Mapping[str, str]


SECTIONS: dict[str, Callable[[DeployedStack], Section]] = {
    "unshown": lambda stack: count_unshown(stack.records),
    "time_to_view": lambda stack: measure_time_to_view(stack.records),
    "raw_storage": lambda stack: count_moved_studies(stack.records),
    "stores": lambda stack: measure_stores(stack.records, stack.stores),
}
"""Key in the JSON → what tells of it. Each reads by itself."""


def parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(
        prog="python -m ops status", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--stack", required=True, help="name of the stack, as in Pulumi.STACK.yaml")
    out.add_argument("--json", action="store_true", help="print one JSON document")
    return out


def main(arguments: Sequence[str]) -> int:
    given = parser().parse_args(arguments)
    try:
        stack = deployed_stack(given.stack)
        sections = {name: look(stack) for name, look in SECTIONS.items()}
    except OpsRefused as refused:
        print(f"status: {refused}", file=sys.stderr)
        return COULD_NOT
    at = datetime.now(UTC)
    if given.json:
        document = {name: section.document() for name, section in sections.items()}
        print(json.dumps({"schema_version": 1, "stack": given.stack, "at": at.isoformat(), **document}, indent=1))
        return TOLD
    print(f"Stack {given.stack}, {at:%Y-%m-%d %H:%M} UTC")
    for section in sections.values():
        print("\n".join(section.lines()))
    return TOLD


def deployed_stack(stack: str) -> DeployedStack:
    """A deployed stack, read as its owner on the local cloud, else as oneself. Raises `OpsRefused`."""
    outputs = require(read_outputs(outputs_file(stack)), StatusOutputs)
    roots = {api: root for api, root in outputs.endpoints.items() if api in KEYS}
    tokens = token_source(token_command(stack), owner_of(outputs.project), outputs.project)
    stores = {name: store.name for name, store in outputs.stores.items() if name != "smoke"}
    return DeployedStack(RecordsReader(GoogleApi(roots, tokens), outputs.records_bucket), stores)
