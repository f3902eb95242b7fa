"""What Google refuses of stores, objects and sites, and this did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY
from google.oauth2.credentials import Credentials

from localcloud.awkward import AwkwardPoint
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.viewer.hosting import HostingApi, HostingError
from tests.localcloud.services.client import LOCATION, Api, Clock


def test_a_store_announces_by_the_old_field_or_the_new_one_not_by_both(api: Api) -> None:
    """terraform-google-healthcare#126: a store taken over with `notificationConfigs` refuses the provider's PATCH."""
    root = f"healthcare.googleapis.com/v1/{LOCATION}/datasets"
    api.call("POST", f"{root}?datasetId=d", {})
    old, new = {"notificationConfig": {"pubsubTopic": "t"}}, {"notificationConfigs": [{"pubsubTopic": "t"}]}
    api.call("POST", f"{root}/d/dicomStores?dicomStoreId=s", new)

    both = api.refused("POST", f"{root}/d/dicomStores?dicomStoreId=r", old | new)
    beside = api.refused("PATCH", f"{root}/d/dicomStores/s?updateMask=notificationConfig", old)
    instead = api.call("PATCH", f"{root}/d/dicomStores/s?updateMask=notificationConfig,notificationConfigs", old)

    assert [status for status, _ in (both, beside)] == [400, 400]
    assert "NotificationConfig and NotificationConfigs are not compatible" in beside[1]
    assert "notificationConfigs" not in instead


@pytest.fixture
def awkward(tmp_path: Path, clock: Clock) -> Iterator[Api]:
    points: frozenset[AwkwardPoint] = frozenset(("object_writes", "new_sites"))
    with running(Cloud(data=tmp_path / "awkward", clock=clock, awkward=points)) as parts:
        yield Api(parts)


UPLOAD = "storage.googleapis.com/upload/storage/v1/b/records/o?uploadType=media&name=a"
OBJECT = "storage.googleapis.com/storage/v1/b/records/o/a"


def test_one_name_changes_once_a_second(awkward: Api, clock: Clock) -> None:
    awkward.call("POST", "storage.googleapis.com/storage/v1/b?project=dicom-local", {"name": "records"})
    assert awkward.raw("POST", UPLOAD, data=b"1").status_code == 200

    refused = awkward.raw("POST", UPLOAD, data=b"2")
    claimed = awkward.raw("POST", f"{UPLOAD}&ifGenerationMatch=1", data=b"2")

    assert (refused.status_code, claimed.status_code) == (429, 429)  # whatever the precondition
    error = refused.json()["error"]
    assert error["message"].startswith("The object records/a exceeded the rate limit for object mutation operations")
    assert error["errors"][0]["reason"] == "rateLimitExceeded"
    assert awkward.raw("PATCH", OBJECT, json={"contentType": "text/plain"}).status_code == 429
    assert awkward.raw("DELETE", OBJECT).status_code == 429
    assert awkward.raw("POST", UPLOAD.replace("name=a", "name=b"), data=b"1").status_code == 200

    clock.advance(1.0)
    assert awkward.raw("POST", UPLOAD, data=b"2").status_code == 200
    clock.advance(-3600)  # a clock that was set back holds nothing up
    assert awkward.raw("DELETE", OBJECT).status_code == 204


def test_googles_client_waits_and_writes_again(awkward: Api, clock: Clock) -> None:
    """What a program without the retry of `google-cloud-storage` would die of."""
    awkward.call("POST", "storage.googleapis.com/storage/v1/b?project=dicom-local", {"name": "records"})
    client = storage.Client(
        project="dicom-local",
        credentials=Credentials(token=awkward.parts.cloud.iam.token(awkward.parts.cloud.iam.owner)),
        client_options={"api_endpoint": f"{awkward.parts.cloud.base}/storage.googleapis.com"},
    )
    blob = client.bucket("records").blob("a")
    blob.upload_from_string("1")

    with pytest.raises(exceptions.TooManyRequests):
        blob.upload_from_string("2", retry=None)

    waits = DEFAULT_RETRY.with_delay(initial=0.05, maximum=0.1).with_predicate(
        lambda error: clock.advance(0.6) is None and DEFAULT_RETRY._predicate(error)
    )
    blob.upload_from_string("2", retry=waits)
    assert blob.download_as_bytes() == b"2"


def test_a_new_site_is_known_to_hosting_later(awkward: Api, clock: Clock) -> None:
    awkward.call("POST", "firebasehosting.googleapis.com/v1beta1/projects/dicom-local/sites?siteId=viewer", {})
    iam = awkward.parts.cloud.iam

    def hosting(pause: Callable[[float], None]) -> HostingApi:
        endpoint = f"{awkward.parts.cloud.base}/firebasehosting.googleapis.com/"
        return HostingApi(endpoint, "projects/dicom-local/sites/viewer", lambda: iam.token(iam.owner), pause=pause)

    with pytest.raises(HostingError, match="404"):
        hosting(lambda seconds: None).create_version({}, {})  # waits without time passing: gives up

    assert hosting(clock.advance).create_version({}, {})
