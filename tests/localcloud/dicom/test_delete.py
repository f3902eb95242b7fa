"""Deletes: studies and series as operations of the dataset, instances at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tests.localcloud.dicom.stores import done
from tests.localcloud.dicom.support import DATASET, HOST, STORE, Served, instance_path, slide


def test_delete_of_a_study_is_an_operation_of_the_dataset(served: Served) -> None:
    gone, stays = slide(), slide()
    served.store(gone, stays)

    response = served.call("DELETE", f"studies/{gone.StudyInstanceUID}")

    assert response.status_code == 200
    name = response.json()["name"]
    assert name.startswith(f"{DATASET}/operations/")
    assert done(served, name)["response"]["@type"] == "type.googleapis.com/google.protobuf.Empty"
    assert served.get(f"studies/{gone.StudyInstanceUID}/metadata").status_code == 404
    assert served.get(instance_path(gone) + "/frames/1").status_code == 404
    assert [one["0020000D"]["Value"][0] for one in served.get("studies").json()] == [stays.StudyInstanceUID]
    assert len({path.stem for path in served.files()}) == 1
    assert served.call("DELETE", f"studies/{gone.StudyInstanceUID}").status_code == 404
    assert served.store(gone).status_code == 200, "when the operation is done it may come again"


def test_delete_of_a_series_leaves_its_siblings_and_the_counts_true(served: Served) -> None:
    a, b = slide(), slide(Modality="CT")
    b.StudyInstanceUID = a.StudyInstanceUID
    served.store(a, b)

    response = served.call("DELETE", f"studies/{a.StudyInstanceUID}/series/{a.SeriesInstanceUID}")

    done(served, response.json()["name"])
    (study,) = served.get("studies").json()
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([1], [1])
    assert study["00080061"]["Value"] == ["CT"]
    assert served.get("studies?ModalitiesInStudy=SM").status_code == 204


def test_delete_of_an_instance_is_immediate_and_empty(served: Served) -> None:
    a, b = slide(), slide()
    b.StudyInstanceUID, b.SeriesInstanceUID = a.StudyInstanceUID, a.SeriesInstanceUID
    served.store(a, b)

    response = served.call("DELETE", instance_path(a))

    assert (response.status_code, response.content) == (200, b"")
    assert served.get(instance_path(a) + "/metadata").status_code == 404
    (series,) = served.get("series").json()
    assert series["00201209"]["Value"] == [1]
    (study,) = served.get("studies?includefield=SOPInstanceUID").json()
    assert study["00080018"]["Value"] == [b.SOPInstanceUID]
    assert served.call("DELETE", instance_path(a)).status_code == 404


def test_nothing_is_stored_into_a_study_that_is_being_deleted(served: Served) -> None:
    held: list[Coroutine[Any, Any, Any]] = []
    go: Callable[[Coroutine[Any, Any, Any]], None] = served.tasks.spawn
    served.tasks.spawn = held.append
    ds, other = slide(), slide()
    other.StudyInstanceUID = ds.StudyInstanceUID
    served.store(ds)
    operation = served.call("DELETE", f"studies/{ds.StudyInstanceUID}").json()
    assert not operation.get("done")

    refused = served.store(other)

    assert refused.status_code == 409
    assert "being deleted" in refused.json()["00081198"]["Value"][0]["00091097"]["Value"][0]
    go(held[0])
    done(served, operation["name"])
    assert served.store(other).status_code == 200


def test_data_go_with_the_store(served: Served) -> None:
    served.store(slide())
    folder = served.files()[0].parent

    for told in served.cloud.on_delete:
        told(HOST, STORE)

    assert not folder.exists()
    assert served.get("studies").status_code == 204, "a store of the same name begins empty"
