"""The API's own methods on stores: imports, exports, metrics, and those that are not local."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.api_request import ApiRequest
from localcloud.control.call import Call
from localcloud.control.special.agents import ensure_agent
from localcloud.errors import ApiError
from localcloud.iam.principal import Principal
from tests.localcloud.dicom.stores import TOPIC, allow_publishing, configure, done, method
from tests.localcloud.dicom.support import STORE, Served, encode, instance_path, slide


@pytest.fixture
def bucket(served: Served, tmp_path: Path) -> dict[str, bytes]:
    """Objects of the bucket `slides`, readable by the service agent."""
    objects: dict[str, bytes] = {}
    folder = tmp_path / "bucket"
    folder.mkdir()

    def path(bucket: str, name: str) -> Path | None:
        if bucket != "slides" or name not in objects:
            return None
        file = folder / name.replace("/", "_")
        file.write_bytes(objects[name])
        return file

    def names(bucket: str, prefix: str) -> list[str]:
        return sorted(name for name in objects if bucket == "slides" and name.startswith(prefix))

    served.objects.object_path, served.objects.object_names = path, names
    agent = ensure_agent(served.cloud, "healthcare")
    binding = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{agent}"]}
    served.cloud.iam.set_policy("//storage.googleapis.com/projects/_/buckets/slides", {"bindings": [binding]})
    return objects


def run_import(served: Served, uri: str) -> dict[str, Any]:
    return done(served, method(served, "import", STORE, {"gcsSource": {"uri": uri}})["name"])


def test_import_counts_files_and_logs_those_that_were_not_stored(served: Served, bucket: dict[str, bytes]) -> None:
    good, there, differs = slide(), slide(), slide()
    served.store(there, differs)
    differs.PatientID = "CHANGED"
    bucket |= {"a/good.dcm": encode(good), "a/same.dcm": encode(there), "a/differs.dcm": encode(differs)}
    bucket |= {"a/b/text.dcm": b"no dicom", "a/readme.txt": b"not matched", "other/x.dcm": b"not matched"}

    operation = run_import(served, "gs://slides/a/**.dcm")

    assert operation["metadata"]["counter"] == {"success": "2", "failure": "2"}
    assert "response" in operation
    assert served.get(instance_path(good) + "/metadata").status_code == 200
    identifier = operation["name"].rsplit("/", 1)[1]
    listing = ApiRequest(
        host="logging.googleapis.com",
        method="POST",
        path="/v2/entries:list",
        body={"resourceNames": [f"projects/{served.cloud.project}"], "filter": f'operation.id:"{identifier}"'},
    )
    owner = Principal(served.cloud.iam.owner, "serviceAccount")
    entries = served.cloud.methods["logging.v2:entries.list"](
        Call(method_id="logging.v2:entries.list", request=listing, params={}, principal=owner, name="")
    )["entries"]
    said = {entry["jsonPayload"]["source"]: entry["jsonPayload"]["error"]["message"] for entry in entries}
    assert said.keys() == {"gs://slides/a/differs.dcm", "gs://slides/a/b/text.dcm"}
    assert "differ" in said["gs://slides/a/differs.dcm"]
    assert "not a DICOM file" in said["gs://slides/a/b/text.dcm"]
    assert operation["metadata"]["logsUrl"].startswith("https://")


@pytest.mark.parametrize(("pattern", "count"), [("a/*.dcm", 1), ("a/**", 2), ("a/?.dcm", 1), ("a/b/y.dcm", 1)])
def test_import_understands_wildcards(served: Served, bucket: dict[str, bytes], pattern: str, count: int) -> None:
    bucket |= {"a/x.dcm": encode(slide()), "a/b/y.dcm": encode(slide()), "z.dcm": encode(slide())}

    assert run_import(served, f"gs://slides/{pattern}")["metadata"]["counter"]["success"] == str(count)


@pytest.mark.parametrize("send", [True, False])
def test_import_notifies_only_when_the_store_says_so(served: Served, bucket: dict[str, bytes], send: bool) -> None:
    configure(served, notificationConfig={"pubsubTopic": TOPIC, "sendForBulkImport": send})
    allow_publishing(served)
    bucket["a.dcm"] = encode(slide())

    run_import(served, "gs://slides/a.dcm")

    assert [attributes["action"] for _, _, attributes in served.published] == ["ImportDicomData"] * send


def test_import_without_access_to_the_bucket_fails_in_words(served: Served, bucket: dict[str, bytes]) -> None:
    operation = run_import(served, "gs://elsewhere/a.dcm")

    assert operation["error"]["code"] == 7
    assert "storage.objects.get" in operation["error"]["message"]


@pytest.mark.parametrize("uri", ["", "http://slides/a", "gs://slides", "gs://slides/**/a.dcm"])
def test_import_of_a_bad_uri_is_refused(served: Served, uri: str) -> None:
    with pytest.raises(ApiError, match="gcsSource") as refused:
        method(served, "import", STORE, {"gcsSource": {"uri": uri}})
    assert refused.value.code == 400


def test_metrics_count_studies_series_instances_and_bytes(served: Served) -> None:
    a, b = slide(), slide()
    b.StudyInstanceUID = a.StudyInstanceUID
    served.store(a, b, slide())
    study = f"{STORE}/dicomWeb/studies/{a.StudyInstanceUID}"

    store = method(served, "getDICOMStoreMetrics", STORE)
    of_study = method(served, "dicomWeb.studies.getStudyMetrics", study, key="study")
    series = f"{study}/series/{a.SeriesInstanceUID}"
    of_series = method(served, "dicomWeb.studies.series.getSeriesMetrics", series, key="series")

    assert (store["studyCount"], store["seriesCount"], store["instanceCount"]) == ("2", "3", "3")
    assert (of_study["seriesCount"], of_study["instanceCount"]) == ("2", "2")
    assert of_series["instanceCount"] == "1"
    assert of_series["blobStorageSizeBytes"] == str(len(encode(a)))
    with pytest.raises(ApiError, match="not found"):
        method(served, "dicomWeb.studies.getStudyMetrics", f"{STORE}/dicomWeb/studies/1.2", key="study")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("deidentify", {}),
        ("export", {"bigqueryDestination": {"tableUri": "bq://p.d.t"}}),
        ("export", {"filterConfig": {}}),
    ],
)
def test_what_is_not_local_says_so(served: Served, verb: str, body: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="not part of the local cloud") as refused:
        method(served, verb, STORE, body)
    assert refused.value.code == 501


@pytest.mark.parametrize("uri", ["", "s3://bucket", "gs://B", "gs://bucket/a*"])
def test_an_export_to_nowhere_is_refused(served: Served, uri: str) -> None:
    with pytest.raises(ApiError, match="is not of the form gs://bucket/prefix"):
        method(served, "export", STORE, {"gcsDestination": {"uriPrefix": uri}})
