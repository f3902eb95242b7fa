"""`python -m ops viewer`, as a user calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from ops.client.tokens import VARIABLE
from ops.viewer import commands as command
from tests.localcloud.hosting.platform import SITE, Platform
from viewer import application
from viewer.packages import PackagesRefused


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
        (
            {"viewerConfig": None},
            "pulumi config set -s STACK dicom-platform:oauthClientId CLIENT_ID, and: pulumi up -s STACK",
        ),
        ({"viewerConfig": None, "stack": "lab"}, "pulumi config set -s lab dicom-platform:oauthClientId CLIENT_ID"),
        ({"viewerConfig": {"path": "/", "colour": 1}}, "window.config.colour is not a field that SLIM knows"),
        ({"endpoints": {}}, "the stack's outputs lack endpoints.firebasehosting"),
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
    url = preview(outputs, served)

    assert run(outputs, "release", "--site", "preview") == 0, capsys.readouterr().err

    assert f"viewer {url}: released" in capsys.readouterr().out


def test_a_token_command_that_fails_is_named(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE)

    assert run(outputs, "release", "--token-command", "false") == 1

    assert "the token command false failed" in capsys.readouterr().err


def preview(outputs: Path, served: Platform) -> str:
    """Gives the stack a preview site with the synthetic store; its URL."""
    url: str = served.create_site(SITE.replace("viewer", "preview"))["defaultUrl"]
    told = {
        **json.loads(outputs.read_text()),
        "previewSite": "dicom-local-preview",
        "previewUrl": url,
        "stores": {"smoke": {"dicomwebRoot": served.dicomweb("smoke")}},
    }
    outputs.write_text(json.dumps(told))
    return url


def test_a_channel_shows_the_synthetic_store_beside_the_preview_site(
    outputs: Path, served: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    site = preview(outputs, served)

    for _ in range(2):
        assert run(outputs, "release", "--channel", "pr-7", "--ttl", "3d") == 0, capsys.readouterr().err

    first, second = capsys.readouterr().out.splitlines()
    url = first.split()[1].rstrip(":")
    assert "files uploaded; site checked (for 3d; for header checks only" in first
    assert "already live, nothing to do" in second
    assert url != site
    assert served.dicomweb("smoke") in requests.get(f"{url}/config/local.js", timeout=10).text
    assert requests.get(site, timeout=10).status_code == 404


@pytest.mark.parametrize("ttl", ["8d", "0h", "a week", "30m"])
def test_a_channel_that_would_live_too_long_or_too_short_is_refused(
    outputs: Path, served: Platform, capsys: pytest.CaptureFixture[str], ttl: str
) -> None:
    preview(outputs, served)

    assert run(outputs, "release", "--channel", "pr-7", "--ttl", ttl) == 1

    assert f"--ttl {ttl!r} must be 1h to 7d" in capsys.readouterr().err
    channels = served.call(
        "GET", "firebasehosting.googleapis.com", f"v1beta1/{SITE.replace('viewer', 'preview')}/channels"
    )
    assert "channels" not in channels


def test_status_names_the_ref_and_the_configuration_and_what_would_change(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(outputs, "release")
    told: dict[str, Any] = json.loads(outputs.read_text())
    told["viewerConfig"]["organization"] = "Lab"
    outputs.write_text(json.dumps(told))
    capsys.readouterr()

    assert run(outputs, "status") == 0

    said = capsys.readouterr().out
    assert re.search(r"^ref lite-1-2-3, configuration [0-9a-f]{16}$", said, re.MULTILINE)
    assert re.search(r"something else: configuration [0-9a-f]{16}, here [0-9a-f]{16}$", said, re.MULTILINE)


def test_status_tells_what_is_live_even_when_the_checkout_cannot_be_built(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(outputs, "release")

    def refuse() -> Path:
        raise PackagesRefused("no network")

    monkeypatch.setattr(application, "install", refuse)

    assert run(outputs, "status") == 0

    assert "cannot be told: no network" in capsys.readouterr().out


def test_ctrl_c_is_said_in_a_line(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "install", stop)

    assert run(outputs, "release") == 130

    assert capsys.readouterr().err.count("\n") == 1
