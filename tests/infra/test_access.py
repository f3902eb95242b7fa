"""The access matrix of a stack: who may do what, in full, so that a wider grant is seen in review."""

from __future__ import annotations

import itertools

from infra.identities import DEPLOYER_PERMISSIONS, DEPLOYER_ROLES, DUTIES, RELEASE_ROLES
from tests.components.looking import grants, names
from tests.harness import Graph
from tests.infra import stacks

STORE = "projects/my-imaging/locations/europe-west4/datasets/imaging/dicomStores/"
DATASET = "projects/my-imaging/locations/europe-west4/datasets/imaging"


def account(name: str) -> str:
    return f"serviceAccount:imaging-{name}@my-imaging.iam.gserviceaccount.com"


def on_images(graph: Graph) -> set[tuple[str, str, str]]:
    return {
        (member, role.rpartition("/")[2], where.removeprefix(STORE))
        for member, role, where in grants(graph)
        if "/datasets/" in where
    }


def held_by(graph: Graph, member: str) -> set[tuple[str, str]]:
    return {(role, where) for who, role, where in grants(graph) if who == member}


def test_with_a_store_of_their_own_viewers_never_touch_the_raw_one() -> None:
    assert on_images(stacks.prod()) == {
        ("group:pathologists@example.org", "dicomViewer", "viewer"),
        ("group:annotators@example.org", "dicomAnnotator", "viewer"),
        ("group:scanners@example.org", "dicomIngest", "raw"),
        ("group:scanners@example.org", "dicomLoader", "raw"),
        ("group:scanners@example.org", "dicomOperations", DATASET),
        (account("job"), "dicomReader", "raw"),
        (account("job"), "dicomMover", "raw"),
        (account("job"), "dicomPublisher", "viewer"),
        (account("job"), "dicomOperations", DATASET),
        (account("job"), "dicomJob", "smoke"),
        (account("smoke"), "dicomSmoke", "smoke"),
        (account("smoke"), "dicomViewer", "viewer"),
        (account("smoke"), "dicomOperations", DATASET),
        (account("smoke-reader"), "dicomViewer", "viewer"),
        (account("smoke-reader"), "dicomViewer", "smoke"),
    }


def test_a_smoke_test_can_only_change_the_store_that_is_for_it() -> None:
    changes = {"dicomSmoke", "dicomJob", "dicomIngest", "dicomAnnotator", "dicomLoader"}

    held = {where for member, role, where in on_images(stacks.prod()) if "smoke" in member and role in changes}

    assert held == {"smoke"}


def test_in_prod_nobody_gives_the_job_arguments() -> None:
    assert "jobs-tester" not in names(stacks.prod(), "IAMCustomRole")
    assert "jobs-tester" in names(stacks.local(), "IAMCustomRole")


def test_nobody_reads_dicom_by_a_role_on_the_project() -> None:
    wide = {role for _, role, where in grants(stacks.prod()) if where == "my-imaging" and "healthcare" in role}

    assert wide == {
        "roles/healthcare.datasetAdmin",
        "roles/healthcare.dicomStoreAdmin",
    }


def test_the_previewer_has_a_role_of_its_own_and_reads_the_release_records() -> None:
    assert held_by(stacks.prod(), account("previewer")) == {
        ("projects/my-imaging/roles/imagingPreviewer", "my-imaging"),
        ("roles/storage.objectViewer", "my-imaging-imaging-deliveries"),
    }


def test_nobody_may_write_to_the_records_of_deliveries() -> None:
    held = {(who, role) for who, role, where in grants(stacks.prod()) if where == "my-imaging-imaging-deliveries"}

    assert {role for _, role in held} == {"roles/storage.objectViewer"}
    assert {who.partition(":")[2].partition("@")[0] for who, _ in held} <= {"imaging-previewer", "imaging-deployer"}


def test_the_job_works_on_images_backlog_and_records_and_nothing_else() -> None:
    assert {(role, where.rpartition("/")[2]) for role, where in held_by(stacks.prod(), account("job"))} == {
        ("projects/my-imaging/roles/dicomReader", "raw"),
        ("projects/my-imaging/roles/dicomMover", "raw"),
        ("projects/my-imaging/roles/studyJobScaler", "prepare"),
        ("projects/my-imaging/roles/dicomPublisher", "viewer"),
        ("projects/my-imaging/roles/dicomOperations", "imaging"),
        ("projects/my-imaging/roles/dicomJob", "smoke"),
        ("roles/pubsub.subscriber", "dicom-instances"),
        ("roles/storage.objectUser", "my-imaging-imaging-records"),
        ("roles/storage.objectUser", "my-imaging-imaging-staged"),
    }


def test_only_the_builds_of_the_viewer_read_its_configuration_and_only_google_the_token() -> None:
    readers = {
        (who, where.rpartition("/")[2]) for who, role, where in grants(stacks.prod()) if role.endswith("secretAccessor")
    }

    assert readers == {
        (account("viewer-build"), "viewer-config"),
        (account("preview-viewer"), "viewer-config"),
        ("serviceAccount:imaging-deployer@my-imaging.iam.gserviceaccount.com", "viewer-config"),
        ("serviceAccount:service-123456789012@gcp-sa-cloudbuild.iam.gserviceaccount.com", "github-token"),
    }


def test_the_deployer_may_attach_the_accounts_it_deploys_and_no_others() -> None:
    attached = {
        where.rpartition("/")[2].partition("@")[0]
        for role, where in held_by(stacks.prod(), account("deployer"))
        if role == "roles/iam.serviceAccountUser"
    }

    assert attached == {"imaging-deployer", "imaging-job", "imaging-job-starter", "imaging-viewer-build",
                        "imaging-job-build"}  # fmt: skip
    assert "roles/iam.serviceAccountUser" not in DEPLOYER_ROLES


def test_duties_are_pairwise_distinct_accounts_and_share_no_administrator_role() -> None:
    for (_, one), (_, other) in itertools.combinations(DUTIES.items(), 2):
        assert one.account_id != other.account_id
        shared = {role for role in one.project_roles if role in other.project_roles and "admin" in role.lower()}
        assert shared <= set(RELEASE_ROLES)


def test_the_deployer_may_set_the_policy_of_the_view_that_it_declares() -> None:
    assert "logging.views.setIamPolicy" in DEPLOYER_PERMISSIONS
