"""Taking over what exists: as it is, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from engine import DeploymentFailed
from engine.adopt import differences
from tests.harness import Deploy, Graph

DATASET = "projects/dicom-local/locations/europe-west4/datasets/old"


def dataset(adopted: bool, **properties: Any) -> Callable[[], None]:
    """The dataset as one program made it, or as another takes it over under its own name."""

    def program() -> None:
        options = pulumi.ResourceOptions(import_=DATASET if adopted else None)
        name = "mine" if adopted else "theirs"
        gcp.healthcare.Dataset(name, name="old", location="europe-west4", **properties, opts=options)

    return program


def after(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def program() -> None:
        first()
        second()

    return program


def created(graph: Graph) -> list[str]:
    return [request.path for request in graph.requests if request.method == "POST"]


def test_what_is_as_declared_is_taken_over_with_nothing_but_a_look(deploy: Deploy) -> None:
    graph = deploy(after(dataset(adopted=False), dataset(adopted=True)))

    mine = next(node for node in graph.deployment.resources.values() if node.name == "mine")
    assert (mine.id, mine.status) == (DATASET, "same")
    assert len(created(graph)) == 1


def test_what_is_not_there_is_not_made_instead(deploy: Deploy) -> None:
    with pytest.raises(DeploymentFailed, match=rf"there is no {DATASET} to import; name what exists"):
        deploy(dataset(adopted=True))


def test_what_would_change_is_refused_and_says_what(deploy: Deploy) -> None:
    theirs, mine = dataset(adopted=False, time_zone="UTC"), dataset(adopted=True, time_zone="Europe/Zurich")

    with pytest.raises(DeploymentFailed, match=r"would change it: timeZone is 'UTC', declared is 'Europe/Zurich'"):
        deploy(after(theirs, mine))


@pytest.mark.parametrize(
    ("declared", "live", "found"),
    [
        ({"name": "old"}, {"name": DATASET}, []),
        ({"labels": {"goog-pulumi-provisioned": "true"}}, {}, []),
        ({"labels": {"a": "b"}}, {"labels": {"a": "c"}}, ["labels is {'a': 'c'}, declared is {'a': 'b'}"]),
        ({}, {"encryptionSpec": {"kmsKeyName": "k"}}, ["encryptionSpec is {'kmsKeyName': 'k'}, declared is not set"]),
        ({"encryptionSpec": {"kmsKeyName": "k"}}, {}, ["encryptionSpec is not set, declared is {'kmsKeyName': 'k'}"]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "etag": "x"}}, []),
        ({}, {"timeZone": "UTC"}, []),
    ],
)
def test_differences(declared: dict[str, Any], live: dict[str, Any], found: list[str]) -> None:
    assert differences(declared, live, ()) == found


def test_what_the_program_does_not_insist_on_may_differ() -> None:
    assert differences({"labels": {"a": "b"}}, {"labels": {"a": "c"}}, ("labels",)) == []
