"""Grants are found whatever their type, and named by the full path of what they are bound on."""

from __future__ import annotations

import re

import pytest

from ops.review.grants import WHERE, Grant, Right, covers, custom_roles, grants, permissions, rights
from ops.review.graph import declare_graph, resources_of
from tests.ops.review.graphs import JOB, PROJECT_GRANT, STORES, grant, graph, node, role

FULL = re.compile(r"(projects/[^/]+(/(locations/[^/]+/)?[a-zA-Z_]+/[^ ]+)?|buckets/[^/ ]+)")


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_grant_of_ours_says_where_it_is_bound(stack: str) -> None:
    found = grants(resources_of(declare_graph(stack)))

    assert len(found) > 50
    assert [made for made in found if not FULL.fullmatch(made.resource)] == [], f"add the type to {WHERE=}"


def test_a_grant_is_found_with_its_condition() -> None:
    bound = grant(condition={"title": "t", "expression": "e"})

    assert grants(resources_of(graph(bound))) == [
        Grant(JOB, "projects/p/roles/dicomJob", f"{STORES}raw", "e", bound.urn)
    ]


def test_a_project_that_is_left_to_the_provider_is_the_stacks() -> None:
    topic = node("gcp:pubsub/topicIAMMember:TopicIAMMember", "g", topic="t", role="roles/pubsub.publisher", member=JOB)

    assert grants(resources_of(graph(role("a"), topic)))[0].resource == "projects/p/topics/t"


def test_custom_roles_come_from_the_stack_itself() -> None:
    stack = resources_of(graph(role("a.b.get", "a.b.list"), grant()))

    assert custom_roles(stack) == {"projects/p/roles/dicomJob": ("a.b.get", "a.b.list")}
    assert {right.permission for right in rights(stack)} == {"a.b.get", "a.b.list"}


def test_a_predefined_role_is_what_the_table_says() -> None:
    assert permissions("roles/pubsub.publisher", {}, frozenset({"pubsub.topics.publish", "pubsub.topics.get"})) == {
        "pubsub.topics.publish"
    }
    everything = permissions(
        "roles/logging.configWriter", {}, frozenset({"logging.buckets.write", "logging.views.get"})
    )
    assert "logging.views.get" in everything
    assert "logging.buckets.write" not in everything
    assert "logging.buckets.*" in everything


def test_a_role_that_nobody_knows_counts_as_a_permission_of_its_name() -> None:
    stack = resources_of(graph(node(PROJECT_GRANT, "g", project="p", member=JOB, role="roles/new.thing")))

    assert rights(stack) == {Right(JOB, "projects/p", "roles/new.thing")}


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        (Right("a", "projects/p", "x.y"), Right("a", "projects/p/topics/t", "x.y"), True),
        (Right("a", "projects/p/topics/t", "x.y"), Right("a", "projects/p/topics/t2", "x.y"), False),
        (Right("a", "projects/p", "x.*"), Right("a", "projects/p", "x.y"), True),
        (Right("a", "projects/p", "x.y"), Right("a", "projects/p", "x.*"), False),
        (Right("allUsers", "projects/p", "x.y"), Right("a", "projects/p", "x.y"), True),
        (Right("a", "projects/p", "x.y", "c"), Right("a", "projects/p", "x.y"), False),
        (Right("a", "projects/p", "x.y"), Right("a", "projects/p", "x.y", "c"), True),
        (Right("b", "projects/p", "x.y"), Right("a", "projects/p", "x.y"), False),
    ],
)
def test_one_right_covers_another(wide: Right, narrow: Right, does: bool) -> None:
    assert covers(wide, narrow) is does
