"""A plan from two graphs of one stack: what the engine would do to get from the one to the other.

Owns: matching resources by URN and by alias (the program's own, and those that a child inherits from a renamed
parent), and telling an update from a replacement with `force_new.json`. Deliberately not: looking at Google, so drift
is not seen here, and values that only a deployment can tell are those of the local control plane.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ops.review.graph import Graph, GraphNode
from ops.review.plan import OUTPUTS, SETTINGS, Op, Plan, State, Step, is_masked

BARED = "[in clear]"


def plan_of(before: Graph, after: Graph) -> Plan:
    """What would happen to each resource of `before` and `after`, in the order of declaration, deletions last."""
    old = {node.urn: node for node in before.nodes}
    new = {node.urn: node for node in after.nodes}
    taken: set[str] = set()
    steps: list[Step] = []
    for node in after.nodes:
        former = next((urn for urn in former_urns(node, new) if urn in old and urn not in taken), "")
        if former:
            taken.add(former)
        steps.append(_step(old.get(former), node, new.keys()))
    steps += [_delete(node) for node in before.nodes if node.urn not in taken]
    if before.nodes or before.settings:
        steps += settings_step(after.stack, before.settings, after.settings)
        steps += outputs_step(after.stack, before.outputs, after.outputs)
    return Plan(stack=after.stack, source="graph", steps=tuple(steps))


def _step(old: GraphNode | None, new: GraphNode, there: Container[str]) -> Step:
    if old is None:
        return Step(urn=new.urn, type=new.type, op="create", after=state(new))
    changed = changed_inputs(old.inputs, new.inputs, new.ignored)
    renamed = old.urn if old.urn != new.urn else ""
    fixed = replacing(new.type, changed)
    lost = sorted(urn for urn in old.depends_on if urn not in new.depends_on and urn in there)
    before, after = state(old, lost), state(new)
    different = bool(changed or renamed or old.protect != new.protect or before.options != after.options)
    op: Op = "replace" if fixed else "update" if different else "same"
    return Step(
        urn=new.urn,
        type=new.type,
        op=op,
        before=before,
        after=after,
        changed=changed,
        replacing=fixed,
        former_urn=renamed,
    )


def _delete(old: GraphNode) -> Step:
    stays = old.retain_on_delete or old.inputs.get("deletionPolicy") == "ABANDON"
    return Step(urn=old.urn, type=old.type, op="delete", before=state(old), stays_at_google=stays)


def state(node: GraphNode, lost: Sequence[str] = ()) -> State:
    """`lost` are resources that it no longer waits for though they stay; more of them endanger nothing."""
    options = _options(node, lost)
    return State(name=node.name, parent=node.parent, protect=node.protect, inputs=node.inputs, options=options)


def _options(node: GraphNode, lost: Sequence[str]) -> dict[str, Any]:
    """The options that are set. An alias that names a former parent follows from the parent's own."""
    options: dict[str, Any] = {
        **node.options, "aliases": sorted(node.aliases), "ignoreChanges": sorted(node.ignored),
        "retainOnDelete": node.retain_on_delete, "dependsOn": list(lost),
    }  # fmt: skip
    return {key: value for key, value in options.items() if value}


def settings_step(stack: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Step]:
    """What differs in the settings as written, as the step of a resource of its own; nothing when nothing does."""
    return beside_step(stack, SETTINGS, f"Pulumi.{stack}.yaml", before, after)


def outputs_step(stack: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Step]:
    """What differs in what the stack exports. What was secret and is so no longer is not repeated here."""
    bared = {
        key: BARED for key, value in before.items() if is_masked(value) and key in after and not is_masked(after[key])
    }
    return beside_step(stack, OUTPUTS, "outputs", before, {**after, **bared})


def beside_step(stack: str, type_: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Step]:
    """One step that is of no resource, or none when nothing differs."""
    changed = tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)))
    if not changed:
        return []
    urn = f"urn:pulumi:{stack}::{type_.split(':')[1]}::{type_}::{name}"
    old, new = (State(name=name, inputs=values) for values in (before, after))
    return [Step(urn=urn, type=type_, op="update", before=old, after=new, changed=changed)]


def changed_inputs(old: Mapping[str, Any], new: Mapping[str, Any], ignored: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the top-level inputs that differ, those left out of which the program ignores a change."""
    keys = sorted(old.keys() | new.keys())
    return tuple(key for key in keys if _without(old, key, ignored) != _without(new, key, ignored))


def _without(inputs: Mapping[str, Any], key: str, ignored: tuple[str, ...]) -> Any:
    """The input, without what a path in `ignored` (`rotation.nextRotationTime`) names; None when there is none."""
    value = inputs.get(key)
    for path in ignored:
        first, *rest = path.replace("[", ".").replace("]", "").split(".")
        if first == key:
            value = _prune(value, rest)
    return value


def _prune(value: Any, path: list[str]) -> Any:
    if not path:
        return None
    if not isinstance(value, dict):
        return value
    return {key: _prune(child, path[1:]) if key == path[0] else child for key, child in value.items()}


def former_urns(node: GraphNode, nodes: Mapping[str, GraphNode]) -> list[str]:
    """The URNs under which the engine looks for `node` in the state: its own first, then each alias.

    A child inherits its parent's aliases: it was then under the former parent, and when its name begins with the
    parent's, its own began with the parent's former name.
    """
    urns = [node.urn, *node.aliases]
    parent = nodes.get(node.parent)
    for former_parent in former_urns(parent, nodes)[1:] if parent else []:
        stem = former_parent.rpartition("::")[2]
        for urn in list(urns):
            name = urn.rpartition("::")[2]
            if parent and name.startswith(parent.name):
                name = stem + name.removeprefix(parent.name)
            urns.append(_child_urn(former_parent, node.type, name))
    return list(dict.fromkeys(urns))


def _child_urn(parent: str, type_: str, name: str) -> str:
    stack, project, chain = parent.removeprefix("urn:pulumi:").split("::")[:3]
    prefix = "" if chain == "pulumi:pulumi:Stack" else f"{chain}$"
    return f"urn:pulumi:{stack}::{project}::{prefix}{type_}::{name}"


@cache
def _fixed_inputs() -> dict[str, dict[str, dict[str, list[str]]]]:
    """`force_new.json`, checked against one version of pulumi-gcp: type → inputs that cannot be changed in place.

    Nested inputs count as their top-level one, so a plan says "replace" rather too often than too seldom.
    """
    return json.loads(Path(__file__).with_name("force_new.json").read_text(encoding="utf-8"))


def replacing(type_: str, changed: Iterable[str]) -> tuple[str, ...]:
    """The `changed` inputs that cannot be changed in place."""
    fixed = _fixed_inputs()["types"].get(type_, {}).get("replaces", [])
    return tuple(sorted(set(changed).intersection(fixed)))


def unknown_types(types: Iterable[str]) -> list[str]:
    """Google's types that the table says nothing about."""
    return sorted({type_ for type_ in types if type_.startswith("gcp:") and type_ not in _fixed_inputs()["types"]})
