"""What a pathologist does, once in each viewer: one list, the columns SLIM and lite.

`-m slim` runs the column of the pinned SLIM; it is skipped, saying why, where the pinned archive cannot be had. What a
version of SLIM may lack is marked so: that it failed is recorded, and read by whoever builds its configuration.
"""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.desk import BOTH, Desk, cannot
from tests.browser.test_lite import study_of
from tests.browser.test_structure import Put, put
from tests.localcloud.hosting.platform import DATASET, READER
from viewer.slim_pin import SAVES

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]


@pytest.mark.capability("sign in")
@BOTH
def test_nothing_reaches_the_store_before_signing_in_and_then_the_list_is_there(desk: Desk) -> None:
    desk.person.open()
    desk.person.page.get_by_role("link", name=READER).wait_for()
    assert desk.person.sent("/dicomWeb/") == []

    desk.person.page.get_by_role("link", name=READER).click()

    desk.person.page.get_by_text("SMOKE-grid").first.wait_for()
    desk.person.saw_nothing_wrong()


@pytest.mark.capability("find a study among 250", may_lack=True)
@BOTH
def test_a_study_beyond_the_first_hundred_is_found(desk: Desk) -> None:
    base = extras.parse(make("crowd", size=256)[-1])
    files: list[bytes] = []
    for number in range(250):
        base.StudyInstanceUID, base.SeriesInstanceUID = f"2.25.55{number:03}", f"2.25.56{number:03}"
        base.SOPInstanceUID, base.PatientID = f"2.25.57{number:03}", f"CROWD-{number:03}"
        files.append(extras.written(base))
    desk.person.served.store_instances(files)
    try:
        desk.sign_in()
        page = desk.person.page
        page.get_by_text("SMOKE").or_(page.get_by_text("CROWD")).first.wait_for()
        if desk.lite:
            page.get_by_label("Patient name or ID").fill("CROWD-249")
            page.get_by_role("button", name="Search").click()
        else:
            page.locator("th").filter(has_text="Patient ID").locator(".ant-table-filter-trigger").click()
            page.get_by_placeholder("Search").last.fill("CROWD-249")
            page.keyboard.press("Enter")
        expect(page.get_by_text("CROWD-249"), "its search does not find it").to_be_visible()
        expect(page.get_by_text("CROWD-100"), "its search shows others too").to_have_count(0)
    finally:
        for number in range(250):
            path = f"v1/{DATASET}/dicomStores/raw/dicomWeb/studies/2.25.55{number:03}"
            desk.person.served.send("DELETE", "healthcare.googleapis.com", path)


@pytest.mark.capability("open by a deep link, and again after a reload")
@BOTH
def test_a_deep_link_survives_signing_in_and_a_reload(desk: Desk, slides: Slides) -> None:
    desk.open(slides["grid"])
    assert slides["grid"][0].study in desk.person.page.url
    before = len(desk.person.sent("/frames/"))

    desk.person.page.reload()

    assert desk.person.sees(lambda: len(desk.person.sent("/frames/")) > before)
    assert slides["grid"][0].study in desk.person.page.url
    if desk.lite:  # SLIM's engine now and then throws while its page goes
        desk.person.saw_nothing_wrong()


@pytest.mark.capability("zoom to the deepest level and pan")
@BOTH
def test_zooming_in_and_panning_ask_for_the_finest_tiles(desk: Desk, slides: Slides) -> None:
    desk.open(slides["tissue"])
    base = f"{slides['tissue'][0].uid}/frames/"

    desk.wheel(6)

    assert desk.person.sees(lambda: desk.answered(base) > 0)
    desk.person.page.wait_for_timeout(700)
    x, y = desk.middle()

    def drag() -> None:
        desk.person.page.mouse.move(x, y)
        desk.person.page.mouse.down()
        desk.person.page.mouse.move(x - 300, y - 200, steps=5)
        desk.person.page.mouse.up()

    desk.changes(drag, 2)


@pytest.mark.capability("overview of the slide")
@BOTH
def test_a_map_of_the_whole_slide_is_beside_it(desk: Desk, slides: Slides) -> None:
    desk.open(slides["tissue"])

    expect(desk.person.page.locator(".ol-overviewmap-map").first).to_be_visible()


@pytest.mark.capability("label of the slide", may_lack=True)
@BOTH
def test_the_label_is_shown(desk: Desk, put: Put) -> None:
    slide = make("labelled", size=512)
    put(slide, [*(one.data for one in slide), extras.label(slide)])
    desk.open(slide)

    if desk.lite:
        desk.person.page.get_by_role("button", name="Label").click()
    else:
        title = desk.person.page.get_by_text("Slide label")
        expect(title, "“Slide label” does not appear").to_be_visible()
        title.click()

    assert desk.person.sees(lambda: desk.answered(f"{slide[0].series}.1/rendered") > 0)


@pytest.mark.capability("slide after slide of 30")
@BOTH
def test_each_of_thirty_slides_is_shown(desk: Desk, put: Put) -> None:
    slides = study_of(30, size=256)
    put(slides[0], [level.data for slide in slides for level in slide])
    desk.sign_in(f"/studies/{slides[0][0].study}")
    page = desk.person.page
    rows = page.locator(".slides a") if desk.lite else page.locator("li button:has(.ant-card)")
    expect(rows).to_have_count(30, timeout=30_000)

    for number in range(30):
        rows.nth(number).click()
        page.wait_for_timeout(100)

    for slide in slides[-3:]:
        rows.filter(has_text=extras.parse(slide[0]).ContainerIdentifier).first.click()
        desk.see_tiles(slide)


@pytest.mark.capability("channels of a dim 16-bit slide", may_lack=True)
@BOTH
def test_a_dim_channel_is_seen(desk: Desk, put: Put) -> None:
    slide = make("dim-channel", size=512)
    put(slide, [extras.dimmed(level) for level in slide])
    desk.open(slide)

    def brightest() -> float:
        x, y = desk.middle()
        middle = desk.person.screenshot().crop((int(x - 150), int(y - 150), int(x + 150), int(y + 150)))
        return float(np.percentile(np.asarray(middle).max(axis=-1), 95))

    assert desk.person.sees(lambda: brightest() > 60), f"the brightest of it is {brightest():.0f} of 255"


@pytest.mark.capability("annotations: polygons", may_lack=True)
@BOTH
def test_polygons_are_drawn(desk: Desk, put: Put) -> None:
    slide = make("polygons", size=1024)
    put(slide, [*(one.data for one in slide), extras.annotation(slide)])
    desk.open(slide)

    desk.changes(lambda: desk.show("Tumour"), 0.1)


@pytest.mark.capability("annotations: points", may_lack=True)
@BOTH
def test_points_are_drawn(desk: Desk, put: Put) -> None:
    slide = make("points-too", size=1024)
    put(slide, [*(one.data for one in slide), extras.points(slide)])
    desk.open(slide)

    desk.changes(lambda: desk.show("Tumour"), 0.1)


@pytest.mark.capability("segmentation", may_lack=True)
@BOTH
def test_a_segment_is_drawn(desk: Desk, put: Put) -> None:
    slide = make("segmented", size=512)
    put(slide, [*(one.data for one in slide), extras.segmentation(slide)])
    desk.open(slide)

    desk.changes(lambda: desk.show("Gland"), 0.3)


@pytest.mark.capability("parametric map", may_lack=True)
@BOTH
def test_a_parametric_map_is_drawn(desk: Desk, put: Put) -> None:
    slide = make("mapped", size=512)
    put(slide, [*(one.data for one in slide), extras.parametric_map(slide)])
    desk.open(slide)

    if desk.lite:
        expect(desk.person.page.get_by_text("does not show parametric maps; this slide has 1")).to_be_visible()
        cannot("it says that it does not show them")
    desk.changes(lambda: desk.show("Heat"), 0.3)


@pytest.mark.capability(SAVES, may_lack=True)
@BOTH
def test_what_is_drawn_is_stored_and_shown_after_a_reload(desk: Desk, put: Put) -> None:
    slide = make("drawn", size=512)
    put(slide, [one.data for one in slide])
    served = desk.person.served
    served.grant("roles/healthcare.dicomEditor", READER)
    desk.open(slide)
    page, (x, y) = desk.person.page, desk.middle()
    if desk.lite:
        expect(page.get_by_role("button", name="Draw")).to_have_count(0)
        cannot("it offers nothing to draw with")

    page.keyboard.press("Alt+d")
    dialog = page.get_by_role("dialog")
    for number in range(2):  # the finding; then, of what shape
        dialog.locator(".ant-select").nth(number).click()
        page.locator(".ant-select-dropdown").nth(number).locator(".ant-select-item").first.click()
    dialog.get_by_role("button", name="Select").click()
    for place in ((x - 60, y - 60), (x + 60, y - 60), (x + 60, y + 60)):
        page.mouse.click(*place)
        page.wait_for_timeout(300)
    page.mouse.dblclick(x - 60, y + 60)
    page.keyboard.press("Alt+s")
    save = page.get_by_role("dialog").get_by_role("button", name="Save")
    expect(save, "the page breaks before anything can be saved").to_be_visible()
    save.click()

    assert desk.person.sees(lambda: bool(desk.person.sent("/studies", "POST")), patience=10), (
        "nothing was sent to store"
    )
    answer = desk.person.sent("/studies", "POST")[-1].response()
    assert answer
    assert answer.ok
    page.reload()
    expect(page.get_by_text("Neoplasm").first, "what was stored is not shown after a reload").to_be_visible()
