"""A plan: what would happen to each resource of one stack, whoever worked it out. Shape: `plan.schema.json`.

Owns: the shape and its reading and writing. Deliberately not: where a plan comes from (`preview` reads Pulumi's,
`compare` makes one of two graphs) and what is dangerous about it (`dangers`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast, get_args

from policy.resource import Resource

Op = Literal["create", "update", "replace", "delete", "same"]
Source = Literal["pulumi preview", "graph"]
FAILED = "failed preview"
"""In place of a source: there is no plan, and `why` says so."""
VERSION = 1
UNKNOWN = "[known after the deployment]"
SETTINGS = "dicom-platform:stack:Settings"
"""Type of the one step that stands for the stack's own file: its inputs are the settings and the provider's."""
OUTPUTS = "dicom-platform:stack:Outputs"
"""Type of the one that stands for what the stack exports."""
FILES = "dicom-platform:code:Files"
"""Type of those that stand for the files which no graph shows: inputs are paths, values what Git knows them by."""
BESIDE = (SETTINGS, OUTPUTS, FILES)
"""Types of steps that are of no resource and yet decide what happens."""
SECRET = "[secret]"  # noqa: S105


def is_masked(value: Any) -> bool:
    """Whether it stands for a secret: `[secret]`, or with a mark by which another secret is told from it."""
    return isinstance(value, str) and re.fullmatch(r"\[secret( [0-9a-f]{12})?\]", value) is not None


class Unreadable(Exception):
    """A plan, graph or exception file that is not what it should be: the gate says why and decides nothing."""


@dataclass(frozen=True, kw_only=True)
class State:
    """One resource before or after. `inputs` have Pulumi's camelCase names; secrets and unknowns are masked."""

    name: str
    parent: str = ""
    protect: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the program says about the resource beside its inputs: `ignoreChanges`, `aliases`, `retainOnDelete`."""


@dataclass(frozen=True, kw_only=True)
class Step:
    urn: str
    type: str
    op: Op
    before: State | None = None
    """None for what is created."""
    after: State | None = None
    """None for what is deleted."""
    changed: tuple[str, ...] = ()
    """Names of the top-level inputs that differ."""
    replacing: tuple[str, ...] = ()
    """Those of them that make it a replacement."""
    former_urn: str = ""
    """The URN it had before, when an alias says so."""
    stays_at_google: bool = False
    """For a delete: the resource is only forgotten (`retain_on_delete`, `deletion_policy="ABANDON"`)."""

    @property
    def name(self) -> str:
        state = self.after or self.before
        return state.name if state else self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Plan:
    stack: str
    source: Source
    steps: tuple[Step, ...]
    """All resources, those that stay as they are too: the matrix of grants and the cost need every one."""

    @property
    def changes(self) -> list[Step]:
        return [step for step in self.steps if step.op != "same"]

    @property
    def is_first(self) -> bool:
        """Nothing of the stack exists yet, so nothing of it can be widened."""
        return all(step.before is None for step in self.steps if not step.type.startswith("pulumi:"))

    def before(self) -> list[Resource]:
        """The stack as it is; of a renamed resource the former URN."""
        return [_resource(s.former_urn or s.urn, s.type, s.before) for s in self.steps if s.before]

    def after(self) -> list[Resource]:
        """The stack as it would be."""
        return [_resource(step.urn, step.type, step.after) for step in self.steps if step.after]


def _resource(urn: str, type_: str, state: State) -> Resource:
    return Resource(urn, type_, state.name, state.inputs, state.protect, state.parent)


def to_json(plan: Plan) -> dict[str, Any]:
    return {"version": VERSION, **asdict(plan)}


def failure(why: str) -> dict[str, Any]:
    """What is kept in place of a plan when Pulumi could not make one."""
    return {"version": VERSION, "source": FAILED, "why": why}


def from_json(document: Any) -> Plan:
    """Raises `Unreadable` naming the first place that is not as `plan.schema.json` says."""
    top = _mapping(document, "plan")
    if top.get("source") == FAILED:
        raise Unreadable(f"the preview failed: {top.get('why')}")
    if top.get("version") != VERSION:
        raise Unreadable(f"plan.version is {top.get('version')!r}, this gate reads {VERSION}: make the plan anew")
    steps = top.get("steps")
    if not isinstance(steps, list):
        raise Unreadable("plan.steps is not a list: make the plan anew")
    return Plan(
        stack=_text(top, "stack", "plan"),
        source=cast(Source, _one_of(top, "source", get_args(Source), "plan")),
        steps=tuple(_step(entry, f"plan.steps[{number}]") for number, entry in enumerate(cast(list[Any], steps))),
    )


def _step(entry: Any, where: str) -> Step:
    step = _mapping(entry, where)
    return Step(
        urn=_text(step, "urn", where),
        type=_text(step, "type", where),
        op=cast(Op, _one_of(step, "op", get_args(Op), where)),
        before=_state(step.get("before"), f"{where}.before"),
        after=_state(step.get("after"), f"{where}.after"),
        changed=tuple(step.get("changed", ())),
        replacing=tuple(step.get("replacing", ())),
        former_urn=step.get("former_urn", ""),
        stays_at_google=step.get("stays_at_google", False),
    )


def _state(entry: Any, where: str) -> State | None:
    if entry is None:
        return None
    state = _mapping(entry, where)
    return State(
        name=_text(state, "name", where),
        parent=state.get("parent", ""),
        protect=state.get("protect") is True,
        inputs=_mapping(state.get("inputs", {}), f"{where}.inputs"),
        options=_mapping(state.get("options", {}), f"{where}.options"),
    )


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{where} is {type(value).__name__}, not an object: make the plan anew")
    return cast(dict[str, Any], value)


def _text(values: Mapping[str, Any], key: str, where: str) -> str:
    value = values.get(key)
    if not isinstance(value, str):
        raise Unreadable(f"{where}.{key} is {value!r}, not a text: make the plan anew")
    return value


def _one_of(values: Mapping[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str:
    value = _text(values, key, where)
    if value not in allowed:
        raise Unreadable(f"{where}.{key} is {value!r}, none of {', '.join(allowed)}: make the plan anew")
    return value
