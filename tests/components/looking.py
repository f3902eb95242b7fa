"""Questions that tests ask of a graph: who is under whom, and what must exist before what."""

from __future__ import annotations

from typing import Any

from engine import Deployment, Node
from tests.harness import Graph

Made = Graph | Deployment


def resources(graph: Made) -> dict[str, Node]:
    return (graph.deployment if isinstance(graph, Graph) else graph).resources


def node(graph: Made, name: str) -> Node:
    """The only resource with this name (names are unique in our stacks though URNs would allow more)."""
    nodes = [node for node in resources(graph).values() if node.name == name]
    assert len(nodes) == 1, f"{len(nodes)} resources are named {name}"
    return nodes[0]


def inputs(graph: Made, name: str) -> dict[str, Any]:
    return node(graph, name).inputs


def names(graph: Made, type: str) -> set[str]:
    """Names of all resources of a type (`Topic`)."""
    return {node.name for node in resources(graph).values() if node.type.rpartition(":")[2] == type}


def children(graph: Made, name: str) -> dict[str, str]:
    """Type of each resource right under the component `name`, by name; types without package (`pubsub/topic:Topic`)."""
    urn = node(graph, name).urn
    return {child.name: child.type.partition(":")[2] for child in resources(graph).values() if child.parent == urn}


def before(graph: Made, name: str) -> set[str]:
    """Names of everything that exists before `name` is made: dependencies and parents, and theirs."""
    known = resources(graph)
    found: set[str] = set()
    todo = [node(graph, name)]
    while todo:
        current = todo.pop()
        for urn in [*current.dependencies, current.parent]:
            if urn in known and known[urn].name not in found:
                found.add(known[urn].name)
                todo.append(known[urn])
    return found


def grants(graph: Made) -> set[tuple[str, str, str]]:
    """(member, role, resource) of every IAM grant there is."""
    where = ("dicomStoreId", "datasetId", "bucket", "topic", "subscription", "secretId", "repository", "name",
             "serviceAccountId", "cryptoKeyId", "project")  # fmt: skip
    return {
        (made.inputs["member"], made.inputs["role"], next(made.inputs[key] for key in where if key in made.inputs))
        for made in resources(graph).values()
        if "member" in made.inputs and "role" in made.inputs
    }
