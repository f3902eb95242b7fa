"""The release to Cloud Run: what the image is built from, and the commands that follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.discovery import catalogue
from localcloud.control.schema import check
from ops.viewer import commands as command
from viewer import application
from viewer.config import window_config

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
BASE = "nginxinc/nginx-unprivileged@sha256:" + "ab" * 32
OUTPUTS: dict[str, Any] = {
    "stack": "lab",
    "project": "my-imaging",
    "location": "europe-west4",
    "environment": "prod",
    "endpoints": {},
    "viewerApp": "lite",
    "viewerHost": "cloud_run",
    "viewerConfig": window_config(dicomweb_root=ROOT, client_id="1-a.apps.googleusercontent.com"),
    "imageRepository": "europe-west4-docker.pkg.dev/my-imaging/images",
    "serviceAccounts": {"viewerBuild": "imaging-viewer-build@my-imaging.iam.gserviceaccount.com"},
}


@pytest.fixture
def outputs(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(application, "install", lambda: packages)
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(OUTPUTS))
    return path


def run(outputs: Path, *more: str, base: str = BASE) -> int:
    out = outputs.parent / "image"
    return command.main(["release", "--outputs", str(outputs), "--base", base, "--out", str(out), *more])


def test_the_context_holds_files_headers_and_the_recipe(outputs: Path) -> None:
    assert run(outputs) == 0

    out = outputs.parent / "image"
    assert {path.name for path in out.iterdir()} == {"public", "nginx.conf", "Dockerfile", "cloudbuild.yaml"}
    assert f"connect-src {ROOT}/" in (out / "nginx.conf").read_text()
    assert (out / "public/config/local.js").exists()
    assert "COPY public /srv/public" in (out / "Dockerfile").read_text()
    assert "root /srv/public;" in (out / "nginx.conf").read_text()


def test_the_build_is_one_that_cloud_build_knows_and_runs_as_the_viewers_builder(outputs: Path) -> None:
    run(outputs)

    recipe = yaml.safe_load((outputs.parent / "image/cloudbuild.yaml").read_text())
    method, _ = catalogue().match("cloudbuild.googleapis.com", "POST", "/v1/projects/p/locations/l/builds") or (
        None,
        {},
    )
    assert method is not None
    check(method, recipe, {})
    assert recipe["serviceAccount"].endswith("/imaging-viewer-build@my-imaging.iam.gserviceaccount.com")
    assert f"\nARG BASE={BASE}\nFROM ${{BASE}}\n" in (outputs.parent / "image/Dockerfile").read_text()
    assert recipe["images"] == [recipe["steps"][0]["args"][2]]
    assert recipe["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_the_commands_that_follow_are_told_and_nothing_is_said_to_be_live(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(outputs)

    said = capsys.readouterr().out
    assert "Nothing is live yet" in said
    assert "gcloud builds submit" in said
    assert "pulumi config set -s lab dicom-platform:viewerImageDigest" in said
    assert "pulumi up -s lab\n" in said
    assert "europe-west4-docker.pkg.dev/my-imaging/images/viewer:" in said


def test_the_same_content_has_the_same_tag(outputs: Path) -> None:
    run(outputs)
    first = (outputs.parent / "image/cloudbuild.yaml").read_text()

    run(outputs, "--out", str(outputs.parent / "again"))

    assert (outputs.parent / "again/cloudbuild.yaml").read_text() == first


def test_a_renewed_base_has_another_tag_as_tags_never_move(outputs: Path) -> None:
    run(outputs)
    run(outputs, "--out", str(outputs.parent / "renewed"), base=BASE.replace("ab", "cd"))

    tags = {yaml.safe_load((outputs.parent / name / "cloudbuild.yaml").read_text())["images"][0]
            for name in ("image", "renewed")}  # fmt: skip
    assert len(tags) == 2


@pytest.mark.parametrize("base", ["", "nginxinc/nginx-unprivileged:stable", "nginx@sha256:abc"])
def test_a_base_that_can_move_is_refused(outputs: Path, capsys: pytest.CaptureFixture[str], base: str) -> None:
    assert run(outputs, base=base) == 1

    assert "must be an image by digest" in capsys.readouterr().err
    assert not (outputs.parent / "image").exists()


@pytest.mark.parametrize("more", [("--site", "preview"), ("--channel", "pr-7")])
def test_there_are_no_previews(outputs: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]) -> None:
    assert run(outputs, *more) == 1

    assert "there are no previews on Cloud Run" in capsys.readouterr().err


def test_a_folder_with_something_in_it_is_left_alone(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(outputs)

    assert run(outputs) == 1

    assert "is not empty; name a new folder with --out" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["status", "rollback"])
def test_what_is_only_there_with_firebase_says_where_to_look(
    outputs: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert command.main([name, "--outputs", str(outputs)]) == 1

    error = capsys.readouterr().err
    assert "the viewer is on Cloud Run" in error
    assert "gcloud run revisions list" in error
    assert error.count("\n") == 1
