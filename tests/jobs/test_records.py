"""The records bucket and the subscription through the real clients, against the local cloud."""

from __future__ import annotations

import base64

import pytest
from google.auth.credentials import AnonymousCredentials
from prepare.backlog.records import ABSENT, Records
from prepare.backlog.subscription import Subscription, read_message
from prepare.errors import CannotRun, Conflict

from localcloud.cloud import Cloud
from tests.jobs.conftest import STRANGER, SUBSCRIPTION, TOPIC, as_principal
from tests.jobs.fakes import STORE
from tests.local_objects import publish


def records(cloud: Cloud, principal: str = "", bucket: str = "records") -> Records:
    session = as_principal(cloud, principal or cloud.iam.owner)
    return Records(bucket, cloud.endpoint("storage.googleapis.com"), AnonymousCredentials(), session)


def test_what_is_written_is_read_with_its_generation(cloud: Cloud) -> None:
    bucket = records(cloud)
    generation = bucket.write("a/b.json", {"x": 1}, ABSENT)
    assert bucket.read("a/b.json") == ({"x": 1}, generation)
    assert bucket.names("a/") == ["a/b.json"]


def test_an_absent_object_reads_as_nothing(cloud: Cloud) -> None:
    assert records(cloud).read("absent.json") == (None, ABSENT)


def test_a_write_with_an_old_generation_is_a_conflict(cloud: Cloud) -> None:
    bucket = records(cloud)
    first = bucket.write("c.json", 1, ABSENT)
    second = bucket.write("c.json", 2, first)
    for stale in (ABSENT, first):
        with pytest.raises(Conflict):
            bucket.write("c.json", 3, stale)
    assert bucket.read("c.json") == (2, second)


def test_a_delete_with_an_old_generation_is_a_conflict(cloud: Cloud) -> None:
    bucket = records(cloud)
    first = bucket.write("d.json", 1, ABSENT)
    second = bucket.write("d.json", 2, first)
    with pytest.raises(Conflict):
        bucket.delete("d.json", first)
    bucket.delete("d.json", second)
    bucket.delete("d.json", second)
    assert bucket.read("d.json") == (None, ABSENT)


def test_content_that_is_not_json_reads_as_nothing_but_can_be_replaced(cloud: Cloud) -> None:
    owner = as_principal(cloud, cloud.iam.owner)
    url = f"{cloud.endpoint('storage.googleapis.com')}upload/storage/v1/b/records/o"
    assert owner.post(url, params={"uploadType": "media", "name": "e.json"}, data=b"{", timeout=10).ok
    bucket = records(cloud)
    content, generation = bucket.read("e.json")
    assert content is None
    assert bucket.write("e.json", {}, generation) > generation


def test_no_permission_names_it_and_the_bucket(cloud: Cloud) -> None:
    with pytest.raises(CannotRun, match=r"bucket records: .* needs storage\.objects\.get"):
        records(cloud, STRANGER).read("a/b.json")


def test_a_bucket_that_is_not_there_is_said(cloud: Cloud) -> None:
    with pytest.raises(CannotRun, match="there is no bucket nowhere"):
        records(cloud, bucket="nowhere").write("a.json", {}, ABSENT)


def test_messages_are_pulled_read_and_acknowledged(cloud: Cloud) -> None:
    resource = f"{STORE}/dicomWeb/studies/1.2/series/1.2.1/instances/1.2.1.1"
    publish(cloud, TOPIC, resource.encode())
    subscription = subscribed(cloud, cloud.iam.owner)
    (received,) = subscription.pull()
    message = read_message(received)
    assert message is not None
    assert (message.store, message.study, message.series) == (STORE, "1.2", "1.2.1")
    subscription.acknowledge([message.ack_id])
    assert subscription.pull() == []


def subscribed(cloud: Cloud, principal: str) -> Subscription:
    return Subscription(SUBSCRIPTION, cloud.endpoint("pubsub.googleapis.com"), as_principal(cloud, principal))


def test_pulling_without_permission_is_said(cloud: Cloud) -> None:
    with pytest.raises(CannotRun, match=r"pubsub\.subscriptions\.consume"):
        subscribed(cloud, STRANGER).pull()


@pytest.mark.parametrize("data", ["", "!!!", base64.b64encode(b"\xff").decode(), base64.b64encode(b"hello").decode()])
def test_other_messages_are_not_read(data: str) -> None:
    assert read_message({"ackId": "a", "message": {"data": data}}) is None
