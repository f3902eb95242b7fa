"""Navigation to the last tile of the first view: the viewers against a page that is the engine and nothing else.

All are opened by one Chromium with an empty cache, signed in already, from the same store and origins, in turns. The
engine's page has a window of the size of the lite page's viewport, so that both ask for the same tiles. Then what the
two origins cost (the lite page against itself on the store's own origin), and how long another slide of a study takes.

    python -m benchmarks.viewer [--runs 7] [--size 8192] [--slim slim-TAG.zip] [--seadragon openseadragon.min.js]

SLIM and OpenSeadragon are compared where they are at hand; they have tiles of their own choice, so no goal.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, ViewportSize, sync_playwright

from benchmarks.viewer_server import Peers, Served, serve
from ops.viewer.screenshot import CHROMIUM_FLAGS
from smoke_tests.sign_in import SmokeSignIn

GOAL = 1.2
CHANGE_GOAL = 0.6
"""Seconds to the last tile of another slide of the study, without latency."""
LATENCIES = (0.0, 0.04)
WINDOW: ViewportSize = {"width": 1280, "height": 800}
WATCH = """
sessionStorage.session = JSON.stringify({token: '%s', expires: Date.now() + 3600000, email: 'reader@example.org'});
window.tiles = {started: 0, ended: 0, failed: 0, last: 0, names: []};
const on = (event, act) => document.addEventListener(`dicommicroscopyviewer_frame_loading_${event}`, act, true);
on('started', ({detail: {payload}}) => {
  tiles.started += 1;
  tiles.names.push(`${payload.sopInstanceUID}/${payload.frameNumber}`);
});
on('ended', () => { tiles.ended += 1; tiles.last = performance.now(); });
on('error', () => { tiles.failed += 1; });
"""
QUIET = "window.tiles?.started && tiles.ended >= tiles.started && performance.now() - tiles.last > 800"
CHANGE = """async (series) => {
  await window.prepareChange?.(series);
  tiles.started = tiles.ended = 0;
  window.clicked = performance.now();
  if (window.change) window.change();
  else document.querySelector(`.slides a[href$="${series}"]`).click();
}"""
"""To the study's other slide: by a click on the lite page; on the engine's by its own means, its metadata known."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Seconds from navigation to the last tile, and from asking for the study's other slide to its last tile (0
    where that was not tried); what the store and the site were asked until the first."""

    seconds: float
    change: float
    tiles: frozenset[str]
    viewport: ViewportSize
    preflights: int
    gets: int
    megabytes: float
    preflights_of_reload: int


def visit(browser: Browser, cloud: Served, page: str, latency: float, window: ViewportSize = WINDOW) -> Visit:
    """One navigation with an empty cache; on the lite page another slide, then a reload."""
    address = cloud.answer_from(page, latency)
    context = browser.new_context(viewport=window)
    try:
        shown = context.new_page()
        shown.add_init_script(WATCH % cloud.token)
        if page == "slim":
            sign_in(shown, cloud, address)
        shown.goto(address, wait_until="commit")
        tiles = all_tiles(shown)
        seen = [cloud.count_requests(what) for what in ("OPTIONS", "GET", "bytes")]
        box = shown.locator("#box, .viewport, .ol-viewport").first.bounding_box()
        assert box is not None
        size: ViewportSize = {"width": int(box["width"]), "height": int(box["height"])}
        change = 0.0
        if page in ("lite", "engine"):
            shown.evaluate(CHANGE, cloud.series[1])
            change = (all_tiles(shown)["last"] - shown.evaluate("clicked")) / 1000
            shown.goto(address, wait_until="commit")
            all_tiles(shown)
        before = cloud.count_requests("OPTIONS")
        shown.reload(wait_until="commit")
        all_tiles(shown)
        return Visit(
            seconds=tiles["last"] / 1000, change=change, tiles=frozenset(tiles["names"]), viewport=size,
            preflights=seen[0], gets=seen[1], megabytes=seen[2] / 1e6,
            preflights_of_reload=cloud.count_requests("OPTIONS") - before,
        )  # fmt: skip
    finally:
        context.close()


def sign_in(page: Page, cloud: Served, address: str) -> None:
    """SLIM keeps its sign-in in the tab; what it fetched meanwhile is forgotten."""
    authority = f"{cloud.origins['store'].url}/accounts.google.com"
    page.context.route(f"{authority}/**", SmokeSignIn(authority, "reader@example.org", cloud.token).answer)
    page.goto(address)
    all_tiles(page)
    page.context.unroute_all()
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    for origin in cloud.origins.values():
        origin.seen.clear()


def all_tiles(page: Page) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    quiet = False
    while not quiet:
        assert time.monotonic() < deadline, "the tiles do not end"
        page.wait_for_timeout(100)
        with contextlib.suppress(Error):  # the page is on its way to or from the sign-in
            quiet = page.evaluate(QUIET)
    tiles = page.evaluate("tiles")
    assert not tiles["failed"], f"{tiles['failed']} tiles failed"
    return tiles


def compare(browser: Browser, cloud: Served, runs: int, latency: float) -> tuple[float, float]:
    """Median ratio of lite page to engine page, and median seconds of a change of slide."""
    size = visit(browser, cloud, "lite", latency).viewport  # connections and caches of the servers
    visits: dict[str, list[Visit]] = {page: [] for page in cloud.origins if page != "store"}
    for _ in range(runs):
        for page, seen in visits.items():
            alone = page in ("engine", "seadragon")
            seen.append(visit(browser, cloud, page, latency, size if alone else WINDOW))
    same = {visit.tiles for page in ("lite", "engine", "one") for visit in visits[page]}
    assert len(same) == 1, "the pages asked for different tiles"

    def median(page: str, of: Callable[[Visit], float]) -> float:
        return statistics.median(of(visit) for visit in visits[page])

    def ratio(page: str, peer: str) -> float:
        pairs = zip(visits[page], visits[peer], strict=True)
        return statistics.median(one.seconds / other.seconds for one, other in pairs)

    print(f"{latency * 1000:.0f} ms added to each answer, medians of {runs}:")
    for page, seen in visits.items():
        print(
            f"  {page:9} {median(page, lambda v: v.seconds):5.2f} s, {len(seen[0].tiles)} tiles, "
            f"{median(page, lambda v: v.gets):.0f} GETs, {median(page, lambda v: v.megabytes):.1f} MB, "
            f"{median(page, lambda v: v.preflights):.0f} preflights, "
            f"{median(page, lambda v: v.preflights_of_reload):.0f} more when reloaded"
        )
    change, alone = (median(page, lambda v: v.change) for page in ("lite", "engine"))
    goal = "" if latency else f" (goal: {CHANGE_GOAL})"
    print(f"  another slide of the study: lite {change:.2f} s{goal}, engine {alone:.2f} s")
    others = "".join(f"; {page} {ratio(page, 'engine'):.2f}" for page in visits if page in ("slim", "seadragon"))
    to_engine = ratio("lite", "engine")
    print(f"  to the engine's page: lite {to_engine:.2f} (goal: {GOAL}){others}")
    print(f"  two origins to one: {ratio('lite', 'one'):.2f}")
    return to_engine, change


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of each page at each latency")
    parser.add_argument("--size", type=int, default=8192, help="of the slides, in pixels")
    parser.add_argument("--slim", type=Path, help="SLIM's archive, got by hand")
    parser.add_argument("--seadragon", type=Path, help="OpenSeadragon's script, got by hand")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("viewer: Chromium is not installed; run: apt-get install chromium", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), given.size, Peers(slim=given.slim, seadragon=given.seadragon)) as cloud,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        comparisons = [compare(browser, cloud, given.runs, latency) for latency in LATENCIES]
        browser.close()
    return 0 if max(ratio for ratio, _ in comparisons) <= GOAL and comparisons[0][1] <= CHANGE_GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
