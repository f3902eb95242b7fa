"""Where things are: images in one region under one key, builds where Google lets a new project build under one law."""

from __future__ import annotations

from typing import Any

import pytest

from engine.api_request import ApiRequest
from infra.config_loader import read_settings
from infra.formats import EVERYBODYS_BUILD_REGIONS, HEALTHCARE_REGIONS, build_region_near
from infra.settings import NAMESPACE
from localcloud.awkward import BUILD_REGIONS
from policy.rules.places import law_of
from tests.components.looking import before, inputs
from tests.harness import Graph
from tests.infra import stacks
from tests.infra.bad_settings import PHI

SEVERAL_LAWS = ("asia-northeast1", "europe-west2", "europe-west6", "me-west1", "northamerica-northeast1")
"""No region of the same law is open to everybody: builds stay, and Google may refuse them."""


def test_the_local_cloud_builds_where_google_lets_every_project() -> None:
    assert set(EVERYBODYS_BUILD_REGIONS) == BUILD_REGIONS - {"global"}


@pytest.mark.parametrize("location", HEALTHCARE_REGIONS)
def test_builds_are_where_every_project_may_build_unless_that_is_under_another_law(location: str) -> None:
    near = build_region_near(location)

    assert law_of(near) == law_of(location)
    everybodys = [region for region in EVERYBODYS_BUILD_REGIONS if law_of(region) == law_of(location)]
    assert near in everybodys or not everybodys


@pytest.mark.parametrize("location", SEVERAL_LAWS)
def test_no_border_is_crossed_by_itself(location: str) -> None:
    assert build_region_near(location) == location


@pytest.mark.parametrize(("given", "wanted"), [({}, "europe-west1"), ({"buildRegion": "europe-west4"}, "europe-west4")])
def test_a_setting_goes_before_the_nearest(given: dict[str, Any], wanted: str) -> None:
    config = {f"{NAMESPACE}:{key}": value for key, value in {"environment": "dev", **given}.items()}

    assert read_settings("dev", {"gcp:project": "my-imaging", **config}).region_of_builds == wanted


def run_trigger(graph: Graph, trigger: str) -> tuple[int, Any]:
    (made,) = [node for node in graph.all("cloudbuild/trigger:Trigger") if node.inputs["name"] == trigger]
    request = ApiRequest(
        host="cloudbuild.googleapis.com",
        method="POST",
        path=f"/v1/projects/my-imaging/locations/{made.inputs['location']}/triggers/{trigger}:run",
        body={"source": {"branchName": "main"}},
        authorization=f"Bearer {graph.cloud.iam.token(graph.cloud.iam.owner)}",
    )
    answer = graph.plane.handle(request)
    return answer.status, answer.body


def test_a_new_project_may_run_what_the_program_declares() -> None:
    """Where a trigger may not build, the local cloud says so as Google does; it runs no trigger itself."""
    _, declared = run_trigger(stacks.prod(), "deploy-prod")
    _, elsewhere = run_trigger(stacks.prod(buildRegion="europe-west4"), "deploy-prod")

    assert "cannot run builds in this region" not in str(declared)
    assert "cannot run builds in this region (europe-west4)" in str(elsewhere)


def test_whatever_starts_a_build_is_there_and_what_holds_images_is_not() -> None:
    prod = stacks.prod()

    builds = [node for node in prod.deployment.resources.values() if node.type.startswith("gcp:cloudbuild")]
    assert {node.inputs["location"] for node in builds if "location" in node.inputs} == {"europe-west1"}
    assert inputs(prod, "archive-dataset")["location"] == "europe-west4"
    assert prod.outputs["buildRegion"] == "europe-west1"


KEYS = {
    "gcp:healthcare/dataset:Dataset": "encryptionSpec.kmsKeyName",
    "gcp:pubsub/topic:Topic": "kmsKeyName",
    "gcp:storage/bucket:Bucket": "encryption.defaultKmsKeyName",
    "gcp:workflows/workflow:Workflow": "cryptoKeyName",
}
"""Whatever holds pixels or study UIDs, but for the audit logs: those must outlast the key."""


def keys_of(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in graph.deployment.resources.values():
        if path := KEYS.get(node.type):
            first, _, second = path.partition(".")
            value = node.inputs.get(first)
            found[node.name] = (value or {}).get(second) if second else value
    return found


def test_whatever_holds_pixels_or_identifiers_has_the_customers_key() -> None:
    phi = keys_of(stacks.phi(exportSchedule="0 3 * * 0", rawStorageClass="standard"))

    assert {"export-bucket", "records-bucket", "records-staged", "archive-instances", "jobs-workflow"} <= phi.keys()
    assert {name for name, key in phi.items() if key != PHI["datasetKey"]} == set()
    assert set(keys_of(stacks.prod()).values()) == {None}


def test_an_agent_may_use_the_key_before_anything_is_made_with_it() -> None:
    """In the local cloud a bucket, topic or workflow is refused, as by Google, whose agent may not use its key."""
    phi = stacks.phi(exportSchedule="0 3 * * 0", rawStorageClass="standard")
    grants = {f"apis-key-used-by-{service}" for service in ("healthcare", "pubsub", "storage", "workflows")}

    for node in phi.deployment.resources.values():
        if node.type in KEYS:
            assert grants <= before(phi, node.name), node.name
