"""URNs as the engine makes them: the chain of the parents' types, the stack's own left out."""

from __future__ import annotations

from typing import Any

from engine.graph import STACK_TYPE


def urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    chain = parent.split("::")[2] + "$" if parent else ""
    if chain == f"{STACK_TYPE}$":
        chain = ""
    return f"urn:pulumi:{stack}::{project}::{chain}{type_}::{name}"


def former_urn(alias: Any, stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN that one alias (protobuf) of a resource stands for; what the alias leaves open is as it is now."""
    if alias.WhichOneof("alias") == "urn":
        return str(alias.urn)
    spec = alias.spec
    former_parent = "" if spec.noParent else spec.parentUrn or parent
    return urn(spec.stack or stack, spec.project or project, former_parent, spec.type or type_, spec.name or name)
