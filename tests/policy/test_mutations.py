"""Every property that matters, removed or weakened one at a time in a good prod stack, is refused by a named rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from policy.resource import Resource
from policy.rules import RULES
from tests.harness import Graph
from tests.infra import stacks
from tests.policy.free import FREE, JUDGED_ELSEWHERE, why_free
from tests.policy.must import ABSENT, EXEMPT, MUST, PHI_MUST
from tests.policy.mutations import REMOVED, changed, general, noticed, paths

GOOD = {"prod": stacks.prod, "phi": stacks.phi}


def weaker(stack: Sequence[Resource], must: dict[str, dict[tuple[str, str], list[Any]]]) -> Iterator[tuple[Any, ...]]:
    """Resource, path, weak value and rule, for every resource of a type that the list names."""
    for resource in stack:
        for (path, rule), values in must.get(resource.type, {}).items():
            for value in values if (resource.name, rule) not in EXEMPT else ():
                yield resource, path, value, rule


@pytest.mark.parametrize(
    ("name", "must"), [("prod", MUST), ("phi", MUST), ("phi", PHI_MUST)], ids=["prod", "phi", "own"]
)
def test_what_must_hold_by_the_reviewed_list_is_refused_by_its_rule(
    name: str, must: dict[str, dict[tuple[str, str], list[Any]]]
) -> None:
    stack = GOOD[name]().declared
    missed = [
        f"{resource.name}: {path} = {'nothing' if value is REMOVED else value} is not refused by {rule}"
        for resource, path, value, rule in weaker(stack, must)
        if rule not in noticed(stack, resource.urn, changed(resource, path, value))
    ]

    assert missed == []


def test_the_reviewed_list_names_types_and_rules_that_exist() -> None:
    declared = {resource.type for graph in GOOD.values() for resource in graph().declared}
    named = {rule for must in (MUST, PHI_MUST) for wanted in must.values() for _, rule in wanted} | set(ABSENT.values())

    assert (MUST.keys() | PHI_MUST.keys()) <= declared
    assert named <= {rule.name for rule in RULES}


@pytest.mark.parametrize("missing", ABSENT)
def test_a_resource_that_must_be_there_is_missed(missing: str) -> None:
    stack = stacks.prod().declared
    (urn,) = [resource.urn for resource in stack if resource.name == missing]

    assert ABSENT[missing] in noticed(stack, urn, None)


@pytest.mark.parametrize("graph", GOOD.values(), ids=GOOD)
def test_what_the_rules_say_they_hold_they_hold(graph: Callable[[], Graph]) -> None:
    """Each property that a rule names, removed where it is declared, is refused by that very rule."""
    stack = graph().declared
    missed = [
        f"{resource.name}: {path} is not held by {rule.name}"
        for rule in RULES
        if rule.level == "must"
        for resource in stack
        if resource.type in rule.on and (resource.name, rule.name) not in EXEMPT
        for path in paths(resource)
        if general(path) in rule.holds and rule.name not in noticed(stack, resource.urn, changed(resource, path))
    ]

    assert missed == []


@pytest.mark.parametrize("graph", GOOD.values(), ids=GOOD)
def test_no_property_is_declared_that_nobody_has_judged(graph: Callable[[], Graph]) -> None:
    """Whatever is declared is either refused when it is gone, or on the list of what may go, with a reason."""
    stack = graph().declared
    unjudged: set[tuple[str, str]] = set()
    for resource in stack:
        if not resource.type.startswith(("gcp:", "pulumi:providers:")) or resource.name in JUDGED_ELSEWHERE:
            continue
        for path in paths(resource):
            place = (resource.type, general(path))
            if (
                not why_free(*place)
                and place not in unjudged
                and not noticed(stack, resource.urn, changed(resource, path))
            ):
                unjudged.add(place)
        if not why_free(resource.type, "*") and not noticed(stack, resource.urn, None):
            unjudged.add((resource.type, "*"))

    assert unjudged == set()


def test_the_list_of_what_may_go_is_not_longer_than_it_needs_to_be() -> None:
    types = {resource.type for graph in GOOD.values() for resource in graph().declared}

    assert [pattern for pattern in FREE if not any(re.fullmatch(pattern, type_) for type_ in types)] == []


def test_the_backlog_is_no_test_s_own_whatever_its_label_says() -> None:
    stack = stacks.prod().declared
    backlog = next(resource for resource in stack if resource.name == "archive-backlog")
    disguised = changed(changed(backlog, "labels.purpose", "probe"), "messageRetentionDuration", "600s")

    assert "messages-wait" in noticed(stack, backlog.urn, disguised)
