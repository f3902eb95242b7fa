"""Which resources of a former deployment can stand as they are. Changed ones are refused: updating is the engine's."""

from __future__ import annotations

from typing import Any

from engine.graph import Deployment, Node
from engine.provider import Refused


class Reuse:
    def __init__(self, previous: Deployment | None) -> None:
        self._nodes = previous.resources if previous else {}

    def same(self, node: Node) -> Node | None:
        """The former node, or None when there was none. Raises `Refused` naming the first input that changed."""
        former = next((self._nodes[urn] for urn in (node.urn, *node.aliases) if urn in self._nodes), None)
        if former is None:
            return None
        ignored = {path.split(".")[0].split("[")[0] for path in node.ignore_changes}
        for key in sorted(former.inputs.keys() | node.inputs.keys()):
            if key not in ignored and former.inputs.get(key) != node.inputs.get(key):
                raise Refused(_describe_change(former.inputs.get(key), node.inputs.get(key), key in node.secrets), key)
        return former


def _describe_change(old: Any, new: Any, secret: bool) -> str:
    values = "" if secret else f" from {old!r} to {new!r}"
    return (
        f"changed{values}, and the in-process deployer only creates: "
        "start the local cloud anew, or use the Pulumi CLI (pulumi up -s local)"
    )
