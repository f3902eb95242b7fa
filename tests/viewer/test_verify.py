"""What the check after a release notices on the live site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ops.viewer.release import release
from ops.viewer.verify import faults
from tests.localcloud.hosting.platform import Platform
from viewer.build import FileSet, build


def faults_after(
    served: Platform, released: FileSet, firebase: dict[str, Any], wanted: FileSet, headers: dict[str, Any]
) -> str:
    release(served.hosting(), released, firebase)
    return "\n".join(faults(served.url, wanted, served.config(), headers))


def test_a_missing_worker_is_found(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    without = FileSet({path: data for path, data in files.files.items() if "worker" not in path})

    found = faults_after(served, without, firebase, files, firebase)

    assert "dataLoader.worker.min.js is answered 404, not 200" in found


def test_a_rewrite_that_hides_missing_files_is_found(
    served: Platform, files: FileSet, firebase: dict[str, Any]
) -> None:
    greedy = {**firebase, "rewrites": [{"source": "**", "destination": "/index.html"}]}
    without = FileSet({path: data for path, data in files.files.items() if "worker" not in path})

    found = faults_after(served, without, greedy, files, firebase)

    assert "dataLoader.worker.min.js is served as text/html, not text/javascript" in found
    assert "a rewrite hides missing files" in found


def test_a_config_for_another_store_is_found(
    served: Platform, files: FileSet, firebase: dict[str, Any], packages: Path
) -> None:
    other = build(served.config("other"), packages)

    found = faults_after(served, other, firebase, files, firebase)

    assert f"/config/local.js names the store {served.dicomweb('other')}, not {served.dicomweb()}" in found


def test_a_weaker_policy_is_found(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    weaker = {**firebase, "headers": firebase["headers"][1:]}

    found = faults_after(served, files, weaker, files, firebase)

    assert "/ is served with Content-Security-Policy: None" in found


def test_a_site_that_is_down_is_found(files: FileSet, served: Platform, firebase: dict[str, Any]) -> None:
    (found,) = faults("http://127.0.0.1:9", files, served.config(), firebase)

    assert "cannot be reached" in found
