"""What the gate stops at, and that it stops at nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ops.review.compare import plan_of
from ops.review.dangers import LOST, NAMED, dangers
from ops.review.graph import Graph, GraphNode
from tests.ops.review.graphs import (
    BUCKET,
    BUCKET_GRANT,
    JOB,
    PROJECT_GRANT,
    TOPIC,
    dataset,
    grant,
    graph,
    node,
    role,
    with_inputs,
)


def kinds(before: Graph, after: Graph) -> list[str]:
    """Those that have a name of their own; that every difference is shown, `test_closed_gate.py` looks at."""
    return [danger.kind for danger in dangers(plan_of(before, after)) if danger.kind in NAMED]


@pytest.mark.parametrize("type_", LOST)
def test_deleting_what_cannot_be_made_again_is_dangerous(type_: str) -> None:
    found = dangers(plan_of(graph(node(type_, "it"), dataset()), graph(dataset())))

    assert [(danger.kind, LOST[type_] in danger.why) for danger in found] == [("delete", True)]


def test_it_says_whether_the_deployment_would_stop_at_it() -> None:
    def what(before: GraphNode) -> str:
        return dangers(plan_of(graph(before, node(TOPIC, "t")), graph(node(TOPIC, "t"))))[0].what

    assert "`pulumi up` refuses it, since it has deletionPolicy PREVENT, protect." in what(dataset())
    assert "refuses" not in what(dataset(protect=False, deletionPolicy="DELETE"))


def test_forgetting_it_is_dangerous_too() -> None:
    kept = node(BUCKET, "records", deletionPolicy="ABANDON")

    found = dangers(plan_of(graph(kept, dataset()), graph(dataset())))

    assert "stays at Google" in found[0].what


def test_replacing_it_names_the_setting() -> None:
    found = dangers(plan_of(graph(dataset()), graph(dataset(location="us-central1"))))

    assert [danger.kind for danger in found] == ["replace"]
    assert "`location`" in found[0].what
    assert "every image" in found[0].why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (dataset(), dataset(protect=False)),
        (dataset(), dataset(deletionPolicy="DELETE")),
        (node(BUCKET, "b", forceDestroy=False), node(BUCKET, "b", forceDestroy=True)),
        (node(BUCKET, "b"), node(BUCKET, "b", forceDestroy=True)),
        (dataset(deletionProtection=True), dataset()),
    ],
)
def test_taking_a_guard_off_is_dangerous(before: GraphNode, after: GraphNode) -> None:
    assert kinds(graph(before), graph(after)) == ["unprotect"]
    assert kinds(graph(after), graph(before)) == []


def test_what_holds_nothing_may_go() -> None:
    assert kinds(graph(node(TOPIC, "t"), dataset()), graph(dataset())) == []


def test_creating_anything_is_not_dangerous() -> None:
    assert kinds(graph(dataset()), graph(dataset(), node(BUCKET, "new"))) == []


BASE = graph(dataset(), role("a.b.get"), grant())
ON_PROJECT: dict[str, Any] = {"project": "p", "member": JOB, "role": "projects/p/roles/dicomJob"}


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (graph(dataset(), role("a.b.get", "a.b.delete"), grant()), "`a.b.delete`"),
        (graph(dataset(), role("a.b.get"), grant(), grant("viewer")), "dicomStores/viewer"),
        (graph(dataset(), role("a.b.get"), grant(member="group:all@example.org")), "group:all@example.org"),
        (graph(dataset(), role("a.b.get"), grant(), node(PROJECT_GRANT, "g", **ON_PROJECT)), "on `projects/p`"),
        (graph(dataset(), role("a.b.get"), grant(role="roles/healthcare.dicomViewer")), "dicomStores.export"),
        (graph(dataset(), role("a.b.get"), grant(role="roles/not.inTheTable")), "`roles/not.inTheTable`"),
    ],
)
def test_a_wider_grant_is_dangerous(after: Graph, said: str) -> None:
    found = [danger for danger in dangers(plan_of(BASE, after)) if danger.kind in NAMED]

    assert [danger.kind for danger in found] == ["widen"]
    assert said in found[0].what


def test_dropping_a_condition_widens_and_adding_one_does_not() -> None:
    bound = grant(condition={"title": "t", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'})
    limited = graph(dataset(), role("a.b.get"), bound)

    assert kinds(limited, BASE) == ["widen"]
    assert kinds(BASE, limited) == []


def test_a_later_end_of_a_condition_widens() -> None:
    def until(year: int) -> Graph:
        expression = f'request.time < timestamp("{year}-01-01T00:00:00Z")'
        return graph(dataset(), role("a.b.get"), grant(condition={"title": "t", "expression": expression}))

    assert kinds(until(2030), until(2040)) == ["widen"]


@pytest.mark.parametrize(
    "after",
    [
        graph(dataset(), role("a.b.get")),
        graph(dataset(), role(), grant()),
        graph(dataset(), role("a.b.get"), with_inputs(grant())),
    ],
)
def test_a_narrower_grant_is_not(after: Graph) -> None:
    assert kinds(BASE, after) == []


def test_binding_below_what_was_granted_above_is_not_wider() -> None:
    wide = graph(dataset(), role("a.b.get"), node(PROJECT_GRANT, "g", **ON_PROJECT))

    assert kinds(wide, BASE) == []


def test_a_permission_taken_out_of_a_pattern_and_given_back_is_seen() -> None:
    """`logging.configWriter` has every permission on buckets but one; `logging.admin` has that one too."""

    def holding(role_: str) -> Graph:
        return graph(dataset(), node(PROJECT_GRANT, "g", project="p", member=JOB, role=role_))

    found = dangers(plan_of(holding("roles/logging.configWriter"), holding("roles/logging.admin")))

    assert "`logging.*`" in found[0].what
    assert kinds(holding("roles/logging.admin"), holding("roles/logging.configWriter")) == []


def test_a_list_of_members_is_read_as_well() -> None:
    bound = node(BUCKET_GRANT, "g", bucket="b", role="roles/storage.objectViewer", members=["allUsers", JOB])

    assert kinds(graph(dataset()), graph(dataset(), bound)) == ["public", "widen"]


@pytest.mark.parametrize("everyone", ["allUsers", "allAuthenticatedUsers"])
def test_opening_to_the_public_is_dangerous_even_in_a_new_stack(everyone: str) -> None:
    opened = graph(node(BUCKET_GRANT, "g", bucket="b", role="roles/storage.objectViewer", member=everyone))

    assert kinds(graph(), opened) == ["public"]
    assert kinds(opened, opened) == []


def test_the_grants_of_a_new_stack_widen_nothing() -> None:
    assert kinds(graph(), BASE) == []


def test_the_gravest_comes_first() -> None:
    before = graph(dataset(), node(BUCKET, "records"), role("a.b.get"), grant())
    after = graph(dataset(location="x", protect=False), role("a.b.get"), grant(member="allUsers"), grant("viewer"))

    assert kinds(before, after) == ["delete", "replace", "unprotect", "public", "widen"]
