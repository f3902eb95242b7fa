"""`python -m ops load gs://…`: the store's own import, followed to its counters and its per-file errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clock import SETTLED
from tests.e2e.conftest import Platform
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import write_slide

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline")
BUCKET = "scans-of-the-tests"


@pytest.fixture(scope="module")
def owner(platform: Platform) -> requests.Session:
    return platform.session(platform.cloud.iam.owner)


@pytest.fixture(scope="module")
def bucket(platform: Platform, owner: requests.Session) -> str:
    """A bucket that the store may import from, as importBuckets arranges it."""
    made = owner.post(f"{storage(platform)}storage/v1/b?project=dicom-local", json={"name": BUCKET}, timeout=10)
    assert made.ok, made.text
    agent = f"serviceAccount:{platform.cloud.service_agent('gcp-sa-healthcare')}"
    grant(owner, f"{storage(platform)}storage/v1/b/{BUCKET}/iam", "roles/storage.objectViewer", agent)
    platform.cloud.sleep(SETTLED)
    return BUCKET


def storage(platform: Platform) -> str:
    return str(platform.outputs["endpoints"]["storage"])


def grant(owner: requests.Session, url: str, role: str, member: str) -> None:
    policy: dict[str, Any] = owner.get(url, timeout=10).json()
    policy.setdefault("bindings", []).append({"role": role, "members": [member]})
    answer = owner.put(url, json=policy, timeout=10)
    assert answer.ok, answer.text


def upload(platform: Platform, owner: requests.Session, name: str, data: bytes) -> None:
    url = f"{storage(platform)}upload/storage/v1/b/{BUCKET}/o"
    assert owner.post(url, params={"uploadType": "media", "name": name}, data=data, timeout=30).ok


def test_a_prefix_is_imported_found_and_prepared(
    platform: Platform, owner: requests.Session, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = write_slide(tmp_path, JPEG, key="import")
    for level in levels:
        upload(platform, owner, f"good/deep/{level.path.name}", level.path.read_bytes())
    assert platform.load(f"gs://{bucket}/good", "--poll-seconds", "0.1") == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[:2] == ["stored", "2"]
    execution = platform.run_job("--quiet-seconds", "0")
    assert execution["succeededCount"] == 1, platform.log(execution)
    assert platform.report(levels[0].study, levels[0].series)["status"] == "ready"


def test_done_with_failures_inside_is_a_failure_that_says_where_the_reasons_are(
    platform: Platform, owner: requests.Session, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (level, _) = write_slide(tmp_path, JPEG, key="mixed import")
    upload(platform, owner, "mixed/1.dcm", level.path.read_bytes())
    upload(platform, owner, "mixed/notes.txt", b"not an image")
    assert platform.load(f"gs://{bucket}/mixed", "--poll-seconds", "0.1") == 1
    said = capsys.readouterr().out
    assert "1 file failed, and why is in https://console.cloud" in said


def test_each_files_reason_is_said_to_who_may_read_the_log(
    platform: Platform, owner: requests.Session, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(platform, owner, "bad/notes.txt", b"not an image")
    assert platform.load(f"gs://{bucket}/bad", "--poll-seconds", "0.1", "--as", platform.cloud.iam.owner) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("refused    ")]
    assert f"gs://{bucket}/bad/notes.txt: " in line


def test_a_bucket_that_the_store_may_not_read_names_the_setting(
    platform: Platform, owner: requests.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "scans-of-somebody-else"
    assert owner.post(f"{storage(platform)}storage/v1/b?project=dicom-local", json={"name": name}, timeout=10).ok
    assert platform.load(f"gs://{name}/x", "--poll-seconds", "0.1") == 1
    assert f"add {name} to importBuckets" in capsys.readouterr().out


def test_who_may_not_import_is_told_the_permission(
    platform: Platform, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert platform.load(f"gs://{bucket}/x", "--as", platform.outputs["groups"]["viewers"][0]) == 3
    assert "healthcare.dicomStores.import" in capsys.readouterr().err
