"""What the pipeline writes beside the levels: label, annotations, faults; and the sentences of slides it must mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.reader import Reader
from tests.browser.test_viewer import difference, link
from tests.localcloud.hosting.platform import DATASET, Platform

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


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


def test_label_and_annotations_are_offered_and_shown(reader: Reader, put: Put) -> None:
    slide = make("structure", size=1024)
    files = [*(one.data for one in slide), extras.label(slide), extras.annotation(slide)]
    put(slide, files)
    reader.arrive(link(slide))
    reader.wait_for_tiles()

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


def test_annotations_of_an_image_that_is_not_there_are_told_and_not_drawn(reader: Reader, put: Put) -> None:
    slide = make("lost-annotation", size=512)
    put(slide, [*(one.data for one in slide), extras.annotation(slide, of=f"{slide[0].series}.77")])

    reader.arrive(link(slide))
    reader.wait_for_tiles()

    expect(reader.page.get_by_text("they would lie in the wrong place and are not shown")).to_be_visible()
    expect(reader.page.get_by_role("checkbox")).to_have_count(0)
