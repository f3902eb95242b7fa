"""Real encoded tissue through the whole platform: pushed by the loader, judged by the job, read back byte for byte."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Platform
from tests.e2e.tiles import TILES, Tile
from tests.e2e.tiles_slide import Written, write_slide

VIEWER_ACCEPT = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
DECODED = {"raw", "jpeg-baseline", "jpeg2000", "jpeg-ls"}
OFFSETS = ("basic", "extended", "none")


def must_be_coded_anew(tile: Tile) -> bool:
    """Whether the viewer's engine does not decode it, or shows it with a wrong brightness (big endian)."""
    return tile.coding not in DECODED or (tile.syntax == "1.2.840.10008.1.2.2" and tile.bits > 8)


@pytest.fixture(scope="module")
def slides(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Written]]:
    """Every tile as a slide of its own, loaded and prepared."""
    folder = tmp_path_factory.mktemp("slides")
    written = {
        tile.name: write_slide(folder / str(number), tile, offsets=OFFSETS[number % 3])
        for number, tile in enumerate(TILES)
    }
    assert platform.load(folder) == 0
    execution = platform.run_job("--study", *(levels[0].study for levels in written.values()))
    assert execution["succeededCount"] == 1, platform.log(execution)
    return written


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_every_frame_comes_back_as_it_was_pushed(
    tile: Tile, platform: Platform, slides: dict[str, list[Written]]
) -> None:
    owner = platform.session(platform.cloud.iam.owner)
    for level in slides[tile.name]:
        url = f"{platform.root}/studies/{level.study}/series/{level.series}/instances/{level.instance}/frames"
        for number, pushed in enumerate(level.frames, 1):
            answer = owner.get(f"{url}/{number}", headers={"Accept": VIEWER_ACCEPT}, timeout=30)
            assert answer.status_code == 200, answer.text
            assert one_part(answer.headers["Content-Type"], answer.content) == pushed


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_the_viewer_can_show_it_and_the_report_says_what_that_took(
    tile: Tile, platform: Platform, slides: dict[str, list[Written]]
) -> None:
    level = slides[tile.name][0]
    report = platform.report(level.study, level.series)
    assert report["status"] == "ready"
    # Its levels repeat one tile each, so they are no smaller pictures of the base, which R10 says.
    assert {finding["rule"] for finding in report["findings"]} <= {"R10"}
    assert {finding["rule"] for finding in report["mended"]} == ({"R07"} if must_be_coded_anew(tile) else set())
    assert [level["frames"] for level in report["levels"]] == [4, 1]


def one_part(content_type: str, body: bytes) -> bytes:
    """The content of a multipart body of one part."""
    boundary = content_type.partition("boundary=")[2].split(";")[0].strip('"').encode()
    start = body.index(b"\r\n\r\n") + 4
    end = body.rindex(b"\r\n--" + boundary + b"--")
    return body[start:end]
