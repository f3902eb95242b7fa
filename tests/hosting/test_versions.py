from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import requests

from localcloud.cloud import Cloud
from localcloud.hosting import Hosting
from localcloud.server import running
from tests.hosting.platform import READER, SITE, Platform, platform

HOST = "firebasehosting.googleapis.com"
PAGE = gzip.compress(b"<!doctype html><title>one</title>", mtime=0)
HASH = hashlib.sha256(PAGE).hexdigest()


def create_version(served: Platform, **body: Any) -> str:
    return served.call("POST", HOST, f"v1beta1/{SITE}/versions", body)["name"]


def populate(served: Platform, version: str, files: dict[str, str] | None = None) -> dict[str, Any]:
    return served.call("POST", HOST, f"v1beta1/{version}:populateFiles", {"files": files or {"/index.html": HASH}})


def upload(
    served: Platform, url: str, digest: str = HASH, body: bytes = PAGE, email: str | None = None
) -> requests.Response:
    return requests.post(
        f"{url}/{digest}", data=body, headers={"Authorization": f"Bearer {served.token(email)}"}, timeout=10
    )


def finalize(served: Platform, version: str) -> requests.Response:
    return served.send("PATCH", HOST, f"v1beta1/{version}", {"status": "FINALIZED"}, params={"updateMask": "status"})


def make_live(served: Platform, version: str) -> requests.Response:
    return served.send("POST", HOST, f"v1beta1/{SITE}/releases", {}, params={"versionName": version})


def release_page(served: Platform, page: bytes = PAGE, **body: Any) -> str:
    version, digest = create_version(served, **body), hashlib.sha256(page).hexdigest()
    answer = populate(served, version, {"/index.html": digest})
    if answer.get("uploadRequiredHashes"):
        assert upload(served, answer["uploadUrl"], digest, page).ok
    assert finalize(served, version).ok
    assert make_live(served, version).ok
    return version


def test_a_site_has_an_origin_of_its_own_and_says_so_until_something_is_released(served: Platform) -> None:
    answer = requests.get(served.url, timeout=10)

    assert served.url != served.cloud.base
    assert answer.status_code == 404
    assert "Site Not Found" in answer.text


def test_two_sites_have_two_origins(served: Platform) -> None:
    other = served.create_site(SITE.replace("viewer", "preview"))

    assert other["defaultUrl"] != served.url
    assert requests.get(other["defaultUrl"], timeout=10).status_code == 404


def test_a_released_version_is_served(served: Platform) -> None:
    release_page(served)

    answer = requests.get(served.url, timeout=10)

    assert answer.text == "<!doctype html><title>one</title>"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["ETag"] == f'"{HASH}"'


def test_nothing_is_live_before_the_release(served: Platform) -> None:
    version = create_version(served)
    upload(served, populate(served, version)["uploadUrl"])
    finalize(served, version)

    assert requests.get(served.url, timeout=10).status_code == 404


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


def test_the_newest_release_is_live_and_an_old_version_can_come_back(served: Platform) -> None:
    first = release_page(served)
    release_page(served, gzip.compress(b"two", mtime=0))
    assert requests.get(served.url, timeout=10).text == "two"

    assert make_live(served, first).ok

    assert "one" in requests.get(served.url, timeout=10).text


def test_the_live_version_cannot_be_deleted(served: Platform) -> None:
    live = release_page(served)

    assert served.send("DELETE", HOST, f"v1beta1/{live}").status_code == 400


def test_the_config_of_a_version_decides_headers_and_rewrites(served: Platform) -> None:
    config = {
        "headers": [{"glob": "**", "headers": {"X-Kind": "page", "Cache-Control": "no-store"}}],
        "rewrites": [{"glob": "/studies/**", "path": "/index.html"}],
    }
    release_page(served, config=config)

    deep, absent = (requests.get(served.url + path, timeout=10) for path in ("/studies/1", "/assets/none.js"))

    assert (deep.status_code, deep.headers["X-Kind"], deep.headers["Cache-Control"]) == (200, "page", "no-store")
    assert absent.status_code == 404


def test_what_the_local_cloud_cannot_serve_is_refused_by_name(served: Platform) -> None:
    config = {"rewrites": [{"glob": "**", "run": {"serviceId": "s"}}]}

    refusal = served.send("POST", HOST, f"v1beta1/{SITE}/versions", {"config": config})

    assert refusal.status_code == 501
    assert "rewrites[].run" in refusal.json()["error"]["message"]


def test_a_browser_that_has_the_file_is_told_so(served: Platform) -> None:
    release_page(served)

    answer = requests.get(served.url, headers={"If-None-Match": f'"{HASH}"'}, timeout=10)

    assert (answer.status_code, answer.content) == (304, b"")


def test_head_is_get_without_a_body_and_without_gzip_the_content_is_plain(served: Platform) -> None:
    release_page(served)

    head = requests.head(served.url, timeout=10)
    plain = requests.get(served.url, headers={"Accept-Encoding": "identity"}, timeout=10)

    assert (head.status_code, head.content) == (200, b"")
    assert "Content-Encoding" not in plain.headers
    assert plain.content == gzip.decompress(PAGE)


def test_a_site_takes_no_posts(served: Platform) -> None:
    assert requests.post(served.url, data=b"x", timeout=10).status_code == 405


def test_a_deleted_site_is_no_longer_served(served: Platform) -> None:
    release_page(served)

    served.call("DELETE", HOST, f"v1beta1/{SITE}")

    assert served.send("GET", HOST, f"v1beta1/{SITE}/versions").status_code == 404
    try:
        requests.get(served.url, timeout=5)
    except requests.ConnectionError:
        return
    raise AssertionError(f"{served.url} still answers")


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


def test_a_site_comes_back_with_its_release_when_the_cloud_is_started_again(tmp_path: Path) -> None:
    with platform(tmp_path) as before:
        release_page(before)
        before.cloud.resources.save(tmp_path / "resources.json")

    again = Cloud(data=tmp_path)
    with running(again) as parts:
        again.resources.load(tmp_path / "resources.json")
        for service in parts.services:
            if isinstance(service, Hosting):
                service.resume()
        url = Platform(again).call("GET", HOST, f"v1beta1/{SITE}")["defaultUrl"]

        assert "one" in requests.get(url, timeout=10).text


def test_ending_the_cloud_frees_the_origins(tmp_path: Path) -> None:
    cloud = Cloud(data=tmp_path)
    with running(cloud):
        url = Platform(cloud).create_site()["defaultUrl"]
        assert requests.get(url, timeout=10).status_code == 404

    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return
    raise AssertionError(f"{url} still answers")
