"""What a run leaves behind: the resource graph as the engine would have kept it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

STACK_TYPE = "pulumi:pulumi:Stack"

Phase = Literal["creating", "created", "same", "failed"]


@dataclass(kw_only=True)
class Node:
    """One registered resource. `inputs` and `outputs` are plain values with Pulumi's (camelCase) names."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent; the stack's for a resource of the program itself, empty for the stack."""
    custom: bool
    """Managed by a provider (a component is not)."""
    provider: str = ""
    """`<urn>::<id>` of an explicit provider; empty for the default one."""
    protect: bool = False
    retain_on_delete: bool = False
    dependencies: list[str] = field(default_factory=list[str])
    property_dependencies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    ignore_changes: list[str] = field(default_factory=list[str])
    aliases: list[str] = field(default_factory=list[str])
    """Former URNs."""
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Whatever else the program says about it beside its inputs: `replaceOnChanges`, `customTimeouts`, `hooks`, …"""
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    secrets: set[str] = field(default_factory=set[str])
    """Paths of the secret inputs."""
    secret_outputs: set[str] = field(default_factory=set[str])
    """Paths of the secret outputs."""
    position: str = ""
    """Where the program declares it: `archive.py#41`."""
    seconds: float = 0.0
    status: Literal["created", "same"] = "created"


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """One function of a provider that the program called."""

    token: str
    args: dict[str, Any]
    result: dict[str, Any]


@dataclass(kw_only=True)
class Deployment:
    resources: dict[str, Node] = field(default_factory=dict[str, Node])
    """By URN, in the order of registration; the stack itself is the first."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """The stack's outputs, secret ones in clear."""
    secret_outputs: set[str] = field(default_factory=set[str])
    """Paths of the stack's secret outputs."""
    invokes: list[Invoke] = field(default_factory=list[Invoke])


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of progress, told as it happens."""

    urn: str
    type: str
    name: str
    parent: str
    phase: Phase
    seconds: float = 0.0


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
