"""Drawing on a slide and storing it: what the store has then, what a reload shows, and what a refusal costs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import requests
from numpy.typing import NDArray
from playwright.sync_api import Route, expect
from pydicom.dataset import Dataset

from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from smoke_tests.slide import Instance, make
from tests.browser.pixels import View, view
from tests.browser.reader import Reader
from tests.browser.test_viewer import difference, link
from tests.localcloud.hosting.platform import DATASET, READER, Platform

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SITE = "projects/dicom-local/sites/annotate"
ANNOTATOR = "annotator@example.org"
EDITOR = "roles/healthcare.dicomEditor"


@pytest.fixture(scope="module")
def annotating(served: Platform) -> Iterator[str]:
    """A site of the same store whose configuration has annotation tools."""
    url = served.create_site(SITE)["defaultUrl"]
    api = HostingApi(served.cloud.endpoint("firebasehosting.googleapis.com"), SITE, served.token)
    release(api, served.viewer(annotate=True), served.firebase())
    served.grant(EDITOR, ANNOTATOR)
    yield url
    served.call("DELETE", "firebasehosting.googleapis.com", f"v1beta1/{SITE}")


@pytest.fixture
def slide(served: Platform) -> Iterator[list[Instance]]:
    made = make("drawing", size=1024)
    served.store_instances([one.data for one in made])
    yield made
    path = f"v1/{DATASET}/dicomStores/raw/dicomWeb/studies/{made[0].study}"
    assert served.send("DELETE", "healthcare.googleapis.com", path).ok


def reports(served: Platform, slide: list[Instance]) -> list[Dataset]:
    """The study's reports as files, read by pydicom."""
    study = f"{served.dicomweb()}/studies/{slide[0].study}"
    headers = {"Authorization": f"Bearer {served.token()}"}
    found = requests.get(f"{study}/instances?Modality=SR", headers=headers, timeout=10)
    tags = ("0020000E", "00080018")
    paths = (
        [
            "{}/series/{}/instances/{}".format(study, *(one[tag]["Value"][0] for tag in tags))
            for one in found.json() or []
        ]
        if found.status_code == 200
        else []
    )
    whole = {**headers, "Accept": "application/dicom; transfer-syntax=*"}
    return [pydicom.dcmread(io.BytesIO(requests.get(path, headers=whole, timeout=10).content)) for path in paths]


def child(item: Dataset, code: str) -> Dataset:
    return next(one for one in item.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue == code)


def regions(report: Dataset) -> list[tuple[str, str, NDArray[np.float64]]]:
    """Finding, graphic type and (x, y) in millimetres of each region."""
    groups = child(report, "126010").ContentSequence
    return [
        (
            child(one, "121071").ConceptCodeSequence[0].CodeMeaning,
            child(one, "111030").GraphicType,
            np.array(child(one, "111030").GraphicData).reshape(-1, 3)[:, :2],
        )
        for one in groups
    ]


def pixels(points: NDArray[np.float64], base: Dataset) -> NDArray[np.float64]:
    """Column and row of the base level for slide coordinates (PS3.3 C.8.12.6)."""
    origin = base.TotalPixelMatrixOriginSequence[0]
    start = np.array([origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem], float)
    row_way, column_way = np.array(base.ImageOrientationSlide, float).reshape(2, 3)[:, :2]
    down, across = base.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    return np.stack([(points - start) @ row_way / across, (points - start) @ column_way / down], axis=1)


def under(where: View, base: Instance, x: float, y: float) -> tuple[float, float]:
    """Column and row of the base level under a place of the screen; the slide lies turned by 180 degrees."""
    middle = base.columns / 2
    return middle - (x - where.centre[0]) * where.scale, middle - (y - where.centre[1]) * where.scale


def open_slide(reader: Reader, url: str, slide: list[Instance], email: str) -> None:
    reader.arrive(link(slide), email, url)
    reader.wait_for_tiles()


def test_an_outline_is_stored_where_it_was_drawn_and_shown_after_a_reload(
    reader: Reader, served: Platform, annotating: str, slide: list[Instance]
) -> None:
    open_slide(reader, annotating, slide, ANNOTATOR)
    where = view(reader, slide, 0)
    corners = [(where.centre[0] + x, where.centre[1] + y) for x, y in ((-120, -90), (140, -60), (60, 110))]
    reader.page.get_by_label("Finding").select_option(label="Necrosis")
    reader.page.get_by_role("button", name="Outline").click()
    for x, y in corners:
        reader.page.mouse.click(x, y)
    reader.page.mouse.click(*corners[0])

    expect(reader.page.get_by_text("Necrosis, not stored yet")).to_be_visible()
    reader.page.get_by_role("button", name="Store the region").click()
    expect(reader.page.get_by_role("checkbox", name="Necrosis (1)")).to_be_checked()

    (report,) = reports(served, slide)
    ((finding, kind, points),) = regions(report)
    assert (finding, kind) == ("Necrosis", "POLYGON")
    base = pydicom.dcmread(io.BytesIO(slide[0].data), stop_before_pixels=True)
    drawn = np.array([under(where, slide[0], x, y) for x, y in corners])
    stored = pixels(points, base)[: len(corners)]
    assert np.abs(stored - drawn).max() <= 1, (stored, drawn)
    reader.page.reload()
    reader.wait_for_tiles()
    switch = reader.page.get_by_role("checkbox", name="Necrosis (1)")
    expect(switch).to_be_checked()
    expect(reader.page.locator(".objects")).to_have_text("SR 1")
    shown = reader.screenshot()
    switch.uncheck()
    assert reader.sees(lambda: difference(reader.screenshot(), shown) > 0.05)


def test_the_keyboard_alone_is_enough_to_draw_and_store(
    reader: Reader, served: Platform, annotating: str, slide: list[Instance]
) -> None:
    open_slide(reader, annotating, slide, ANNOTATOR)
    whole = view(reader, slide, 0)
    for key in ("+", "Tab"):
        reader.page.keyboard.press(key)
    reader.wait_for_tiles()
    press(reader, "What is in view")
    press(reader, "Store the region")

    expect(reader.page.get_by_role("checkbox", name="Neoplasm (1)")).to_be_checked()
    ((_, kind, points),) = regions(reports(served, slide)[0])
    base = pydicom.dcmread(io.BytesIO(slide[0].data), stop_before_pixels=True)
    seen, zoomed = whole.seen, replace(whole, scale=whole.scale / 2)
    wanted = np.array([under(zoomed, slide[0], x, y) for x, y in ((seen[0], seen[1]), (seen[2], seen[3]))])
    stored = pixels(points, base)
    assert kind == "POLYGON"
    assert np.abs(stored.min(0) - wanted.min(0)).max() <= 1
    assert np.abs(stored.max(0) - wanted.max(0)).max() <= 1


def press(reader: Reader, name: str) -> None:
    """Tab to a button and press it."""
    wanted = reader.page.get_by_role("button", name=name)
    for _ in range(40):
        if wanted.evaluate("(element) => element === document.activeElement"):
            reader.page.keyboard.press("Enter")
            return
        reader.page.keyboard.press("Tab")
    raise AssertionError(f"the button {name!r} cannot be reached")


def test_a_rectangle_and_a_point_are_stored_as_one_report(
    reader: Reader, served: Platform, annotating: str, slide: list[Instance]
) -> None:
    open_slide(reader, annotating, slide, ANNOTATOR)
    where = view(reader, slide, 0)
    corner, opposite, place = ((where.centre[0] + x, where.centre[1] + y) for x, y in ((-90, -60), (30, 80), (120, 20)))
    for tool, clicks in (("Rectangle", (corner, opposite)), ("Point", (place,))):
        reader.page.get_by_role("button", name=tool).click()
        for click in clicks:
            reader.page.mouse.click(*click)
        expect(reader.page.get_by_role("button", name=tool)).to_have_attribute("aria-pressed", "false")

    reader.page.get_by_role("button", name="Store 2 regions").click()
    expect(reader.page.get_by_role("checkbox", name="Neoplasm (2)")).to_be_checked()

    (report,) = reports(served, slide)
    (_, box, corners), (_, point, spot) = regions(report)
    base = pydicom.dcmread(io.BytesIO(slide[0].data), stop_before_pixels=True)
    wanted = np.array([under(where, slide[0], *corner), under(where, slide[0], *opposite)])
    assert (box, point) == ("POLYGON", "POINT")
    assert np.abs(pixels(corners, base).min(0) - wanted.min(0)).max() <= 1
    assert np.abs(pixels(corners, base).max(0) - wanted.max(0)).max() <= 1
    assert np.abs(pixels(spot, base)[0] - under(where, slide[0], *place)).max() <= 1


def test_a_refusal_is_said_in_words_and_nothing_drawn_is_lost(
    reader: Reader, served: Platform, annotating: str, slide: list[Instance]
) -> None:
    reader.expected.append("status of 403")
    open_slide(reader, annotating, slide, READER)
    reader.page.get_by_role("button", name="What is in view").click()

    reader.page.get_by_role("button", name="Store the region").click()

    expect(reader.failure()).to_contain_text("may look at slides here, but not store annotations")
    expect(reader.failure()).to_contain_text("What you drew is still here")
    assert len(reader.sent("/dicomWeb/studies", "POST")) == 1
    assert reports(served, slide) == []
    reader.page.get_by_role("link", name="Studies", exact=True).click()
    reader.page.get_by_role("row", name="SMOKE-drawing").get_by_role("link").click()
    expect(reader.page.get_by_text("Neoplasm, not stored yet")).to_be_visible()


def test_a_report_whose_answer_was_lost_is_stored_once(
    reader: Reader, served: Platform, annotating: str, slide: list[Instance]
) -> None:
    reader.expected += ["status of 503", "status of 409"]
    lost: list[Route] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route)
            route.fetch()
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"}, body="")
        else:
            route.fallback()

    reader.page.route("**/dicomWeb/studies", lose_the_first_answer)
    open_slide(reader, annotating, slide, ANNOTATOR)
    reader.page.get_by_role("button", name="What is in view").click()

    reader.page.get_by_role("button", name="Store the region").click()

    expect(reader.page.get_by_role("checkbox", name="Neoplasm (1)")).to_be_checked()
    assert len(reports(served, slide)) == 1


def test_what_was_drawn_can_be_taken_away(reader: Reader, annotating: str, slide: list[Instance]) -> None:
    open_slide(reader, annotating, slide, ANNOTATOR)
    plain = reader.screenshot()
    reader.page.get_by_role("button", name="What is in view").click()
    assert reader.sees(lambda: difference(reader.screenshot(), plain) > 3)

    reader.page.get_by_role("button", name="Remove Neoplasm").click()

    assert reader.sees(lambda: difference(reader.screenshot(), plain) < 1)


def test_escape_puts_the_tool_down(reader: Reader, annotating: str, slide: list[Instance]) -> None:
    open_slide(reader, annotating, slide, ANNOTATOR)
    tool = reader.page.get_by_role("button", name="Outline")
    tool.click()
    expect(tool).to_have_attribute("aria-pressed", "true")

    reader.page.keyboard.press("Escape")

    expect(tool).to_have_attribute("aria-pressed", "false")


def test_without_an_annotator_role_nothing_can_be_drawn(reader: Reader, slide: list[Instance]) -> None:
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    expect(reader.page.get_by_role("group", name="Draw")).to_have_count(0)
    expect(reader.page.get_by_role("button", name="Outline")).to_have_count(0)
