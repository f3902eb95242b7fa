from __future__ import annotations

from typing import Any

import pulumi_gcp as gcp
import pytest

from components.archive_access import ROLES, ArchiveAccess, ArchiveAccessArgs, Grant
from tests.components.looking import children, grants, inputs, names
from tests.harness import Deploy, Graph

AGENT = "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
DATASET = "projects/dicom-local/locations/europe-west4/datasets/imaging"


def access(deploy: Deploy, *given: Grant, **changes: Any) -> Graph:
    def program() -> None:
        dataset = gcp.healthcare.Dataset("imaging", name="imaging", location="europe-west4")
        stores = {
            name: gcp.healthcare.DicomStore(name, name=name, dataset=dataset.id).id
            for name in ("raw", "viewer", "smoke")
        }
        args: dict[str, Any] = {
            "project": "dicom-local",
            "dataset": dataset.id,
            "stores": stores,
            "grants": given,
            "pollers": {},
            "import_buckets": (),
            "healthcare_agent": AGENT,
        }
        for bucket in changes.get("import_buckets", ()):
            gcp.storage.Bucket(bucket, name=bucket, location="europe-west4")
        ArchiveAccess("access", ArchiveAccessArgs(**args | changes))

    return deploy(program)


ALL = [Grant(key="x", role=role, store="smoke", member="group:x@example.org") for role in ROLES if role != "operations"]


def test_a_grant_is_a_custom_role_on_one_store(deploy: Deploy) -> None:
    graph = access(deploy, Grant(key="readers", role="viewer", store="viewer", member="group:readers@example.org"))

    assert children(graph, "access") == {
        "access-viewer": "projects/iAMCustomRole:IAMCustomRole",
        "access-readers-viewer-on-viewer": "healthcare/dicomStoreIamMember:DicomStoreIamMember",
    }
    assert grants(graph) == {
        ("group:readers@example.org", "projects/dicom-local/roles/dicomViewer", f"{DATASET}/dicomStores/viewer")
    }


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        ("viewer", {"dicomWebRead"}),
        ("annotator", {"dicomWebRead", "dicomWebWrite"}),
        ("ingest", {"dicomWebWrite"}),
        ("job", {"dicomWebRead", "dicomWebWrite"}),
        ("loader", {"import"}),
        ("smoke", {"dicomWebRead", "dicomWebWrite", "dicomWebDelete"}),
    ],
)
def test_a_role_holds_exactly_what_its_duty_needs(deploy: Deploy, role: str, permissions: set[str]) -> None:
    declared = inputs(access(deploy, *ALL), f"access-{role}")

    assert set(declared["permissions"]) == {f"healthcare.dicomStores.{permission}" for permission in permissions}
    assert declared["roleId"] == f"dicom{role.capitalize()}"


def test_no_role_can_delete_a_store_or_change_who_may_and_only_the_schedules_can_export(deploy: Deploy) -> None:
    graph = access(deploy, *ALL, pollers={"x": "group:x@example.org"})
    held = {role.inputs["roleId"]: set(role.inputs["permissions"]) for role in graph.all("IAMCustomRole")}

    every = set[str]().union(*held.values())
    assert not {p for p in every if p.endswith(("dicomStores.delete", "dicomStores.create", "setIamPolicy"))}
    assert [role for role, permissions in held.items() if "healthcare.dicomStores.export" in permissions] == [
        "dicomExport"
    ]
    assert held["dicomExport"] == {"healthcare.dicomStores.export"}


def test_whoever_waits_for_operations_may_see_them_on_the_dataset_and_nothing_more_there(deploy: Deploy) -> None:
    graph = access(deploy, pollers={"smoke": "group:smoke@example.org"})

    assert inputs(graph, "access-operations")["permissions"] == ["healthcare.operations.get"]
    assert inputs(graph, "access-smoke-polls") == {
        "datasetId": DATASET,
        "role": "projects/dicom-local/roles/dicomOperations",
        "member": "group:smoke@example.org",
    }
    assert names(graph, "DatasetIamMember") == {"access-smoke-polls"}


def test_a_role_that_nobody_has_does_not_exist(deploy: Deploy) -> None:
    graph = access(deploy, Grant(key="x", role="ingest", store="raw", member="group:x@example.org"))

    assert names(graph, "IAMCustomRole") == {"access-ingest"}


def test_google_may_read_the_buckets_that_are_imported_from(deploy: Deploy) -> None:
    graph = access(deploy, import_buckets=["scans"])

    assert grants(graph) == {(AGENT, "roles/storage.objectViewer", "scans")}
