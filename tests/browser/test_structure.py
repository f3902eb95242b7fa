"""What the pipeline writes beside the levels: label, annotations, faults; and the sentences of slides it must mend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from playwright.sync_api import expect
from pydicom import Dataset, dcmread

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.reader import Reader
from tests.browser.test_viewer import difference, link
from tests.localcloud.hosting.platform import DATASET, Platform
from viewer.build import RULES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
TABLE = {row["id"]: row["sentences"] for row in json.loads(RULES.read_text())["rules"]}


Put = Callable[[list[Instance], list[bytes]], None]


@pytest.fixture
def put(served: Platform) -> Iterator[Put]:
    """Stores a study's files, and takes the study away again: other tests count studies."""
    stored: list[str] = []

    def store(slide: list[Instance], files: list[bytes]) -> None:
        stored.append(slide[0].study)
        served.store_instances(files)

    yield store
    for study in stored:
        path = f"v1/{DATASET}/dicomStores/raw/dicomWeb/studies/{study}"
        assert served.send("DELETE", "healthcare.googleapis.com", path).ok


def begins(rule: str, problem: str) -> str:
    """The part of a rule's sentence before its first word that differs from slide to slide."""
    if rule not in TABLE:
        pytest.skip(f"the job's table of rules has no {rule} yet")
    return TABLE[rule][problem].split("{")[0]


def test_two_colour_profiles_on_one_slide_are_told_once_both_are_read(reader: Reader, put: Put) -> None:
    slide = make("two profiles", size=1024)
    levels = [dcmread(BytesIO(one.data)) for one in slide]
    path = levels[1].OpticalPathSequence[0]
    path.ICCProfile = path.ICCProfile[:25] + b"\x01" + path.ICCProfile[26:]  # the year it was made in
    put(slide, [file_of(level) for level in levels])
    reader.sign_in(link(slide))
    reader.wait_for_tiles()
    expect(reader.page.locator(".findings")).to_contain_text(begins("R06", "different"))


def file_of(level: Dataset) -> bytes:
    out = BytesIO()
    level.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_label_and_annotations_are_offered_and_shown(reader: Reader, put: Put) -> None:
    slide = make("structure", size=1024)
    files = [*(one.data for one in slide), extras.label(slide), extras.annotation(slide)]
    put(slide, files)
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    expect(reader.page.locator(".objects")).to_have_text("ANN 1")
    reader.page.get_by_role("button", name="Label").click()
    dialog = reader.page.get_by_role("dialog", name="Label of the slide")
    expect(dialog.get_by_role("img")).to_be_visible()
    reader.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    plain = reader.screenshot()
    switch = reader.page.get_by_role("checkbox", name="Tumour (1 polygon)")
    switch.check()

    assert reader.sees(lambda: difference(reader.screenshot(), plain) > 0.3)

    switch.uncheck()
    assert reader.sees(lambda: difference(reader.screenshot(), plain) < 0.3)


def test_a_tile_that_cannot_be_decoded_costs_only_itself(reader: Reader, put: Put) -> None:
    reader.expected.append("error loading tile")
    slide = make("damaged", size=2048)
    # More than the engine has workers: each would have stopped one.
    put(slide, extras.with_damaged_tiles(slide, 1, set(range(1, 10))))

    reader.arrive(link(slide))

    expect(reader.failure()).to_contain_text(
        "9 tiles of this slide are missing. The viewer could not decode them.", timeout=20_000
    )
    loaded = {request.url for request in reader.sent(f"{slide[1].uid}/frames/")}
    assert len(loaded) == len(slide[1].frames)
    reader.page.get_by_role("button", name="Zoom in").click()
    reader.wait_for_tiles()
    expect(reader.failure()).to_contain_text("9 tiles")


def planes(base: Dataset) -> None:
    base.TotalPixelMatrixFocalPlanes = 3


@pytest.mark.parametrize(("rule", "problem", "change"), [("R05", "planes", planes)])
def test_a_slide_that_the_engine_refuses_is_blocked_in_words(
    reader: Reader, put: Put, rule: str, problem: str, change: Callable[[Dataset], None]
) -> None:
    sentence = begins(rule, problem)
    slide = make(f"blocked-{rule}", size=512)
    put(slide, extras.changed(slide, change))

    reader.arrive(link(slide))

    expect(reader.failure()).to_contain_text(sentence)
    assert reader.sent("/frames/") == []


def two_patients(base: Dataset) -> None:
    base.PatientID = "SOMEBODY-ELSE"


def test_a_study_that_the_job_blocks_as_a_whole_is_blocked_here_too(reader: Reader, put: Put) -> None:
    slide = make("patients", size=512)
    put(slide, extras.changed(slide, two_patients))

    reader.arrive(link(slide))

    expect(reader.failure()).to_contain_text(begins("R18", "patients"))
    assert reader.sent("/frames/") == []


def test_a_label_without_an_optical_path_blocks_as_it_does_in_slim(reader: Reader, put: Put) -> None:
    slide = make("bare-label", size=512)
    put(slide, [*(one.data for one in slide), extras.label(slide, path=False)])

    reader.arrive(link(slide))

    expect(reader.failure()).to_contain_text(begins("R18", "paths"))
    assert reader.sent("/frames/") == []


def test_annotations_of_an_image_that_is_not_there_are_told_and_not_drawn(reader: Reader, put: Put) -> None:
    slide = make("lost-annotation", size=512)
    put(slide, [*(one.data for one in slide), extras.annotation(slide, of=f"{slide[0].series}.77")])

    reader.arrive(link(slide))
    reader.wait_for_tiles()

    expect(reader.page.get_by_text("would be drawn in the wrong place")).to_be_visible()
    expect(reader.page.locator(".objects")).to_have_text("ANN 1")
    expect(reader.page.get_by_role("checkbox")).to_have_count(0)
