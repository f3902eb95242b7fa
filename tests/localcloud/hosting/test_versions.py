"""The release protocol's refusals and its bookkeeping."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
from typing import Any

import pytest
import requests

from tests.localcloud.hosting.platform import READER, SITE, Platform
from tests.localcloud.hosting.releasing import (
    HASH,
    HOST,
    PAGE,
    create_version,
    finalize,
    make_live,
    populate,
    release_page,
    upload,
)


def test_nothing_is_live_before_the_release(served: Platform) -> None:
    version = create_version(served)
    upload(served, populate(served, version)["uploadUrl"])
    finalize(served, version)

    assert requests.get(served.url, timeout=10).status_code == 404


def test_a_channel_has_an_origin_and_releases_of_its_own(served: Platform) -> None:
    version = release_page(served)
    before = requests.get(served.url, timeout=10).text
    channel = served.call("POST", HOST, f"v1beta1/{SITE}/channels", {"ttl": "3600s"}, params={"channelId": "pr-1"})

    empty = requests.get(channel["url"], timeout=10).status_code
    served.call("POST", HOST, f"v1beta1/{SITE}/channels/pr-1/releases", {}, params={"versionName": version})

    assert (empty, requests.get(channel["url"], timeout=10).text) == (404, before)
    assert channel["url"] != served.url
    assert len(served.call("GET", HOST, f"v1beta1/{SITE}/releases")["releases"]) == 1


def test_a_channel_takes_no_version_of_another_site(served: Platform) -> None:
    other = SITE.replace("viewer", "preview")
    served.create_site(other)
    served.call("POST", HOST, f"v1beta1/{other}/channels", {"ttl": "3600s"}, params={"channelId": "pr-1"})
    version = release_page(served)

    refusal = served.send("POST", HOST, f"v1beta1/{other}/channels/pr-1/releases", {}, params={"versionName": version})

    assert refusal.status_code == 400
    assert "does not belong to" in refusal.json()["error"]["message"]


def test_a_version_that_was_not_finalized_cannot_be_released(served: Platform) -> None:
    version = create_version(served)
    upload(served, populate(served, version)["uploadUrl"])

    refusal = make_live(served, version)

    assert refusal.status_code == 400
    assert "is CREATED, not FINALIZED" in refusal.json()["error"]["message"]
    assert requests.get(served.url, timeout=10).status_code == 404


def test_a_version_with_a_missing_file_cannot_be_finalized(served: Platform) -> None:
    version = create_version(served)
    populate(served, version)

    refusal = finalize(served, version)

    assert refusal.status_code == 400
    assert "lacks 1 files, e.g. /index.html" in refusal.json()["error"]["message"]


def test_a_finalized_version_never_changes(served: Platform) -> None:
    version = release_page(served)

    refusal = served.send("POST", HOST, f"v1beta1/{version}:populateFiles", {"files": {"/x.html": HASH}})

    assert refusal.status_code == 400
    assert "is FINALIZED and can no longer change" in refusal.json()["error"]["message"]


def test_content_that_is_there_need_not_be_sent_again(served: Platform) -> None:
    release_page(served)

    assert "uploadRequiredHashes" not in populate(served, create_version(served))


def test_content_under_a_wrong_hash_is_refused_and_not_kept(served: Platform) -> None:
    version = create_version(served)
    url = populate(served, version)["uploadUrl"]

    refusal = upload(served, url, body=gzip.compress(b"other"))

    assert refusal.status_code == 400
    assert "does not have the hash" in refusal.json()["error"]["message"]
    assert populate(served, version)["uploadRequiredHashes"] == [HASH]


def test_content_that_is_not_gzip_is_refused(served: Platform) -> None:
    digest = hashlib.sha256(b"plain").hexdigest()
    version = create_version(served)
    url = populate(served, version, {"/plain.txt": digest})["uploadUrl"]

    refusal = upload(served, url, digest, b"plain")

    assert refusal.status_code == 400
    assert "is not gzip" in refusal.json()["error"]["message"]


def test_a_cut_upload_is_refused_and_leaves_nothing_behind(served: Platform) -> None:
    version = create_version(served)
    url = populate(served, version)["uploadUrl"]

    assert upload(served, url, body=PAGE[:-4]).status_code == 400

    assert list((served.cloud.data / "hosting").iterdir()) == []


def test_a_file_larger_than_an_api_call_is_taken(served: Platform) -> None:
    large = gzip.compress(os.urandom(12 * 2**20), compresslevel=1)

    release_page(served, large)

    assert requests.get(served.url, timeout=30).content == gzip.decompress(large)


def test_a_hash_that_no_file_has_is_refused(served: Platform) -> None:
    version = create_version(served)
    url = populate(served, version)["uploadUrl"]
    other = gzip.compress(b"other")

    assert upload(served, url, hashlib.sha256(other).hexdigest(), other).status_code == 400


def test_a_reader_of_images_may_neither_create_nor_upload(served: Platform) -> None:
    headers = {"Authorization": f"Bearer {served.token(READER)}"}
    version = create_version(served)
    url = populate(served, version)["uploadUrl"]

    creation = served.send("POST", HOST, f"v1beta1/{SITE}/versions", {}, headers=headers)
    sending = upload(served, url, email=READER)

    assert (creation.status_code, sending.status_code) == (403, 403)
    assert "firebasehosting.sites.update" in creation.json()["error"]["message"]
    assert "firebasehosting.sites.update" in sending.json()["error"]["message"]


def test_a_version_of_another_site_cannot_be_released(served: Platform) -> None:
    other = SITE.replace("viewer", "preview")
    served.create_site(other)
    version = served.call("POST", HOST, f"v1beta1/{other}/versions", {})["name"]

    refusal = make_live(served, version)

    assert refusal.status_code == 400
    assert "does not belong to sites/dicom-local-viewer" in refusal.json()["error"]["message"]


def test_the_live_version_cannot_be_deleted(served: Platform) -> None:
    live = release_page(served)

    assert served.send("DELETE", HOST, f"v1beta1/{live}").status_code == 400


def test_what_the_local_cloud_cannot_serve_is_refused_by_name(served: Platform) -> None:
    config = {"rewrites": [{"glob": "**", "run": {"serviceId": "s"}}]}

    refusal = served.send("POST", HOST, f"v1beta1/{SITE}/versions", {"config": config})

    assert refusal.status_code == 501
    assert "rewrites[].run" in refusal.json()["error"]["message"]


def test_files_and_lists_come_in_pages(served: Platform) -> None:
    for number in range(3):
        release_page(served, gzip.compress(b"%d" % number, mtime=0))
    path = f"v1beta1/{SITE}/releases"

    first = served.call("GET", HOST, path, params={"pageSize": 2})
    rest = served.call("GET", HOST, path, params={"pageSize": 2, "pageToken": first["nextPageToken"]})

    names = [entry["name"] for page in (first, rest) for entry in page["releases"]]
    assert len(set(names)) == 3
    assert names == sorted(names, reverse=True)
    assert "nextPageToken" not in rest


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"headers": [{"glob": "**", "headers": {"X-A": "a\r\nSet-Cookie: b"}}]}, "cannot stand in a header"),
        ({"redirects": [{"glob": "/a", "statusCode": 301, "location": "/\r\nX: y"}]}, "cannot stand in a header"),
        ({"redirects": [{"glob": "/a", "statusCode": 301}]}, "has no location"),
        ({"rewrites": [{"regex": "(", "path": "/index.html"}]}, "is no pattern"),
        ({"rewrites": [{"glob": "/[z-a]", "path": "/index.html"}]}, "is no pattern"),
        ({"rewrites": [{"path": "/index.html"}]}, "is no pattern"),
    ],
)
def test_a_config_that_no_path_could_be_answered_with_is_refused(
    served: Platform, config: dict[str, Any], said: str
) -> None:
    refusal = served.send("POST", HOST, f"v1beta1/{SITE}/versions", {"config": config})

    assert refusal.status_code == 400
    assert said in refusal.json()["error"]["message"]


def test_a_pattern_that_backtracks_holds_no_site_up(served: Platform) -> None:
    release_page(served, config={"rewrites": [{"regex": "((a+)+)+$", "path": "/index.html"}]})
    started = time.process_time()

    requests.get(f"{served.url}/{'a' * 60}!", timeout=20)

    assert time.process_time() - started < 2


def test_a_small_file_does_not_become_a_large_one(served: Platform) -> None:
    bomb = gzip.compress(bytes(200 * 2**20), mtime=0)
    digest = hashlib.sha256(bomb).hexdigest()
    url = populate(served, create_version(served), {"/index.html": digest})["uploadUrl"]

    refusal = upload(served, url, digest, bomb)

    assert refusal.status_code == 400
    assert "inflate to more than" in refusal.json()["error"]["message"]


def test_a_clock_set_back_brings_no_old_release_back(served: Platform) -> None:
    release_page(served)
    served.cloud.clock = lambda: 1_000_000_000.0

    release_page(served, gzip.compress(b"<!doctype html><title>two</title>", mtime=0))

    assert "two" in requests.get(served.url, timeout=10).text
