"""Google's own client library for Cloud Storage, pointed at the local cloud."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import google.auth.credentials
import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.localcloud.services.client import Api


class Local(google.auth.credentials.Credentials):
    """A token of the owner's that needs no refresh."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def refresh(self, request: object) -> None:
        raise AssertionError("the token was refused")


@pytest.fixture
def bucket(api: Api) -> Iterator[storage.Bucket]:
    iam, root = api.parts.cloud.iam, api.parts.cloud.endpoint("storage.googleapis.com").rstrip("/")
    client = storage.Client(
        project="dicom-local", credentials=Local(iam.token(iam.owner)), client_options={"api_endpoint": root}
    )
    yield client.create_bucket("records", location="europe-west4")
    client.close()


def test_what_is_uploaded_comes_back(bucket: storage.Bucket) -> None:
    blob = bucket.blob("readiness/1.2/3.4.json")
    blob.metadata = {"series": "3.4"}
    blob.upload_from_string('{"plan": "none"}', content_type="application/json")

    found = bucket.get_blob("readiness/1.2/3.4.json")

    assert found is not None
    assert found.download_as_bytes() == b'{"plan": "none"}'
    assert found.content_type == "application/json"
    assert found.metadata == {"series": "3.4"}
    assert found.size == 16


def test_a_large_resumable_upload_comes_back_byte_for_byte(bucket: storage.Bucket) -> None:
    content = os.urandom(3 * 1024 * 1024 + 17)
    blob = bucket.blob("slide.dcm", chunk_size=1024 * 1024)

    blob.upload_from_file(io.BytesIO(content), size=len(content))

    assert bucket.blob("slide.dcm").download_as_bytes() == content
    assert bucket.blob("slide.dcm").download_as_bytes(start=1_000_000, end=1_000_009) == content[1_000_000:1_000_010]


def test_a_resumable_upload_of_unknown_size_is_complete(bucket: storage.Bucket) -> None:
    content = os.urandom(700_000)
    blob = bucket.blob("stream", chunk_size=256 * 1024)

    with blob.open("wb") as sink:
        sink.write(content)

    assert bucket.blob("stream").download_as_bytes() == content


def test_only_one_of_two_claims_succeeds(bucket: storage.Bucket) -> None:
    bucket.blob("work/item").upload_from_string("first", if_generation_match=0)

    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("work/item").upload_from_string("second", if_generation_match=0)

    assert bucket.blob("work/item").download_as_bytes() == b"first"


def test_an_overwrite_with_a_stale_generation_is_refused(bucket: storage.Bucket) -> None:
    blob = bucket.blob("item")
    blob.upload_from_string("one")
    stale = blob.generation
    blob.upload_from_string("two")

    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("three", if_generation_match=stale)

    assert blob.download_as_bytes() == b"two"


def test_listing_folds_folders_and_pages(bucket: storage.Bucket) -> None:
    for name in ("a/1", "a/2", "b/1", "b/c/2", "top"):
        bucket.blob(name).upload_from_string("x")

    pages = bucket.client.list_blobs(bucket, delimiter="/", page_size=1)
    names = [blob.name for blob in pages]
    all_names = [blob.name for blob in bucket.client.list_blobs(bucket, page_size=2)]
    below = [blob.name for blob in bucket.client.list_blobs(bucket, prefix="b/")]

    assert names == ["top"]
    assert pages.prefixes == {"a/", "b/"}
    assert all_names == ["a/1", "a/2", "b/1", "b/c/2", "top"]
    assert below == ["b/1", "b/c/2"]


def test_copy_compose_rename_and_delete(bucket: storage.Bucket) -> None:
    one, two = bucket.blob("one"), bucket.blob("two")
    one.upload_from_string("1", content_type="text/plain")
    two.upload_from_string("2")

    bucket.blob("both").compose([one, two])
    copy = bucket.copy_blob(one, bucket, "copy")
    moved = bucket.rename_blob(two, "moved")

    assert bucket.blob("both").download_as_bytes() == b"12"
    assert (copy.download_as_bytes(), copy.content_type) == (b"1", "text/plain")
    assert moved.download_as_bytes() == b"2"
    assert not two.exists()


def test_metadata_is_changed_without_a_new_generation(bucket: storage.Bucket) -> None:
    blob = bucket.blob("item")
    blob.metadata = {"a": "1", "b": "2"}
    blob.upload_from_string("x")
    generation = blob.generation

    blob.metadata = {"a": None, "c": "3"}
    blob.cache_control = "no-store"
    blob.patch()
    blob.reload()

    assert blob.metadata == {"b": "2", "c": "3"}
    assert (blob.generation, blob.metageneration, blob.cache_control) == (generation, 2, "no-store")


def test_a_versioned_bucket_keeps_what_was_replaced_or_deleted(bucket: storage.Bucket) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("item")
    blob.upload_from_string("one")
    first = blob.generation
    blob.upload_from_string("two")
    bucket.blob("item").delete()

    versions = [found.generation for found in bucket.client.list_blobs(bucket, versions=True)]

    assert len(versions) == 2
    assert bucket.get_blob("item") is None
    assert bucket.blob("item", generation=first).download_as_bytes() == b"one"


def test_without_versioning_the_old_generation_is_gone(bucket: storage.Bucket) -> None:
    blob = bucket.blob("item")
    blob.upload_from_string("one")
    first = blob.generation
    blob.upload_from_string("two")

    assert bucket.get_blob("item", generation=first) is None


def test_a_bucket_with_objects_is_not_deleted(bucket: storage.Bucket) -> None:
    bucket.blob("item").upload_from_string("x")

    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()

    bucket.delete(force=True)
    assert bucket.client.lookup_bucket("records") is None


def test_missing_things_are_not_found(bucket: storage.Bucket) -> None:
    with pytest.raises(exceptions.NotFound, match="none"):
        bucket.blob("none").download_as_bytes()
    with pytest.raises(exceptions.NotFound):
        bucket.client.bucket("no-such-bucket").blob("x").upload_from_string("x")
