"""Who may, what a browser is told, deletes as operations, notifications, and the API's own methods on stores."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.control.call import Call, Request
from localcloud.errors import ApiError
from localcloud.iam import Principal
from tests.dicom.support import DATASET, HOST, STORE, Served, encode, instance_path, slide

TOPIC = "projects/dicom-local/topics/stored"
ORIGIN = "http://viewer.localhost:5000"


def grant(served: Served, email: str, *permissions: str) -> dict[str, str]:
    """A token of a user with these permissions on the store."""
    name = email.split("@")[0]
    role = f"projects/dicom-local/roles/{name}"
    served.cloud.resources.put("iam.googleapis.com", role, {"name": role, "includedPermissions": list(permissions)})
    resource = f"//{HOST}/{STORE}"
    bindings = served.cloud.iam.policy(resource).get("bindings", [])
    served.cloud.iam.set_policy(resource, {"bindings": [*bindings, {"role": role, "members": [f"user:{email}"]}]})
    return served.token(email)


def ask(served: Served, method: str, path: str, token: dict[str, str], **headers: str) -> requests.Response:
    return requests.request(method, f"{served.root}/{path}", headers={**token, **headers}, timeout=30)


REQUESTS = [("GET", "studies", "Read"), ("POST", "studies", "Write"), ("DELETE", "studies/1.2", "Delete")]


@pytest.mark.parametrize(("method", "path", "duty"), REQUESTS)
def test_without_a_token_401_and_without_permission_403_naming_it(
    served: Served, method: str, path: str, duty: str
) -> None:
    others = [f"healthcare.dicomStores.dicomWeb{one}" for one in ("Read", "Write", "Delete") if one != duty]
    token = grant(served, "other@example.org", *others)

    missing, bad = ask(served, method, path, {}), ask(served, method, path, {"Authorization": "Bearer ya29.nonsense"})
    denied = ask(served, method, path, token)

    assert (missing.status_code, bad.status_code) == (401, 401)
    assert missing.json()["error"]["status"] == "UNAUTHENTICATED"
    assert "Bearer" in missing.headers["WWW-Authenticate"]
    assert denied.status_code == 403
    assert f"healthcare.dicomStores.dicomWeb{duty}" in denied.json()["error"]["message"]


def test_a_permission_taken_away_counts_at_once(served: Served) -> None:
    token = grant(served, "reader@example.org", "healthcare.dicomStores.dicomWebRead")
    assert ask(served, "GET", "studies", token).status_code == 204

    served.cloud.iam.set_policy(f"//{HOST}/{STORE}", {"bindings": []})

    assert ask(served, "GET", "studies", token).status_code == 403


@pytest.mark.parametrize("store", [STORE + "x", STORE.replace("dicom-local", "other"), STORE.replace("imaging", "no")])
def test_missing_store_is_403_in_the_words_of_a_missing_permission(served: Served, store: str) -> None:
    url = f"{served.base}/{HOST}/v1/{store}/dicomWeb/studies"

    absent = requests.get(url, headers=served.token(), timeout=30)

    assert absent.status_code == 403
    said = absent.json()["error"]
    assert said["status"] == "PERMISSION_DENIED"
    name = f"//{HOST}/{store}"
    permission = "healthcare.dicomStores.dicomWebRead"
    assert said["message"] == f"Permission '{permission}' denied on resource '{name}' (or it may not exist)."


def test_both_versions_of_the_api_serve_the_same_store(served: Served) -> None:
    ds = slide()
    served.store(ds)
    beta = served.root.replace("/v1/", "/v1beta1/")

    (found,) = served.get(f"{beta}/{instance_path(ds)}/metadata").json()

    assert found["7FE00010"]["BulkDataURI"].startswith(beta)


def test_preflight_needs_no_token_and_allows_what_was_asked(served: Served) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,accept",
    }

    response = requests.options(f"{served.root}/studies", headers=asked, timeout=30)

    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "accept"))
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_every_answer_can_be_read_by_the_page_refusals_too(served: Served) -> None:
    ds = slide()
    served.store(ds)
    path = instance_path(ds)
    cases = [("studies", 200), ("nothing", 404), ("studies?x=1", 400), (path, 200), (f"{path}/frames/1", 200)]
    for where, status in [*cases, (f"{path}/frames/1,2", 200), (f"{path}/rendered", 200), (f"{path}/frames/99", 404)]:
        response = served.call("GET", where, headers={"Origin": ORIGIN})
        assert (response.status_code, response.headers.get("Access-Control-Allow-Origin")) == (status, ORIGIN), where
    single = served.call("GET", path, headers={"Origin": ORIGIN, "Accept": "application/dicom; transfer-syntax=*"})
    assert single.headers["Access-Control-Allow-Origin"] == ORIGIN
    refused = requests.get(f"{served.root}/studies", headers={"Origin": ORIGIN}, timeout=30)
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    response = served.call(method, "studies")

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")


@pytest.mark.parametrize("path", ["studies/1.2/series/1.3", "instances", "studies/1.2/metadata"])
def test_store_takes_only_the_studies_resources(served: Served, path: str) -> None:
    assert served.call("POST", path, data=b"", headers={"Content-Type": "application/dicom"}).status_code == 404


def done(served: Served, name: str) -> dict[str, Any]:
    """The operation when it is done."""
    deadline = time.monotonic() + 10
    while not (operation := served.cloud.operations.get(HOST, name)).get("done"):
        assert time.monotonic() < deadline, operation
        time.sleep(0.01)
    return operation


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
    go: Callable[[Coroutine[Any, Any, Any]], None] = served.cloud.spawn
    served.cloud.spawn = held.append
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


def allow_publishing(served: Served) -> None:
    agent = served.cloud.service_agent("gcp-sa-healthcare")
    binding = {"role": "roles/pubsub.publisher", "members": [f"serviceAccount:{agent}"]}
    served.cloud.iam.set_policy(f"//pubsub.googleapis.com/{TOPIC}", {"bindings": [binding]})


def configure(served: Served, **fields: Any) -> None:
    served.cloud.resources.put(HOST, STORE, {"name": STORE, **fields})


@pytest.mark.parametrize(
    "fields", [{"notificationConfig": {"pubsubTopic": TOPIC}}, {"notificationConfigs": [{"pubsubTopic": TOPIC}]}]
)
def test_one_message_for_each_stored_instance(served: Served, fields: dict[str, Any]) -> None:
    configure(served, **fields)
    allow_publishing(served)
    a, b = slide(), slide()

    served.store(a, b, b"bad")
    served.store(a)

    assert [(topic, data.decode()) for topic, data, _ in served.published] == [
        (TOPIC, f"{STORE}/dicomWeb/{instance_path(ds)}") for ds in (a, b)
    ]
    attributes = served.published[0][2]
    assert attributes["action"] == "StoreInstances"
    assert attributes["storeName"] == STORE
    assert attributes["modality"] == "SM"
    assert attributes["sopInstanceUID"] == a.SOPInstanceUID
    assert abs(parsedate_to_datetime(attributes["lastUpdatedTime"]).timestamp() - time.time()) < 60


def test_call_fails_when_the_service_agent_may_not_publish(served: Served) -> None:
    configure(served, notificationConfig={"pubsubTopic": TOPIC})

    response = served.store(slide())

    assert response.status_code == 403
    message = response.json()["error"]["message"]
    assert "pubsub.topics.publish" in message
    assert TOPIC in message
    assert served.files() == []


def call(served: Served, method: str, name: str, body: dict[str, Any] | None = None, key: str = "name") -> Any:
    """A method of the API on a store, as the control plane calls it."""
    owner = Principal(served.cloud.iam.owner, "serviceAccount")
    request = Request(host=HOST, method="POST", path=f"/v1/{name}", body=body)
    found = f"healthcare.v1:projects.locations.datasets.dicomStores.{method}"
    return served.cloud.methods[found](
        Call(method_id=found, request=request, params={key: name}, principal=owner, name=name)
    )


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

    served.cloud.object_path, served.cloud.object_names = path, names
    agent = served.cloud.service_agent("gcp-sa-healthcare")
    binding = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{agent}"]}
    served.cloud.iam.set_policy("//storage.googleapis.com/projects/_/buckets/slides", {"bindings": [binding]})
    return objects


def run_import(served: Served, uri: str) -> dict[str, Any]:
    return done(served, call(served, "import", STORE, {"gcsSource": {"uri": uri}})["name"])


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
    listing = Request(
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
        call(served, "import", STORE, {"gcsSource": {"uri": uri}})
    assert refused.value.code == 400


def test_metrics_count_studies_series_instances_and_bytes(served: Served) -> None:
    a, b = slide(), slide()
    b.StudyInstanceUID = a.StudyInstanceUID
    served.store(a, b, slide())
    study = f"{STORE}/dicomWeb/studies/{a.StudyInstanceUID}"

    store = call(served, "getDICOMStoreMetrics", STORE)
    of_study = call(served, "dicomWeb.studies.getStudyMetrics", study, key="study")
    series = f"{study}/series/{a.SeriesInstanceUID}"
    of_series = call(served, "dicomWeb.studies.series.getSeriesMetrics", series, key="series")

    assert (store["studyCount"], store["seriesCount"], store["instanceCount"]) == ("2", "3", "3")
    assert (of_study["seriesCount"], of_study["instanceCount"]) == ("2", "2")
    assert of_series["instanceCount"] == "1"
    assert of_series["blobStorageSizeBytes"] == str(len(encode(a)))
    with pytest.raises(ApiError, match="not found"):
        call(served, "dicomWeb.studies.getStudyMetrics", f"{STORE}/dicomWeb/studies/1.2", key="study")


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("deidentify", {}),
        ("export", {"bigqueryDestination": {"tableUri": "bq://p.d.t"}}),
        ("export", {"filterConfig": {}}),
    ],
)
def test_what_is_not_local_says_so(served: Served, method: str, body: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="not part of the local cloud") as refused:
        call(served, method, STORE, body)
    assert refused.value.code == 501


@pytest.mark.parametrize("uri", ["", "s3://bucket", "gs://B", "gs://bucket/a*"])
def test_an_export_to_nowhere_is_refused(served: Served, uri: str) -> None:
    with pytest.raises(ApiError, match="is not of the form gs://bucket/prefix"):
        call(served, "export", STORE, {"gcsDestination": {"uriPrefix": uri}})
