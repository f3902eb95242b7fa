"""nginx itself serves what was released: every file, page and header asked for as after a release to Firebase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from ops.viewer.verify import faults
from tests.nginx_server import serving
from tests.viewer import slim_layout
from viewer.build import FileSet, build, site_content
from viewer.config import window_config
from viewer.headers import firebase_config
from viewer.nginx import HSTS, nginx_conf
from viewer.slim_build import build as build_slim
from viewer.slim_build import site_content as slim_content

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
CONFIG = window_config(dicomweb_root=ROOT, client_id="1-a.apps.googleusercontent.com")


def release(app: str, packages: Path) -> tuple[FileSet, dict[str, Any]]:
    if app == "lite":
        page = build(CONFIG, packages)
        return page, firebase_config(ROOT, content=site_content(page))
    files = build_slim(CONFIG, {f"/{name}": content for name, content in slim_layout.FILES.items()}, "slim")
    return files, firebase_config(ROOT, content=slim_content(files))


def written(folder: Path, files: FileSet, conf: str) -> Path:
    files.write(folder / "public")
    (folder / "nginx.conf").write_text(conf)
    return folder


@pytest.mark.parametrize("app", ["lite", "slim"])
def test_it_serves_the_release(tmp_path: Path, packages: Path, app: str) -> None:
    files, firebase = release(app, packages)

    with serving(written(tmp_path, files, nginx_conf(firebase))) as url:
        assert faults(url, files, CONFIG, firebase) == []


def test_a_header_that_is_missing_is_told(tmp_path: Path, packages: Path) -> None:
    files, firebase = release("lite", packages)
    less = {**firebase, "headers": firebase["headers"][:-1]}

    with serving(written(tmp_path, files, nginx_conf(less))) as url:
        assert [fault for fault in faults(url, files, CONFIG, firebase) if "Content-Security-Policy" in fault]


def test_browsers_are_told_to_stay_with_https_and_not_which_nginx_it_is(tmp_path: Path, packages: Path) -> None:
    files, firebase = release("lite", packages)

    with serving(written(tmp_path, files, nginx_conf(firebase))) as url:
        answer = requests.get(f"{url}/index.html", headers={"Accept-Encoding": "gzip"}, timeout=30)
        again = requests.get(
            f"{url}/", headers={"If-None-Match": requests.get(f"{url}/", timeout=30).headers["ETag"]}, timeout=30
        )
        outside = requests.get(f"{url}/assets/../../nginx.conf", timeout=30)

    assert answer.headers["Strict-Transport-Security"] == HSTS
    assert answer.headers["Server"] == "nginx"
    assert (again.status_code, again.content) == (304, b"")
    assert outside.status_code in (400, 404)


def test_nothing_of_a_deep_link_is_written_anywhere(
    tmp_path: Path, packages: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files, firebase = release("lite", packages)
    uid = "1.2.840.99999.1"

    with serving(written(tmp_path, files, nginx_conf(firebase))) as url:
        # A fault of the file system, which nginx takes for critical: it would write the whole request down.
        (tmp_path / "public/studies").symlink_to("studies")
        statuses = [requests.get(f"{url}/{place}/{uid}", timeout=30).status_code for place in ("studies", "absent")]
        (tmp_path / "public/studies").unlink()
        assert requests.get(f"{url}/studies/{uid}", timeout=30).status_code == 200

    assert statuses == [200, 404]

    kept = [path for path in tmp_path.rglob("*") if path.is_file() and uid in path.read_text(errors="replace")]
    assert kept == []
    assert uid not in "".join(capfd.readouterr())
