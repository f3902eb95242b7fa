"""What a pathologist does, once in each viewer: one list, the columns SLIM and lite.

`-m slim` runs the column of the pinned SLIM; it is skipped, saying why, where the pinned archive cannot be had. What a
version of SLIM may lack is marked so: that it failed is recorded, and read by whoever builds its configuration.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from ops.viewer.release import release
from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.reader import Reader
from tests.browser.test_lite import study_of
from tests.browser.test_structure import Put, put
from tests.browser.test_viewer import difference, link
from tests.localcloud.hosting.platform import DATASET, PROJECT, READER, Platform
from viewer.application import SlimSource, assemble
from viewer.slim_pin import BUILD, CAPABILITY, SAVES, SlimError, read_pin

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SLIM = pytest.param("slim", marks=pytest.mark.slim)
BOTH = pytest.mark.parametrize("app", [SLIM, "lite"])
ONLY_SLIM = pytest.mark.parametrize("app", [SLIM])
ELSEWHERE = "fetch('https://elsewhere.invalid/').then(() => 'sent', (error) => error.name)"
CORS = {"Access-Control-Allow-Origin": "*"}
Slides = dict[str, list[Instance]]


@pytest.fixture(scope="session")
def slim_site(served: Platform, record_testsuite_property: Callable[[str, object], None]) -> Platform:
    """The platform with SLIM on a site of its own, its drawing tools switched on."""
    try:
        files, firebase = assemble("slim", served.config(annotate=True), SlimSource(), tools=True)
    except SlimError as reason:
        pytest.skip(f"the pinned SLIM cannot be had: {reason}")
    record_testsuite_property(BUILD, read_pin().build)
    site = f"projects/{PROJECT}/sites/slim"
    made = replace(served, url=served.create_site(site)["defaultUrl"], site=site)
    release(made.hosting(), files, firebase)
    return made


@dataclass
class Desk:
    """A person before one of the viewers."""

    app: str
    person: Reader

    def sign_in(self, path: str = "/") -> None:
        self.person.open(path)
        self.person.page.get_by_role("link", name=READER).click()

    def open(self, slide: list[Instance]) -> None:
        self.sign_in(link(slide))
        self.see_tiles(slide)

    def answered(self, part: str) -> int:
        """GETs with `part` in their URL that were answered with 200."""
        answers = [request.response() for request in self.person.sent(part) if request.failure is None]
        return len([answer for answer in answers if answer and answer.status == 200])

    def see_tiles(self, slide: list[Instance]) -> None:
        assert self.person.sees(lambda: self.answered(f"/series/{slide[0].series}/instances/") >= 1, patience=30)
        self.person.page.wait_for_timeout(800)

    def middle(self) -> tuple[float, float]:
        boxes = [box for one in self.person.page.locator("canvas").all() if (box := one.bounding_box())]
        box = max(boxes, key=lambda one: one["width"] * one["height"])
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def wheel(self, steps: int) -> None:
        self.person.page.mouse.move(*self.middle())
        for _ in range(steps):
            self.person.page.mouse.wheel(0, -400)
            self.person.page.wait_for_timeout(300)

    def show(self, title: str) -> None:
        """Switch on a group of annotations or a segment."""
        if self.app == "lite":
            self.person.page.get_by_role("checkbox", name=title).check()
            return
        heading = "Segmentations" if title == "Gland" else "Annotation Groups"
        menu = self.person.page.locator("li.ant-menu-submenu").filter(
            has=self.person.page.locator(".ant-menu-submenu-title").get_by_text(heading, exact=True)
        )
        menu.wait_for()
        if "ant-menu-submenu-open" not in (menu.get_attribute("class") or ""):
            menu.locator(".ant-menu-submenu-title").first.click()
        menu.locator(".ant-switch").first.click()

    def changes(self, act: Callable[[], None], least: float) -> None:
        before = self.person.screenshot()
        act()
        assert self.person.sees(lambda: difference(self.person.screenshot(), before) > least), "nothing is drawn"


@pytest.fixture
def desk(app: str, chromium: Browser, served: Platform, request: pytest.FixtureRequest) -> Iterator[Desk]:
    site: Platform = request.getfixturevalue("slim_site") if app == "slim" else served
    with contextlib.closing(chromium.new_context(viewport={"width": 1280, "height": 800})) as context:
        context.set_default_timeout(15_000)
        one = Desk(app, Reader(context.new_page(), site))
        yield one
        assert one.person.violations() == []


@pytest.fixture(autouse=True)
def named(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    record_property(CAPABILITY, request.node.get_closest_marker("capability").args[0])


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
        if desk.app == "lite":
            page.get_by_label("Patient name or ID").fill("CROWD-249")
            page.get_by_role("button", name="Search").click()
        else:
            page.locator("th").filter(has_text="Patient ID").locator(".ant-table-filter-trigger").click()
            page.get_by_placeholder("Search").last.fill("CROWD-249")
            page.keyboard.press("Enter")
        expect(page.get_by_text("CROWD-249")).to_be_visible()
        expect(page.get_by_text("CROWD-100")).to_have_count(0)
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

    if desk.app == "lite":
        desk.person.page.get_by_role("button", name="Label").click()
    else:
        desk.person.page.get_by_text("Slide label").click()

    assert desk.person.sees(lambda: desk.answered(f"{slide[0].series}.1/rendered") > 0)


@pytest.mark.capability("slide after slide of 30")
@BOTH
def test_each_of_thirty_slides_is_shown(desk: Desk, put: Put) -> None:
    slides = study_of(30, size=256)
    put(slides[0], [level.data for slide in slides for level in slide])
    desk.sign_in(f"/studies/{slides[0][0].study}")
    page = desk.person.page
    rows = page.locator(".slides a") if desk.app == "lite" else page.locator("li button:has(.ant-card)")
    expect(rows).to_have_count(30)

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


@pytest.mark.capability("a token that ends in the middle", may_lack=True)
@BOTH
def test_a_token_that_ends_is_renewed_and_the_slide_goes_on(desk: Desk, slides: Slides) -> None:
    desk.open(slides["tissue"])
    left = [3]

    def refuse(route: object) -> None:
        if left[0] and route.request.method == "GET":  # type: ignore[attr-defined]
            left[0] -= 1
            route.fulfill(status=401, headers=CORS, body="{}")  # type: ignore[attr-defined]
        else:
            route.fallback()  # type: ignore[attr-defined]

    desk.person.page.route("**/frames/**", refuse)
    before = desk.answered("/frames/")

    desk.wheel(4)

    assert desk.person.sees(lambda: left[0] == 0)
    assert desk.person.sees(lambda: desk.answered("/frames/") > before + 2)
    assert any("prompt=none" in request.url for request in desk.person.requests)


@pytest.mark.capability("a store that refuses says whom to ask")
@BOTH
def test_a_refusal_is_in_words(desk: Desk) -> None:
    desk.person.page.route("**/dicomWeb/studies?*", lambda route: route.fulfill(status=403, headers=CORS, body="{}"))

    desk.sign_in()

    expect(desk.person.page.get_by_text("may not read the DICOM store").first).to_be_visible()


@pytest.mark.capability("sign out")
@BOTH
def test_signing_out_ends_at_a_page_without_slides(desk: Desk, slides: Slides) -> None:
    desk.sign_in()
    page = desk.person.page
    page.get_by_text("SMOKE-grid").first.wait_for()
    if desk.app == "lite":
        page.get_by_role("button", name="Sign out").click()
    else:
        page.locator("header .anticon-user, .ant-layout-header .anticon-user").first.click()
        page.get_by_text("Logout").click()

    expect(page.get_by_text("SMOKE-grid")).to_have_count(0)
    assert desk.person.sees(lambda: "/logout" in page.url or "Logout" in page.url)


@pytest.mark.capability("nothing leaves for another address")
@BOTH
def test_the_page_cannot_send_anything_elsewhere(desk: Desk) -> None:
    desk.sign_in()
    desk.person.page.get_by_text("SMOKE-grid").first.wait_for()

    assert desk.person.page.evaluate(ELSEWHERE) == "TypeError"
    (blocked,) = desk.person.violations()
    assert "connect-src" in blocked
    desk.person.page.evaluate("violations.length = 0")


@pytest.mark.capability(SAVES, may_lack=True)
@ONLY_SLIM
def test_what_is_drawn_is_stored_and_shown_after_a_reload(desk: Desk, put: Put) -> None:
    slide = make("drawn", size=512)
    put(slide, [one.data for one in slide])
    served = desk.person.served
    served.grant("roles/healthcare.dicomEditor", READER)
    desk.open(slide)
    page, (x, y) = desk.person.page, desk.middle()

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
    page.get_by_role("dialog").get_by_role("button", name="Save").click()

    assert desk.person.sees(lambda: bool(desk.person.sent("/studies", "POST")), patience=10), (
        "nothing was sent to store"
    )
    answer = desk.person.sent("/studies", "POST")[-1].response()
    assert answer
    assert answer.ok
    page.reload()
    expect(page.get_by_text("Neoplasm").first).to_be_visible()
