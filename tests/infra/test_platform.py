"""What holds for every resource of a whole stack, whichever component declares it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from engine import Node
from tests.components.looking import before, grants, names, node, resources
from tests.harness import Graph
from tests.infra import stacks

COMPONENTS = {
    "access": "ArchiveAccess",
    "alerts": "AuditAlerts",
    "apis": "ProjectApis",
    "archive": "ImagingArchive",
    "watch": "Watch",
    "levels": "ServiceLevels",
    "audit": "AuditTrail",
    "deliveries": "DeliveryRecords",
    "delivery": "Delivery",
    "federation": "Federation",
    "identities": "Identities",
    "image": "JobImage",
    "jobs": "StudyJobs",
    "probe": "EventProbe",
    "records": "JobRecords",
    "registry": "ImageRegistry",
    "vault": "SecretVault",
    "viewer": "ViewerSite",
    "viewer-config": "ViewerConfig",
}
ALL = pytest.mark.parametrize("graph", [stacks.local, stacks.empty_dev, stacks.prod], ids=["local", "dev", "prod"])
LOSES_SOMETHING = ("healthcare/dataset:Dataset", "healthcare/dicomStore:DicomStore", "storage/bucket:Bucket",
                   "secretmanager/secret:Secret", "logging/projectBucketConfig:ProjectBucketConfig")  # fmt: skip


def components(graph: Graph) -> dict[str, Node]:
    return {made.name: made for made in resources(graph).values() if made.type.startswith("dicom-platform:")}


def test_a_stack_with_everything_set_has_every_component() -> None:
    made = components(stacks.prod())

    assert {name: component.type for name, component in made.items()} == {
        name: f"dicom-platform:components:{token}" for name, token in COMPONENTS.items()
    }


@ALL
def test_every_resource_is_in_a_component_and_carries_its_name(graph: Callable[[], Graph]) -> None:
    made = graph()
    inside = {component.urn: name for name, component in components(made).items()}

    for resource in resources(made).values():
        if resource.custom and not resource.type.startswith("pulumi:providers:"):
            assert resource.parent in inside, f"{resource.name} is outside of the components"
            assert resource.name.startswith(f"{inside[resource.parent]}-")


@ALL
def test_every_other_component_waits_for_the_apis(graph: Callable[[], Graph]) -> None:
    made = graph()

    for name in components(made).keys() - {"apis"}:
        assert "apis" in before(made, name) or "apis-healthcare" in before(made, name), name


@ALL
def test_every_component_says_what_it_made(graph: Callable[[], Graph]) -> None:
    assert [name for name, made in components(graph()).items() if not made.outputs] == []


@ALL
def test_grants_are_additive_and_never_to_everybody_or_with_a_basic_role(graph: Callable[[], Graph]) -> None:
    made = graph()

    assert not [n.type for n in resources(made).values() if re.search(r"(Iam|IAM)(Policy|Binding)$", n.type)]
    for member, role, _ in grants(made):
        assert member not in ("allUsers", "allAuthenticatedUsers")
        assert role not in ("roles/owner", "roles/editor", "roles/viewer")
        assert not role.startswith(("roles/healthcare.dicomE", "roles/healthcare.dicomV"))


@ALL
def test_no_identity_has_a_key_or_is_a_default_account(graph: Callable[[], Graph]) -> None:
    made = graph()
    running = [
        account
        for n in resources(made).values()
        for account in (n.inputs.get("serviceAccount"), n.inputs.get("serviceAccountEmail"))
        if account
    ]

    assert not names(made, "Key")
    assert all("imaging-" in account for account in running)


def test_on_google_everything_that_can_lose_something_is_protected() -> None:
    for made in resources(stacks.prod()).values():
        if made.type.endswith(LOSES_SOMETHING):
            on_its_way = made.inputs.get("labels", {}).get("purpose") == "scratch"
            assert made.protect is not on_its_way, made.name


def test_locally_nothing_is_protected_so_that_it_can_be_thrown_away() -> None:
    assert [made.name for made in resources(stacks.local()).values() if made.protect] == []
    assert all(made.inputs.get("deletionProtection") is not True for made in resources(stacks.local()).values())


def test_only_firebase_uses_the_second_provider() -> None:
    graph = stacks.prod()
    provider = node(graph, "firebase")

    with_it = {made.name for made in resources(graph).values() if made.provider.startswith(f"{provider.urn}::")}

    assert with_it == {
        name for name in (made.name for made in resources(graph).values()) if name.startswith("viewer-")
    } - {
        "viewer-config",
        "viewer-config-version",
    }


def test_the_job_hears_of_the_raw_store_only() -> None:
    stores = {made.inputs["name"]: made.inputs for made in stacks.prod().all("DicomStore")}

    told = {name: store["notificationConfig"] for name, store in stores.items() if "notificationConfig" in store}
    topics = {name: config["pubsubTopic"].rpartition("/")[2] for name, config in told.items()}

    assert set(stores) == {"raw", "viewer", "smoke"}
    assert topics == {"raw": "dicom-instances", "smoke": "dicom-smoke"}


def test_stores_say_which_environment_they_are_of() -> None:
    for store in stacks.prod().all("DicomStore"):
        assert store.inputs["labels"] == {
            "app": "dicom-platform",
            "environment": "prod",
            "data-class": "deidentified",
        }


def test_what_the_job_is_told() -> None:
    job = stacks.prod().one("cloudrunv2/job:Job")
    container = job.inputs["template"]["template"]["containers"][0]
    stores = (
        "https://healthcare.googleapis.com/v1/projects/my-imaging/locations/europe-west4/datasets/imaging/dicomStores"
    )

    assert container["commands"] == ["python", "-m", "prepare"]
    assert container["image"] == f"europe-west4-docker.pkg.dev/my-imaging/images/prepare@{stacks.A_DIGEST}"
    assert {variable["name"]: variable["value"] for variable in container["envs"]} == {
        "BACKLOG_SUBSCRIPTION": "projects/my-imaging/subscriptions/dicom-instances",
        "DICOMWEB_ROOT": f"{stores}/raw/dicomWeb",
        "JOB_URL": "https://run.googleapis.com/v2/projects/my-imaging/locations/europe-west4/jobs/prepare",
        "LABEL_POLICY": "show",
        "MOST_TASKS": "16",
        "PUBSUB_ENDPOINT": "https://pubsub.googleapis.com/",
        "QUIET_SECONDS": "30",
        "RAW_STORAGE_AFTER_DAYS": "7",
        "RAW_STORAGE_CLASS": "coldline",
        "RECORDS_BUCKET": "my-imaging-imaging-records",
        "STAGED_BUCKET": "my-imaging-imaging-staged",
        "STORAGE_ENDPOINT": "https://storage.googleapis.com/",
        "VIEWER_DICOMWEB_ROOT": f"{stores}/viewer/dicomWeb",
        "VIEWER_URL": "https://slides.example.org",
    }


def test_a_deploy_to_prod_waits_for_a_person_and_builds_run_as_small_accounts() -> None:
    triggers = {made.inputs["name"]: made.inputs for made in stacks.prod().all("cloudbuild/trigger:Trigger")}

    assert {
        name: inputs["serviceAccount"].rpartition("/")[2].partition("@")[0] for name, inputs in triggers.items()
    } == {
        "deploy-prod": "imaging-deployer",
        "viewer": "imaging-viewer-build",
        "job-image": "imaging-job-build",
    }
    assert triggers["deploy-prod"]["approvalConfig"] == {"approvalRequired": True}
    assert triggers["deploy-prod"]["repositoryEventConfig"]["push"] == {"branch": "^main$"}


def test_only_the_viewer_configuration_goes_through_pulumi_into_a_secret() -> None:
    assert names(stacks.prod(), "SecretVersion") == {"viewer-config-version"}


def test_nothing_that_leaves_the_stack_is_secret() -> None:
    assert stacks.prod().deployment.secret_outputs == set()


def test_eventarcs_agent_is_asked_for_and_granted_its_role_before_the_trigger() -> None:
    """Google makes the agent at the first call only, and refuses that call meanwhile."""
    graph = stacks.prod()
    agent = node(graph, "jobs-eventarc-agent")

    assert agent.inputs["role"] == "roles/eventarc.serviceAgent"
    assert "gcp-sa-eventarc" in agent.inputs["member"]
    assert {"jobs-eventarc-agent", "apis-eventarc-agent"} <= before(graph, "jobs-events")
