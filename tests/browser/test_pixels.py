"""The right tiles in the right places at three zooms, and the proof that wrong ones would be seen."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Route

from smoke_tests.slide import Instance
from smoke_tests.slide.grid import run_number
from tests.browser.pixels import View, view, wrong_tiles
from tests.browser.reader import Reader
from tests.browser.test_viewer import link

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]
ZOOMS = {0: 1, 1: 1, 2: 0}
"""Steps from the whole slide → the level that the engine draws there, for a slide of 2048 pixels on 1280 x 800."""


def looks(reader: Reader, slides: Slides, zoom: int) -> list[str]:
    """What is wrong `zoom` steps in from the whole slide."""
    for _ in range(zoom):
        reader.page.get_by_role("button", name="Zoom in").click()
    found: list[str] = []

    def right() -> bool:
        found[:] = wrong(reader, slides, view(reader, slides["grid"], zoom), ZOOMS[zoom])
        return not found

    reader.sees(right, patience=6)
    return found


@pytest.mark.parametrize("zoom", ZOOMS)
def test_every_tile_in_view_is_the_right_one_in_its_place(reader: Reader, slides: Slides, zoom: int) -> None:
    reader.arrive(link(slides["grid"]))
    reader.wait_for_tiles()

    assert looks(reader, slides, zoom) == []


@pytest.mark.parametrize(("key", "way"), [("ArrowRight", 1), ("ArrowLeft", -1)])
def test_panning_brings_the_tiles_beside(reader: Reader, slides: Slides, key: str, way: int) -> None:
    reader.arrive(link(slides["grid"]))
    reader.wait_for_tiles()
    assert looks(reader, slides, 2) == []
    before = view(reader, slides["grid"], 2)

    reader.page.locator(".viewport").press(key)

    # A key moves by a quarter of the viewport.
    beside = before.panned(way * (before.seen[2] - before.seen[0]) / 4)
    assert reader.sees(lambda: wrong(reader, slides, beside) == []), wrong(reader, slides, beside)
    assert wrong(reader, slides, before) != []


def wrong(reader: Reader, slides: Slides, where: View, level: int = 0) -> list[str]:
    """What is wrong now."""
    reader.wait_for_tiles()
    return wrong_tiles(reader.screenshot(), where, slides["grid"], "grid", slides["grid"][level])


def swapped(route: Route, slides: Slides) -> None:
    """Frames 6 and 7 in each other's place."""
    url = route.request.url
    route.continue_(url=re.sub(r"/frames/([67])$", lambda found: f"/frames/{13 - int(found[1])}", url))


def moved(route: Route, slides: Slides) -> None:
    """Every frame one further."""
    route.continue_(url=re.sub(r"/frames/(\d+)$", lambda found: f"/frames/{int(found[1]) % 16 + 1}", route.request.url))


def of_another_slide(route: Route, slides: Slides) -> None:
    url = route.request.url
    for ours, other in zip(slides["grid"], slides["second-grid"], strict=True):
        for mine, yours in ((ours.study, other.study), (ours.series, other.series), (ours.uid, other.uid)):
            url = url.replace(mine, yours)
    route.continue_(url=url)


def redrawn(route: Route, change: str) -> None:
    """The frame with its pixels mirrored, or in stripes."""
    answer = route.fetch()
    body = answer.body()
    start, end = body.index(b"\xff\xd8\xff"), body.rindex(b"\xff\xd9") + 2
    picture = Image.open(io.BytesIO(body[start:end])).convert("RGB")
    if change == "mirrored":
        picture = ImageOps.mirror(picture)
    else:
        # Below the mark, so that only the tissue's pixels can tell.
        picture.paste((90, 90, 90), (0, 32, 256, 128))
        picture.paste((200, 200, 200), (0, 128, 256, 224))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    route.fulfill(response=answer, body=body[:start] + out.getvalue() + body[end:])


INJECTED = {
    "swapped": (swapped, r"row 1 column ([12]) .* shows Mark\(level=1, row=1, column=(?!\1)[12], "),
    "moved": (moved, r"column (\d) .* shows Mark\(level=1, row=\d, column=(?!\1)\d, "),
    "another slide": (of_another_slide, rf"shows Mark\(level=1, .*={run_number('second-grid')}\)"),
    "mirrored": (lambda route, slides: redrawn(route, "mirrored"), "shows None"),
    "stripes": (lambda route, slides: redrawn(route, "stripes"), r"differs by \d+"),
}
"""What is done to the frames of level 1, and what is then said of each tile that is wrong."""


@pytest.mark.parametrize("injected", INJECTED)
def test_wrong_tiles_would_be_seen(reader: Reader, slides: Slides, injected: str) -> None:
    inject_into, telling = INJECTED[injected]
    said: list[str] = []

    def inject(route: Route) -> None:
        if route.request.method == "OPTIONS":
            route.fallback()
        else:
            inject_into(route, slides)

    reader.page.route(f"**/{slides['grid'][1].uid}/frames/*", inject)
    reader.arrive(link(slides["grid"]))
    reader.wait_for_tiles()
    where = view(reader, slides["grid"], 0)

    def as_injected() -> bool:
        said[:] = wrong(reader, slides, where, 1)
        return len(said) >= 2 and all(re.search(telling, one) for one in said)

    assert reader.sees(as_injected), said
    if injected == "mirrored":  # An empty view has no marks either.
        grid = slides["grid"]
        assert wrong_tiles(reader.screenshot(), where, grid, "grid", grid[1], mirrored=True) == []
