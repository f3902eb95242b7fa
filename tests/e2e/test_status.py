"""`ops status` on a deployed stack: a slide that waits, one that is blocked, one that was taken away."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pydicom
import pytest

from ops.status import commands
from tests.e2e.conftest import PATIENCE, TOKENS, Platform
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import Written, write_slide

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.photometric == "YBR_FULL")


@pytest.fixture(autouse=True)
def stack(platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--stack local` is the platform of these tests, whose owner reads."""
    owner = platform.cloud.iam.owner
    script, outputs = tmp_path / "token.py", tmp_path / "outputs.json"
    script.write_text(TOKENS.format(tokens=json.dumps({owner: platform.cloud.iam.token(owner)})))
    outputs.write_text(json.dumps(platform.outputs))
    monkeypatch.setattr(commands, "outputs_file", lambda stack: outputs)
    monkeypatch.setattr("ops.operate.stack_outputs.TOKEN", shlex.join([sys.executable, str(script), "{principal}"]))


def loaded(platform: Platform, folder: Path, key: str, planes: int = 1) -> Written:
    levels = write_slide(folder, JPEG, key=key)
    for level in levels:
        dataset = pydicom.dcmread(level.path)
        dataset.TotalPixelMatrixFocalPlanes = planes
        dataset.save_as(level.path)
    assert platform.load(folder) == 0
    return levels[0]


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """Reason or status → what is said of it."""
    capsys.readouterr()
    assert commands.main(["--stack", "local", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    return {one["reason"] or one["status"]: one for one in found["unshown"]["not_shown"]}


def test_what_is_stored_and_not_shown_is_told_with_its_reason(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = told(capsys).get("z_stack", {}).get("series", 0)
    gone = loaded(platform, tmp_path / "gone", "status gone")
    blocked = loaded(platform, tmp_path / "blocked", "status blocked", planes=3)
    platform.run_job("--study", gone.study, blocked.study)
    owner = platform.session(platform.cloud.iam.owner)
    assert owner.delete(f"{platform.root}/studies/{gone.study}", timeout=30).ok
    platform.run_job("--study", gone.study)

    end = time.monotonic() + PATIENCE  # a run that the events start counts them as waiting until they are quiet
    while (found := told(capsys)).get("z_stack", {}).get("series") != before + 1:
        assert time.monotonic() < end, found
        time.sleep(0.2)

    assert "focal planes" in str(found["z_stack"]["sentence"])
    assert "withdrawn" in found
    assert commands.main(["--stack", "local"]) == 0
    said = capsys.readouterr().out
    assert "taken away from viewers: the archive does not have it any more:" in said
    assert platform.cloud.base not in said


def test_a_stack_that_does_not_run_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "outputs_file", lambda stack: Path("absent.json"))

    assert commands.main(["--stack", "local"]) == 2
    assert capsys.readouterr().err.startswith("status: ")
