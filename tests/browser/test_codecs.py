"""R07's table is what the pinned engine decodes: regenerated here in Chromium, and compared with the committed one."""

from __future__ import annotations

import difflib
import json
from dataclasses import replace

import pytest
from playwright.sync_api import Browser
from prepare.pixels import codec
from prepare.pixels.coding import lossless
from prepare.pixels.grid import PixelFormat

from tests import needs
from tests.decoding import table
from tests.decoding.engine import engine
from tests.decoding.fixtures import BASELINE, COLOUR, Fixture, fixtures
from tests.e2e.tiles import SIDE

AGAIN = "regenerate it: python -m tests.decoding"
FIXTURES = {one.name: one for one in fixtures()}
IN_YBR = ("raw YBR_FULL", "RLE YBR_FULL", "JPEG-LS YBR_FULL", "JPEG 2000 YBR_FULL", "JPEG RGB without a marker")


def difference(committed: str, made: str) -> str:
    return "\n".join(difflib.unified_diff(committed.splitlines(), made.splitlines(), "committed", "now", lineterm=""))


def test_the_table_is_of_the_engine_that_the_lite_page_pins() -> None:
    assert table.read()["engine"] == table.engine_version(), AGAIN


def test_the_rules_rows_follow_from_the_table() -> None:
    rows = table.read()["fixtures"]
    text = table.RULES.read_text()
    judged = [rows[name] for name, one in FIXTURES.items() if not table.of_another_precision(one)]
    made = table.written_rules(text, table.codestreams(json.loads(text)["codestreams"], judged))
    assert made == text, f"{AGAIN}\n{difference(text, made)}"


def test_every_image_syntax_that_a_row_names_was_tried() -> None:
    tried = {row["transfer_syntax"] for row in table.read()["fixtures"].values()}
    named = {
        one for row in json.loads(table.RULES.read_text())["codestreams"].values() for one in row["transfer_syntaxes"]
    }
    assert named <= tried


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_engine_decodes_what_the_table_says(chromium: Browser) -> None:
    with engine(chromium, needs.viewer_packages()) as decoder:
        rows = {name: table.row(one, decoder.decode(one)) for name, one in FIXTURES.items()}
    made, committed = table.written_evidence(table.evidence(rows)), table.TABLE.read_text()
    assert made == committed, f"{AGAIN}\n{difference(committed, made)}"


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_colours_that_the_engine_gets_wrong_are_right_once_the_job_has_encoded_them_anew(chromium: Browser) -> None:
    with engine(chromium, needs.viewer_packages()) as decoder:
        for name in IN_YBR:
            source = FIXTURES[name]
            form = PixelFormat(source.syntax, SIDE, SIDE, 3, 8, source.photometric, 8)
            target = lossless(form)
            frame = codec.encode(codec.decode(source.frame, form), target)
            anew = Fixture(name, target.syntax, target.photometric, frame, COLOUR)
            lossy = replace(anew, syntax=BASELINE)  # truth went through YBR, or through JPEG, before
            assert table.judge(lossy, decoder.decode(lossy))[0] == "right", name
