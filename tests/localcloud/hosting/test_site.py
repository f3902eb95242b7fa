"""A site as a browser meets it."""

from __future__ import annotations

import gzip
from pathlib import Path

import requests

from localcloud.cloud import Cloud
from localcloud.hosting import Hosting
from localcloud.server import running
from tests.localcloud.hosting.platform import SITE, Platform, platform
from tests.localcloud.hosting.releasing import HASH, HOST, PAGE, make_live, release_page


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


def test_the_newest_release_is_live_and_an_old_version_can_come_back(served: Platform) -> None:
    first = release_page(served)
    release_page(served, gzip.compress(b"two", mtime=0))
    assert requests.get(served.url, timeout=10).text == "two"

    assert make_live(served, first).ok

    assert "one" in requests.get(served.url, timeout=10).text


def test_the_config_of_a_version_decides_headers_and_rewrites(served: Platform) -> None:
    config = {
        "headers": [{"glob": "**", "headers": {"X-Kind": "page", "Cache-Control": "no-store"}}],
        "rewrites": [{"glob": "/studies/**", "path": "/index.html"}],
    }
    release_page(served, config=config)

    deep, absent = (requests.get(served.url + path, timeout=10) for path in ("/studies/1", "/assets/none.js"))

    assert (deep.status_code, deep.headers["X-Kind"], deep.headers["Cache-Control"]) == (200, "page", "no-store")
    assert absent.status_code == 404


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
