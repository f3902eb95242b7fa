"""Storage classes: what `setBlobStorageSettings` moves, what `getStorageInfo` says, who may, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from engine.discovery import catalogue
from localcloud.errors import ApiError
from localcloud.iam import permissions
from tests.localcloud.dicom.stores import done, method
from tests.localcloud.dicom.support import STORE, Served, instance_path, slide, uid

SET, SET_STORE = "dicomWeb.studies.setBlobStorageSettings", "setBlobStorageSettings"
INFO = "dicomWeb.studies.series.instances.getStorageInfo"


def move(served: Served, study: str, storage_class: str) -> dict[str, Any]:
    body = {"blobStorageSettings": {"blobStorageClass": storage_class}}
    started = method(served, SET, f"{STORE}/dicomWeb/studies/{study}", body, key="resource")
    return done(served, started["name"])


def info(served: Served, path: str) -> dict[str, Any]:
    return method(served, INFO, f"{STORE}/dicomWeb/{path}", key="resource")


def test_a_study_moves_and_each_instance_says_where_it_is_since_when(served: Served) -> None:
    study = uid()
    first, second, other = slide(StudyInstanceUID=study), slide(StudyInstanceUID=study), slide()
    served.store(first, second, other)

    operation = move(served, study, "NEARLINE")

    assert operation["metadata"]["counter"] == {"success": "2"}
    assert operation["metadata"]["apiMethodName"].endswith("SetBlobStorageSettings")
    assert operation["response"]["@type"].endswith("storageinfo.SetBlobStorageSettingsResponse")
    moved = info(served, instance_path(first))
    assert moved["blobStorageInfo"]["storageClass"] == "NEARLINE"
    assert moved["blobStorageInfo"]["storageClassUpdateTime"].endswith("Z")
    assert int(moved["blobStorageInfo"]["sizeBytes"]) > int(moved["structuredStorageInfo"]["sizeBytes"]) > 0
    assert moved["referencedResource"] == f"{STORE}/dicomWeb/{instance_path(first)}"
    assert info(served, instance_path(second))["blobStorageInfo"]["storageClass"] == "NEARLINE"
    stays = info(served, instance_path(other))["blobStorageInfo"]
    assert (stays["storageClass"], "storageClassUpdateTime" in stays) == ("STANDARD", False)
    assert served.get(instance_path(first), "application/dicom; transfer-syntax=*").status_code == 200


def test_moving_again_keeps_the_time_and_a_late_instance_is_standard(served: Served) -> None:
    ds = slide()
    served.store(ds)
    move(served, ds.StudyInstanceUID, "COLDLINE")
    before = info(served, instance_path(ds))

    late = slide(StudyInstanceUID=ds.StudyInstanceUID)
    served.store(late)
    assert info(served, instance_path(late))["blobStorageInfo"]["storageClass"] == "STANDARD"
    move(served, ds.StudyInstanceUID, "COLDLINE")

    assert info(served, instance_path(ds)) == before
    assert info(served, instance_path(late))["blobStorageInfo"]["storageClass"] == "COLDLINE"


def test_an_instance_that_is_deleted_and_stored_again_is_standard(served: Served) -> None:
    ds = slide()
    served.store(ds)
    move(served, ds.StudyInstanceUID, "ARCHIVE")
    served.call("DELETE", instance_path(ds))
    served.store(ds)

    assert info(served, instance_path(ds))["blobStorageInfo"]["storageClass"] == "STANDARD"


@pytest.mark.parametrize(
    ("verb", "path", "body", "code"),
    [
        (SET, "/dicomWeb/studies/1.2.3", {"blobStorageSettings": {"blobStorageClass": "NEARLINE"}}, 404),
        (SET, "/dicomWeb/studies/{study}", {}, 400),
        (SET, "/dicomWeb/studies/{study}", {"blobStorageSettings": {"blobStorageClass": "FROZEN"}}, 400),
        (SET_STORE, "", {"blobStorageSettings": {"blobStorageClass": "NEARLINE"}}, 400),
        (
            SET,
            "/dicomWeb/studies/{study}",
            {
                "blobStorageSettings": {"blobStorageClass": "NEARLINE"},
                "filterConfig": {"resourcePathsGcsUri": "gs://b/o"},
            },
            400,
        ),
        (INFO, "/dicomWeb/studies/{study}/series/1.2/instances/1.2", None, 404),
    ],
)
def test_what_cannot_be_moved_is_refused(served: Served, verb: str, path: str, body: Any, code: int) -> None:
    ds = slide()
    served.store(ds)

    with pytest.raises(ApiError) as refused:
        method(served, verb, STORE + path.format(study=ds.StudyInstanceUID), body, key="resource")

    assert refused.value.code == code


def test_who_may(served: Served) -> None:
    """The permissions that Google's reference names."""
    root = "healthcare.v1:projects.locations.datasets.dicomStores."

    assert permissions.required_permission(catalogue().method(root + SET), {}) == "healthcare.dicomStores.dicomWebWrite"
    assert (
        permissions.required_permission(catalogue().method(root + SET_STORE), {})
        == "healthcare.dicomStores.dicomWebWrite"
    )
    assert permissions.required_permission(catalogue().method(root + INFO), {}) == "healthcare.dicomStores.dicomWebRead"
