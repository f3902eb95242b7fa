"""Navigation to the last tile of the first view: the lite page against a page that is the engine and nothing else.

Both are opened by one Chromium in fresh profiles, signed in already, from the same files, store and origins, in turns.
The engine's page has a window of the size of the lite page's viewport, so that both ask for the same tiles. Then what
the two origins cost: the lite page against itself on the store's own origin.

    python -m benchmarks.viewer [--runs 7] [--size 8192]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.viewer_server import Served, served
from ops.viewer.screenshot import FLAGS

GOAL = 1.2
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
QUIET = "tiles.started && tiles.ended >= tiles.started && performance.now() - tiles.last > 800"


@dataclass(frozen=True)
class Visit:
    """`seconds` from navigation to the last tile; what the store and the site were asked meanwhile."""

    seconds: float
    tiles: frozenset[str]
    viewport: ViewportSize
    preflights: int
    gets: int
    preflights_of_reload: int


def visit(browser: Browser, cloud: Served, page: str, latency: float, window: ViewportSize = WINDOW) -> Visit:
    """One navigation in a fresh profile, and a reload after it."""
    address = cloud.answer_from(page, latency)
    context = browser.new_context(viewport=window)
    try:
        shown = context.new_page()
        shown.add_init_script(WATCH % cloud.token)
        shown.goto(address, wait_until="commit")
        tiles = all_tiles(shown)
        preflights, gets = cloud.seen("OPTIONS"), cloud.seen("GET")
        box = shown.locator("#box, .viewport").bounding_box()
        assert box is not None
        size: ViewportSize = {"width": int(box["width"]), "height": int(box["height"])}
        shown.reload(wait_until="commit")
        all_tiles(shown)
        again = cloud.seen("OPTIONS") - preflights
        return Visit(tiles["last"] / 1000, frozenset(tiles["names"]), size, preflights, gets, again)
    finally:
        context.close()


def all_tiles(page: Page) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while not page.evaluate(QUIET):
        assert time.monotonic() < deadline, f"the tiles do not end: {page.evaluate('tiles')}"
        page.wait_for_timeout(100)
    tiles = page.evaluate("tiles")
    assert not tiles["failed"], f"{tiles['failed']} tiles failed"
    return tiles


def compare(browser: Browser, cloud: Served, runs: int, latency: float) -> tuple[float, float]:
    """Median ratio of lite page to engine page, and of two origins to one."""
    size = visit(browser, cloud, "lite", latency).viewport  # connections and caches of the servers
    visits: dict[str, list[Visit]] = {"lite": [], "engine": [], "one": []}
    for _ in range(runs):
        for page, seen in visits.items():
            seen.append(visit(browser, cloud, page, latency, size if page == "engine" else WINDOW))
    assert len({one.tiles for seen in visits.values() for one in seen}) == 1, "the pages asked for different tiles"

    def median(page: str, of: Callable[[Visit], float]) -> float:
        return statistics.median(of(one) for one in visits[page])

    def ratio(page: str, peer: str) -> float:
        pairs = zip(visits[page], visits[peer], strict=True)
        return statistics.median(one.seconds / other.seconds for one, other in pairs)

    to_engine, to_one = ratio("lite", "engine"), ratio("lite", "one")
    print(f"{latency * 1000:.0f} ms added to each answer, {len(visits['lite'][0].tiles)} tiles, medians of {runs}:")
    for page in visits:
        numbers = [
            median(page, of) for of in (lambda v: v.gets, lambda v: v.preflights, lambda v: v.preflights_of_reload)
        ]
        told = "{:.0f} GETs, {:.0f} preflights, {:.0f} more when reloaded".format(*numbers)
        print(f"  {page:6} {median(page, lambda v: v.seconds):5.2f} s, {told}")
    print(f"  lite page to engine page: {to_engine:.2f} (goal: {GOAL}); two origins to one: {to_one:.2f}")
    return to_engine, to_one


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of each page at each latency")
    parser.add_argument("--size", type=int, default=8192, help="of the slide, in pixels")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("viewer: Chromium is not installed; run: apt-get install chromium", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), given.size) as cloud,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        ratios = [compare(browser, cloud, given.runs, latency)[0] for latency in LATENCIES]
        browser.close()
    return 0 if max(ratios) <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
