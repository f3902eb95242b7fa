"""The lite page where a reader is quicker than the store, and where objects on a slide are odd but sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Route, expect
from pydicom import Dataset

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.reader import Reader
from tests.browser.test_lite import study_of
from tests.browser.test_structure import Put, put
from tests.browser.test_viewer import difference, link

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]
LOST: dict[str, Any] = {"status": 404, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "{}"}


def changed(data: bytes, number: int, change: Callable[[Dataset], None]) -> bytes:
    """Another object of the same kind: `change` done to it, and UIDs that end in `number`."""
    item = extras.reread(data)
    item.SOPInstanceUID, item.SeriesInstanceUID = (
        f"{item.SOPInstanceUID}.{number}",
        f"{item.SeriesInstanceUID}.{number}",
    )
    change(item)
    return extras.written(item)


def drawn(reader: Reader, switch: Locator) -> Image.Image:
    """The page with what is switched on, which goes again when it is switched off."""
    switch.focus()
    plain = reader.screenshot()
    switch.check()
    assert reader.sees(lambda: difference(reader.screenshot(), plain) > 0.1, patience=5)
    shown = reader.screenshot()
    switch.uncheck()
    assert reader.sees(lambda: difference(reader.screenshot(), plain) < 0.1, patience=5)
    return shown


def test_who_goes_back_before_a_study_has_come_stays_on_the_list(reader: Reader, slides: Slides) -> None:
    held: list[Route] = []
    reader.page.route("**/metadata", lambda route: held.append(route))
    reader.arrive()
    reader.page.get_by_role("row").nth(1).get_by_role("link").click()
    assert reader.sees(lambda: bool(held))

    reader.page.go_back()
    reader.page.get_by_role("heading", name="Studies").wait_for()
    for route in held:
        route.continue_()
    reader.page.wait_for_timeout(700)

    expect(reader.page.get_by_role("heading", name="Studies")).to_be_visible()
    expect(reader.page.locator(".study")).to_have_count(0)
    assert reader.page.title().startswith("Studies")


def test_a_link_within_the_page_leaves_the_slide_open(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["tissue"]))
    reader.wait_for_tiles()
    reader.page.locator(".viewport").evaluate("(viewport) => { viewport.dataset.mark = 'first'; }")

    reader.page.get_by_role("link", name="Skip to the content").focus()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_timeout(300)

    expect(reader.page.locator(".viewport")).to_have_attribute("data-mark", "first")


def test_what_an_earlier_slide_lost_is_not_said_of_the_next(reader: Reader, put: Put) -> None:
    study = study_of(2)
    put(study[0], [level.data for slide in study for level in slide])
    reader.expected += ["404", "ICC"]
    held: list[Route] = []
    reader.page.route(f"**/{study[0][0].series}/**/bulkdata/**", lambda route: held.append(route))
    reader.arrive(link(study[0]))
    assert reader.sees(lambda: len(held) > 1)

    reader.page.locator(".slides a").nth(1).click()
    reader.wait_for_tiles()
    for route in held:
        route.fulfill(**LOST)
    reader.page.wait_for_timeout(500)

    expect(reader.failure().filter(visible=True)).to_have_count(0)


def test_groups_of_one_name_and_of_any_number_are_each_drawn(reader: Reader, put: Put) -> None:
    """A group's UID may be in two versions of an object, and groups need not be numbered from one on."""
    slide = make("versions", size=1024)

    def renumber(item: Dataset) -> None:
        item.AnnotationGroupSequence[0].AnnotationGroupNumber = 7

    put(slide, [*(one.data for one in slide), extras.annotation(slide), changed(extras.points(slide), 1, renumber)])
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    polygon = drawn(reader, reader.page.get_by_role("checkbox", name="Tumour (1 polygon)"))
    points = drawn(reader, reader.page.get_by_role("checkbox", name="Tumour (400 points)"))

    assert difference(polygon, points) > 0.1


def test_segments_tracked_as_one_are_each_drawn(reader: Reader, put: Put) -> None:
    slide = make("tracked", size=512)

    def track(item: Dataset) -> None:
        item.SegmentSequence[0].TrackingUID = "2.25.9"

    segmentation = extras.segmentation(slide)
    put(slide, [*(one.data for one in slide), *(changed(segmentation, number, track) for number in (1, 2))])
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    for number in (0, 1):
        drawn(reader, reader.page.get_by_role("checkbox", name="Segment Gland").nth(number))


def test_a_segmentation_without_a_list_of_segments_is_said_not_to_be_shown(reader: Reader, put: Put) -> None:
    slide = make("unlisted", size=512)
    put(slide, [*(one.data for one in slide), extras.segmentation(slide)])

    reader.page.route("**/metadata", extras.metadata_without("00620002"))
    reader.arrive(link(slide))

    expect(reader.page.get_by_text("whose segments the store does not list: it is not shown")).to_be_visible()


def test_annotations_that_cannot_be_understood_are_said_not_to_be_drawn(reader: Reader, put: Put) -> None:
    slide = make("garbled", size=512)

    def lose_where_polygons_begin(item: Dataset) -> None:
        del item.AnnotationGroupSequence[0].LongPrimitivePointIndexList

    put(slide, [*(one.data for one in slide), changed(extras.annotation(slide), 1, lose_where_polygons_begin)])
    reader.expected += ["annotation"]
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    reader.page.get_by_role("checkbox", name="Tumour (1 polygon)").check()

    expect(reader.failure().filter(visible=True)).to_contain_text("Annotations could not be read")


def test_a_search_that_the_store_does_not_understand_is_not_called_a_busy_store(reader: Reader) -> None:
    reader.expected.append("400")

    reader.arrive("/?from=yesterday")

    expect(reader.failure()).to_contain_text("does not understand")
    expect(reader.failure()).not_to_contain_text("busy")


def test_a_failure_without_a_button_has_no_empty_row(reader: Reader, slides: Slides) -> None:
    reader.page.route("**/metadata", extras.metadata_without("00480105"))
    reader.expected.append("")  # The engine logs its refusal as an error, in its own words.
    reader.arrive(link(slides["grid"]))

    expect(reader.failure()).to_contain_text("The engine refuses this slide")
    expect(reader.page.locator(".actions")).to_have_count(0)


def test_a_slide_whose_picture_the_browser_takes_away_says_so(stranger: Reader, slides: Slides) -> None:
    stranger.arrive(link(slides["tissue"]))
    stranger.wait_for_tiles()

    stranger.page.locator(".viewport canvas").evaluate_all(
        """(canvases) => canvases.map((canvas) => canvas.getContext('webgl')).filter(Boolean)
             .forEach((context) => context.getExtension('WEBGL_lose_context').loseContext())"""
    )

    expect(stranger.failure().filter(visible=True)).to_contain_text("took back what this slide was drawn with")
    expect(stranger.failure().get_by_role("button", name="Try again")).to_be_visible()


def test_a_browser_with_the_first_webgl_only_shows_slides(stranger: Reader, slides: Slides) -> None:
    """As the engine asks for no more."""
    stranger.page.add_init_script(
        """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...others) {
          return kind === 'webgl2' ? null : get.call(this, kind, ...others);
        };"""
    )

    stranger.arrive(link(slides["tissue"]))

    stranger.wait_for_tiles()
    expect(stranger.failure().filter(visible=True)).to_have_count(0)
