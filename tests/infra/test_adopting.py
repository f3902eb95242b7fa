"""A dataset and a store that exist are taken over with zero difference, protected at once, and never replaced."""

from __future__ import annotations

from typing import Any

import pulumi_gcp as gcp
import pytest

from engine import DeploymentFailed
from tests import harness
from tests.components.looking import node
from tests.harness import Graph

PROJECT, HOST = "my-imaging", "healthcare.googleapis.com"
DATASET = f"projects/{PROJECT}/locations/europe-west4/datasets/lab"
STORE = f"{DATASET}/dicomStores/slides"
SETTINGS: dict[str, Any] = {
    "gcp:project": PROJECT,
    "dataset": "lab",
    "rawStore": "slides",
    "imports": ["dataset", "raw"],
    "dataClass": "synthetic",
    "protection": "off",
}


def theirs() -> None:
    """What the lab had before: labelled its own way, and announcing nothing."""
    dataset = gcp.healthcare.Dataset("d", project=PROJECT, name="lab", location="europe-west4")
    ring = gcp.kms.KeyRing("r", project=PROJECT, location="europe-west4", name="r")
    gcp.kms.CryptoKey("k", key_ring=ring.id, name="k")
    gcp.healthcare.DicomStore("s", dataset=dataset.id, name="slides", labels={"owner": "lab"})


def place() -> Graph:
    return harness.deploy(theirs, config={"gcp:project": PROJECT})


def found(graph: Graph, name: str) -> dict[str, Any]:
    resource = graph.cloud.resources.get(HOST, name)
    assert resource is not None
    return resource


def test_both_are_taken_over_exactly_as_they_are() -> None:
    lab = place()
    before = dict(found(lab, DATASET)), dict(found(lab, STORE))

    graph = harness.stack_in(lab, "dev", **SETTINGS)

    assert (found(lab, DATASET), found(lab, STORE)) == before
    assert {name: node(graph, name).status for name in ("archive-dataset", "archive-raw")} == {
        "archive-dataset": "same",
        "archive-raw": "same",
    }
    touched = [request for request in graph.requests if request.path.endswith((DATASET, STORE))]
    assert {request.method for request in touched} == {"GET"}


def test_they_are_protected_at_once_whatever_the_stack_does() -> None:
    graph = harness.stack_in(place(), "dev", **SETTINGS)

    assert [node(graph, name).protect for name in ("archive-dataset", "archive-raw", "archive-smoke")] == [
        True,
        True,
        False,
    ]


def test_the_platform_is_set_up_around_the_store_under_its_own_name() -> None:
    graph = harness.stack_in(place(), "dev", **SETTINGS)

    assert graph.outputs["stores"]["raw"]["name"] == STORE
    assert set(graph.outputs["stores"]) == {"raw", "viewer", "smoke"}


def test_a_key_that_the_dataset_does_not_have_is_refused_and_nothing_is_replaced() -> None:
    lab = place()
    key = f"projects/{PROJECT}/locations/europe-west4/keyRings/r/cryptoKeys/k"

    with pytest.raises(DeploymentFailed, match=r"importing it would change it: encryptionSpec is not set, declared is"):
        harness.stack_in(lab, "dev", **SETTINGS | {"datasetKey": key})

    assert found(lab, STORE)["labels"]["owner"] == "lab"


def test_a_store_that_is_not_there_is_not_made_in_its_place() -> None:
    with pytest.raises(DeploymentFailed, match=r"there is no \S+/dicomStores/slide to import"):
        harness.stack_in(place(), "dev", **SETTINGS | {"rawStore": "slide"})
