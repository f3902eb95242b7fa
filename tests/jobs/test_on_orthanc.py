"""The loader and the job with an independent store: they rely on DICOMweb, not on the local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import Cloud
from ops.load.commands import main as load
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import Written, write_slide
from tests.jobs.test_main import record, run
from tests.smoke_tests import orthanc

pytestmark = pytest.mark.orthanc
TOKEN = "echo anybody"
SERVED = [tile for tile in TILES if tile.syntax != "1.2.840.10008.1.2.2"]
"""Orthanc 1.10 stores big endian instances, but answers 500 when asked for their frames."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with orthanc.running(tmp_path_factory.mktemp("orthanc")) as root:
        yield root


@pytest.fixture(scope="module")
def slides(root: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Written]]:
    folder = tmp_path_factory.mktemp("slides")
    written = {tile.name: write_slide(folder / str(number), tile) for number, tile in enumerate(SERVED)}
    assert load([str(folder), "--to", root, "--token-command", TOKEN]) == 0
    return written


def test_every_real_tile_gets_the_same_status(cloud: Cloud, root: str, slides: dict[str, list[Written]]) -> None:
    studies = [levels[0].study for levels in slides.values()]
    code, out, errors = run(cloud, "--study", *studies, DICOMWEB_ROOT=root)
    assert (code, errors) == (0, ""), out
    found = {tile.name: record(cloud, "readiness", slides[tile.name][0])["status"] for tile in SERVED}
    assert found == {tile.name: "ready" for tile in SERVED}


def test_what_is_there_is_found_to_be_the_same(
    root: str, slides: dict[str, list[Written]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tile = next(tile for tile in SERVED if tile.coding == "jpeg-baseline")
    write_slide(tmp_path, tile)
    assert load([str(tmp_path), "--to", root, "--token-command", TOKEN]) == 0
    assert "refused" not in capsys.readouterr().out


def test_an_unknown_study_is_gone(cloud: Cloud, root: str) -> None:
    code, out, _ = run(cloud, "--study", "1.2.404", DICOMWEB_ROOT=root)
    assert code == 2
    assert "study 1.2.404 is not in" in out
