"""`python -m viewer`, as a user calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.hosting.platform import SITE, Platform
from viewer import __main__ as command
from viewer import application
from viewer.packages import PackagesRefused
from viewer.target import VARIABLE


@pytest.fixture
def outputs(served: Platform, packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(application, "install", lambda: packages)
    monkeypatch.setenv(VARIABLE, served.token())
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(served.outputs()))
    return path


def run(outputs: Path, name: str, *more: str) -> int:
    return command.main([name, "--outputs", str(outputs), *more])


def test_release_status_and_rollback_say_what_is_live(
    outputs: Path, served: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(outputs, "status") == 0
    assert "nothing released yet" in capsys.readouterr().out

    assert run(outputs, "release") == 0
    assert re.search(r"(\d+) of \1 files uploaded; site checked", capsys.readouterr().out)

    assert run(outputs, "release") == 0
    assert "already live, nothing to do" in capsys.readouterr().out

    assert run(outputs, "status") == 0
    told = capsys.readouterr().out
    assert f"{served.url} serves sites/" in told
    assert "would release the same" in told

    assert run(outputs, "rollback") == 1
    assert "no earlier release" in capsys.readouterr().err


def test_status_tells_that_the_checkout_differs(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(outputs, "release")
    told: dict[str, Any] = json.loads(outputs.read_text())
    told["viewerConfig"]["organization"] = "Lab"
    outputs.write_text(json.dumps(told))

    assert run(outputs, "status") == 0

    assert "would release something else" in capsys.readouterr().out


def test_build_writes_files_and_firebase_json(outputs: Path, tmp_path: Path) -> None:
    assert run(outputs, "build", "--out", str(tmp_path / "site")) == 0

    hosting = json.loads((tmp_path / "site/firebase.json").read_text())["hosting"]
    assert hosting["public"] == "public"
    assert (tmp_path / "site/public/index.html").exists()


def test_refused_packages_end_the_release_in_one_line(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> Path:
        raise PackagesRefused("npm could not install the viewer's packages (ENOTFOUND)")

    monkeypatch.setattr(application, "install", refuse)

    assert run(outputs, "release") == 1

    assert capsys.readouterr().err == "viewer: npm could not install the viewer's packages (ENOTFOUND)\n"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"viewerSite": None}, "this stack has no viewer site"),
        ({"endpoints": {}}, "the stack's outputs lack 'firebasehosting'"),
        ({"viewerSite": SITE.replace("dicom-local/", "other/")}, "Permission denied on resource project other"),
    ],
)
def test_outputs_that_name_no_site_of_ours_are_one_line(
    outputs: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], sentence: str
) -> None:
    outputs.write_text(json.dumps({**json.loads(outputs.read_text()), **change}))

    assert run(outputs, "release") == 1

    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_a_missing_outputs_file_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "none.json", "release") == 1

    assert "pulumi stack output --json" in capsys.readouterr().err


def test_the_preview_site_shows_the_synthetic_store(
    outputs: Path, served: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    url = served.create_site(SITE.replace("viewer", "preview"))["defaultUrl"]
    told = {
        **json.loads(outputs.read_text()),
        "previewSite": "dicom-local-preview",
        "previewUrl": url,
        "stores": {"smoke": {"dicomwebRoot": served.dicomweb("smoke")}},
    }
    outputs.write_text(json.dumps(told))

    assert run(outputs, "release", "--site", "preview") == 0, capsys.readouterr().err

    assert f"viewer {url}: released" in capsys.readouterr().out


def test_a_token_command_that_fails_is_named(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE)

    assert run(outputs, "release", "--token-command", "false") == 1

    assert "the token command 'false' failed" in capsys.readouterr().err
