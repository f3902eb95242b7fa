"""The lite page: what must not leak, not be lost, and not be left unsaid."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.reader import Reader
from tests.browser.test_structure import Put, put
from tests.browser.test_viewer import difference, link

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]
GROWTH = 1.2
MANY = 30


def study_of(count: int, size: int = 512) -> list[list[Instance]]:
    """Slides of one study, each a series with a container and a frame of reference of its own."""
    made = [make(f"many-{number}", size=size) for number in range(count)]
    study = made[0][0].study
    for slide in made:
        for at, level in enumerate(slide):
            item = extras.parse(level)
            item.StudyInstanceUID = study
            item.PatientID = "MANY"
            slide[at] = level.__class__(**{**vars(level), "study": study, "data": extras.written(item)})
    return made


def counters(reader: Reader) -> dict[str, float]:
    """DOM nodes and listeners of the page, after the garbage is gone."""
    devtools = reader.page.context.new_cdp_session(reader.page)
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("HeapProfiler.collectGarbage")
    found = devtools.send("Memory.getDOMCounters")
    return {name: found[name] for name in ("nodes", "jsEventListeners")}


def test_thirty_slides_leak_nothing_and_read_the_study_once(reader: Reader, put: Put) -> None:
    slides = study_of(MANY)
    put(slides[0], [level.data for slide in slides for level in slide])
    reader.arrive(f"/studies/{slides[0][0].study}")
    reader.wait_for_tiles()
    queries = len(reader.sent("/metadata"))
    links = reader.page.locator(".slides a")
    expect(links).to_have_count(MANY)
    links.nth(1).click()
    reader.wait_for_tiles()
    before = counters(reader)
    decoders: list[object] = []
    reader.page.on("worker", lambda worker: decoders.append(worker))

    for number in range(2, MANY):
        links.nth(number).click()
        expect(links.nth(number)).to_have_attribute("aria-current", "page")
        reader.wait_for_tiles()

    after = counters(reader)
    assert {name: after[name] <= GROWTH * before[name] for name in before} == dict.fromkeys(before, True), (
        before,
        after,
    )
    assert len(reader.sent("/metadata")) == queries == MANY
    # The engine starts them one by one, as many as there are processors, and not anew for each slide.
    assert len(decoders) <= reader.page.evaluate("navigator.hardwareConcurrency")


def test_each_press_of_a_key_counts_and_zoom_ends_at_the_scans_power(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["tissue"]))
    reader.wait_for_tiles()
    reader.page.emulate_media(reduced_motion="no-preference")
    power = reader.page.get_by_role("status", name="Magnification")

    for _ in range(2):
        reader.page.keyboard.press("+", delay=0)
    # The whole slide is seen at a third of its power of 20: the steps are 10 and 20.
    expect(power).to_have_text("20\u00d7")
    for _ in range(5):
        reader.page.keyboard.press("+", delay=0)
    reader.page.mouse.move(700, 400)
    reader.page.mouse.wheel(0, -5000)
    reader.page.wait_for_timeout(700)
    expect(power).to_have_text("20\u00d7")
    reader.page.keyboard.press("-")
    expect(power).to_have_text("10\u00d7")


@pytest.mark.parametrize(
    ("columns", "rows", "levels"), [(1000, 777, 1), (777, 1000, 3), (3000, 200, 3), (200, 3000, 1)]
)
def test_a_slide_of_any_shape_fills_the_view_and_its_zoom_ends_at_the_scans_power(
    reader: Reader, put: Put, columns: int, rows: int, levels: int
) -> None:
    slide = make(f"shape-{columns}-{rows}", painter="tissue", size=1024 if max(columns, rows) <= 1024 else 4096)
    put(slide, extras.cropped(slide, columns, rows)[:levels])
    reader.arrive(link(slide))
    reader.wait_for_tiles()
    power = reader.page.get_by_role("status", name="Magnification")
    box = reader.page.locator(".viewport").bounding_box()
    assert box is not None
    whole = 20 / max(columns / box["width"], rows / box["height"])

    expect(power).to_have_text(f"{whole:.1f}\u00d7" if whole < 10 else f"{round(whole)}\u00d7")
    for _ in range(8):
        reader.page.keyboard.press("+")
    expect(power).to_have_text("20\u00d7")
    reader.page.mouse.move(700, 400)
    reader.page.mouse.wheel(0, -5000)
    reader.page.wait_for_timeout(400)
    expect(power).to_have_text("20\u00d7")


def test_a_turned_slide_can_be_turned_back(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["tissue"]))
    reader.wait_for_tiles()
    back = reader.page.get_by_role("button", name="Upright")
    expect(back).to_be_hidden()
    before = reader.screenshot()

    reader.page.get_by_role("button", name="Turn by 90 degrees").click()
    assert reader.sees(lambda: difference(reader.screenshot(), before) > 3)
    back.click()

    expect(back).to_be_hidden()
    assert reader.sees(lambda: difference(reader.screenshot(), before) < 1)


def test_points_are_drawn(reader: Reader, put: Put) -> None:
    slide = make("points", size=1024)

    put(slide, [*(one.data for one in slide), extras.points(slide)])
    reader.arrive(link(slide))
    reader.wait_for_tiles()
    plain = reader.screenshot()

    reader.page.get_by_role("checkbox", name="Tumour (400 points)").check()

    assert reader.sees(lambda: difference(reader.screenshot(), plain) > 0.1)


def test_annotations_that_the_store_leaves_out_are_said_not_to_be_shown(reader: Reader, put: Put) -> None:
    slide = make("large-annotation", size=512)
    put(slide, [*(one.data for one in slide), extras.annotation(slide)])

    reader.page.route("**/metadata", extras.metadata_without("006A0002"))  # as Google does above 1 MiB
    reader.arrive(link(slide))

    expect(reader.page.get_by_text("too many for the store to list: they are not shown")).to_be_visible()


def test_a_dim_slide_of_sixteen_bits_is_seen(reader: Reader, put: Put) -> None:
    slide = make("dim", size=512)

    put(slide, [extras.dimmed(level) for level in slide])
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    def brightest() -> float:
        box = reader.page.locator(".viewport").bounding_box()
        assert box is not None
        side, x, y = box["height"] / 4, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        middle = reader.screenshot().crop((int(x - side), int(y - side), int(x + side), int(y + side)))
        return float(np.percentile(np.asarray(middle.convert("L")), 95))

    assert reader.sees(lambda: brightest() > 80), brightest()
    slider = reader.page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-label", "Brightest value of Channel 0")
    reader.page.get_by_role("checkbox", name="Channel 0").uncheck()
    hidden = reader.screenshot()
    slider.press("ArrowLeft")
    reader.page.wait_for_timeout(300)
    # Another brightness does not switch the channel on again.
    assert difference(reader.screenshot(), hidden) < 1


def test_a_colour_profile_that_is_lost_is_told(reader: Reader, slides: Slides) -> None:
    reader.expected += ["404", "ICC"]
    reader.page.route(
        "**/bulkdata/**",
        lambda route: route.fulfill(status=404, headers={"Access-Control-Allow-Origin": "*"}, body="{}"),
    )

    reader.arrive(link(slides["tissue"]))

    expect(reader.failure().filter(visible=True)).to_contain_text("colour profile could not be read")


def test_annotations_that_cannot_be_fetched_are_said_not_to_be_drawn(reader: Reader, put: Put) -> None:
    slide = make("unfetched", size=512)
    put(slide, [*(one.data for one in slide), extras.points(slide)])
    reader.expected += ["404", "annotation"]
    refusal = {"status": 404, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "{}"}
    reader.page.route(f"**/{slide[0].series}.3/**/bulkdata/**", lambda route: route.fulfill(**refusal))  # type: ignore[arg-type]
    reader.arrive(link(slide))
    reader.wait_for_tiles()

    reader.page.get_by_role("checkbox", name="Tumour (400 points)").check()

    expect(reader.failure().filter(visible=True)).to_contain_text("Annotations could not be read")


def test_a_page_that_cannot_start_says_so(reader: Reader) -> None:
    reader.expected += ["Failed to load", "ERR_FAILED"]
    reader.page.route("**/app.js", lambda route: route.abort())

    reader.open()

    expect(reader.page.get_by_text("use a current version of Chrome")).to_be_visible()
    assert reader.sees(lambda: reader.page.locator(".late").evaluate("(text) => getComputedStyle(text).opacity") == "1")


def test_what_an_old_browser_lacks_is_not_called_a_fault_of_the_installation(reader: Reader) -> None:
    reader.page.add_init_script("delete Crypto.prototype.randomUUID")

    reader.open()

    expect(reader.failure()).to_contain_text("with a current version of your browser")
    expect(reader.failure()).to_contain_text("randomUUID is not a function")


def test_without_webgl_it_is_said(stranger: Reader, slides: Slides) -> None:
    stranger.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")

    stranger.arrive(link(slides["tissue"]))

    expect(stranger.failure()).to_contain_text("drawn by WebGL, and this browser has none")
    assert stranger.sent("/frames/") == []


def test_who_signs_out_and_stays_sees_nothing_of_what_was_open(reader: Reader, slides: Slides) -> None:
    reader.sign_in(link(slides["tissue"]))
    reader.wait_for_tiles()
    # 204: the browser stays where it is.
    reader.page.route("**/Logout?*", lambda route: route.fulfill(status=204))

    reader.page.get_by_role("button", name="Sign out").click()

    expect(reader.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(reader.page.get_by_text("SMOKE")).to_have_count(0)
    expect(reader.page.get_by_role("button", name="Sign out")).to_have_count(0)


def test_the_way_back_stays_on_a_narrow_screen(reader: Reader, slides: Slides) -> None:
    reader.page.set_viewport_size({"width": 640, "height": 800})
    reader.arrive(link(slides["tissue"]))

    expect(reader.page.get_by_role("link", name="Studies", exact=True)).to_be_visible()


def test_a_slide_that_loads_says_so(reader: Reader, slides: Slides) -> None:
    held: list[Any] = []
    reader.page.route("**/frames/**", lambda route: held.append(route))

    reader.arrive(link(slides["tissue"]))

    expect(reader.page.get_by_text("Loading…", exact=True)).to_be_visible()
    for route in held:
        route.continue_()
    reader.page.unroute("**/frames/**")
    reader.wait_for_tiles()
    expect(reader.page.get_by_text("Loading…", exact=True)).to_be_hidden()


def test_the_overview_is_turned_as_the_slide_is(reader: Reader, put: Put) -> None:
    slide = make("overview", size=512)
    put(slide, [*(one.data for one in slide), extras.overview(slide)])
    reader.arrive(link(slide))
    reader.wait_for_tiles()
    reader.page.get_by_role("button", name="Overview", exact=True).click()
    picture = reader.page.get_by_role("dialog").get_by_role("img")
    expect(picture).to_be_visible()

    shown = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("L").resize((32, 32))).astype(float)

    stored = np.asarray(Image.fromarray(extras.parse(slide[-1]).pixel_array).convert("L").resize((32, 32))).astype(
        float
    )
    turns = {turn: float(np.abs(shown - np.rot90(stored, turn)).mean()) for turn in range(4)}
    assert min(turns, key=turns.__getitem__) == 2, turns
