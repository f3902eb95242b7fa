"""The gate is closed: whatever differs between two plans is on the short list of harmless properties, or is shown.

The changes come from a generator over every property and every option of every resource of four stacks, not from a list
of attacks that somebody thought of.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ops.review.compare import plan_of
from ops.review.dangers import NAMED, dangers
from ops.review.differences import find_noteworthy, is_harmless
from ops.review.exceptions_applied import agreement, judge
from ops.review.graph import Graph, GraphNode, of_deployment
from ops.review.graph import declare_graph as declare
from policy.check import Report, ask, subjects_of
from policy.exceptions import Exceptions, Permit
from policy.resource import Resource
from policy.rules import RULES
from policy.stack import Stack
from tests.infra import stacks
from tests.ops.review.graphs import dataset, graph, node
from tests.policy.mutations import general

STACKS: dict[str, Callable[[], Any]] = {
    "local": stacks.local,
    "dev": stacks.empty_dev,
    "prod": stacks.prod,
    "phi": stacks.phi,
}
ELSEWHERE = "https://evil.example"
OPTIONS: dict[str, Any] = {
    "protect": lambda node: not node.protect,
    "retain_on_delete": lambda node: not node.retain_on_delete,
    "ignored": lambda node: (*node.ignored, "anything"),
    "aliases": lambda node: (*node.aliases, "urn:pulumi:x::y::z::w"),
}


@functools.cache
def declared(name: str) -> Graph:
    return of_deployment(name, STACKS[name]().deployment)


def custom(node: GraphNode) -> bool:
    return node.type.startswith("gcp:")


def mutations(node: GraphNode) -> Iterator[tuple[str, GraphNode]]:
    """What was changed, and the resource with it: each value changed, removed, widened and pointed elsewhere."""
    for path, value in places(dict(node.inputs), ()):
        for how, other in others(value):
            yield f"{how} {dotted(path)}", replace(node, inputs=with_value(node.inputs, path, other))
    for option, change in OPTIONS.items():
        yield f"option {option}", replace(node, **{option: change(node)})
    yield "added property", replace(node, inputs={**node.inputs, "somethingNew": ELSEWHERE})


def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from places(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places(child, (*path, index))


GONE = object()


def others(value: Any) -> Iterator[tuple[str, Any]]:
    yield "removed", GONE
    if isinstance(value, bool):
        yield "changed", not value
    elif isinstance(value, int | float):
        yield "changed", value + 1
    elif isinstance(value, str):
        yield "changed", f"{value}x"
        yield "elsewhere", ELSEWHERE
    elif isinstance(value, list):
        yield "widened", [*value, "allUsers"]
    elif isinstance(value, dict):
        yield "widened", {**value, "somethingNew": "allUsers"}


def with_value(inputs: Any, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(dict(inputs))
    holder: Any = made
    for key in path[:-1]:
        holder = holder[key]
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


def dotted(path: tuple[Any, ...]) -> str:
    return general("".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip("."))


def shown(before: GraphNode, after: GraphNode) -> bool:
    """Whether the gate stops at the change of this one resource."""
    one, other = Graph(stack="s", nodes=(ANCHOR, before)), Graph(stack="s", nodes=(ANCHOR, after))
    return bool(dangers(plan_of(one, other)))


ANCHOR = dataset()
"""So that it is not a first deployment."""


@pytest.mark.parametrize("name", STACKS)
def test_no_change_of_any_property_of_any_resource_goes_unseen(name: str) -> None:
    tried, unseen = Counter[str](), list[str]()
    for node_ in filter(custom, declared(name).nodes):
        for what, after in mutations(node_):
            tried[what.split()[0]] += 1
            if not shown(node_, after) and not is_harmless(node_.type, what.split()[-1]):
                unseen.append(f"{node_.name} ({node_.type}): {what}")

    print(f"{name}: {sum(tried.values())} changes, {len(unseen)} unseen: {dict(tried)}")
    assert sum(tried.values()) > 1000
    assert unseen == []


@pytest.mark.parametrize("name", STACKS)
def test_no_resource_comes_or_goes_unseen(name: str) -> None:
    for node_ in filter(custom, declared(name).nodes):
        without, with_it = (Graph(stack="s", nodes=(ANCHOR, *more)) for more in ((), (node_,)))
        assert dangers(plan_of(with_it, without)), f"{node_.name} goes unseen"
        assert dangers(plan_of(without, with_it)), f"{node_.name} comes unseen"


@pytest.mark.parametrize("name", [name for name in STACKS if name == "prod" or os.environ.get("SLOW")])
def test_most_changes_are_stopped_by_the_judge_alone(name: str) -> None:
    """Who knows only what is declared, as in a first deployment; each kind of change once, not for every resource."""
    stack = STACKS[name]().declared
    tried, passed = set[tuple[str, str, str]](), list[str]()
    for resource in (one for one in stack if one.type.startswith("gcp:")):
        for path, value in places(dict(resource.properties), ()):
            for how, other in others(value):
                kind = (resource.type, dotted(path), how)
                if kind in tried:
                    continue
                tried.add(kind)
                changed = dataclasses.replace(resource, properties=with_value(resource.properties, path, other))
                if not judge_stops([changed if one is resource else one for one in stack], changed):
                    passed.append(" ".join(kind))

    print(f"{name}: the judge alone stops {len(tried) - len(passed)} of {len(tried)} kinds of changes")
    for kind in passed:
        print(f"  passes it: {kind}")
    assert len(passed) < len(tried) / 5


def judge_stops(stack: Sequence[Resource], changed: Resource) -> bool:
    """Asks of the other resources only the rules that look at more than one."""
    whole, report = Stack(stack), Report()
    for rule in (one for one in RULES if one.level == "must"):
        few = rule.alone or rule.on == ("*",)
        for seen in subjects_of(rule, whole):
            if not few or seen.resource is changed:
                ask(rule, whole, seen, report)
                if report.violations or report.open:
                    return True
    return False


def test_the_harmless_list_is_short_and_each_entry_is_used() -> None:
    paths = {
        (node_.type, dotted(path)) for name in STACKS for node_ in declared(name).nodes
        for path, _ in places(dict(node_.inputs), ())
    }  # fmt: skip
    harmless = {(type_, path) for type_, path in paths if is_harmless(type_, path)}

    assert {path for _, path in harmless} <= {"description", "displayName", "title", "dashboardJson", "version"}


def test_what_is_ignored_is_seen_when_it_begins_to_be_ignored() -> None:
    audited = node("gcp:projects/iAMAuditConfig:IAMAuditConfig", "audit", auditLogConfigs=[{"logType": "DATA_READ"}])
    blind = replace(audited, inputs={"auditLogConfigs": []}, ignored=("auditLogConfigs",))

    (step,) = [step for step in plan_of(graph(audited), graph(blind)).steps if step.op != "same"]

    assert "(ignoreChanges)" in {difference.path for difference in find_noteworthy(step)}


@pytest.mark.parametrize(
    "type_",
    ["command:local:Command", "gcp:storagetransfer/job:Job", "pulumi-python:dynamic:Resource", "gcp:new/thing:T"],
)
def test_a_type_that_no_table_knows_is_stopped_even_in_a_first_deployment(type_: str) -> None:
    stranger = node(type_, "stranger")

    assert [danger.kind for danger in dangers(plan_of(graph(), graph(dataset(), stranger)))] == ["unknown"]
    assert "unknown" in [danger.kind for danger in dangers(plan_of(graph(dataset()), graph(dataset(), stranger)))]


def test_agreeing_to_a_plan_agrees_to_no_other() -> None:
    before = graph(dataset(timeZone="UTC"))
    meant, other = (plan_of(before, graph(dataset(timeZone=zone))) for zone in ("Europe/Berlin", "Asia/Tokyo"))
    today = date(2027, 1, 1)
    permit = Permit("plan-whole", agreement(meant, dangers(meant)), "asked for", "maintainers", date(2027, 2, 1))

    assert judge(meant, Exceptions([permit]), today).stopped == []
    assert judge(other, Exceptions([permit]), today).stopped != []
    assert judge(meant, Exceptions([permit]), date(2027, 2, 2)).stopped != []


def test_agreeing_to_a_plan_lets_no_loss_through() -> None:
    plan = plan_of(graph(dataset(), node("gcp:pubsub/topic:Topic", "t")), graph(node("gcp:pubsub/topic:Topic", "t")))
    permit = Permit("plan-whole", agreement(plan, dangers(plan)), "asked for", "maintainers", date(2027, 2, 1))

    assert [danger.kind for danger in judge(plan, Exceptions([permit]), date(2027, 1, 1)).stopped] == ["delete"]
    assert "delete" in NAMED


def test_a_setting_that_goes_or_comes_is_shown() -> None:
    written: list[dict[str, str]] = [{"p:alertEmails": "[a]"}, {"gcp:x": "y"}]
    one, other = (replace(graph(dataset()), settings=settings) for settings in written)

    (danger,) = dangers(plan_of(one, other))

    assert danger.kind == "setting"
    assert "`gcp:x` nothing → `y`" in danger.what
    assert "`p:alertEmails` `[a]` → nothing" in danger.what


def test_a_setting_that_only_one_side_sets_is_assumed_on_neither() -> None:
    """What a change takes out of the stack's file takes its resources with it, and that is seen."""
    names = {node_.name for node_ in declare("dev").nodes}
    without = {node_.name for node_ in declare("dev", as_set=frozenset({"dicom-platform:alertEmails"})).nodes}

    assert names - without == {"alerts-to-on-call@example.org"}
