"""Slides of the chain in one cloud: stored, changed, prepared by the job, and opened in the page level by level."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray
from PIL import Image

from tests.browser.channels import brightened, composite
from tests.browser.reader import Reader
from tests.browser.viewers_store import with_viewers_store
from tests.jobs.chain.cases import ChainCase
from tests.jobs.chain.slides import ChainSlide
from tests.jobs.test_main import start
from tests.localcloud.hosting.platform import Platform, platform

PART = 64
"""Pixels a side of what must show the scene."""
BLOCK = 8
"""Pixels a side that are averaged before they are compared."""
FAR_OFF = 14
"""Mean difference of a part, of 255, that compression and scaling do not explain."""
LEAST_SHOWN = 24
"""Pixels of a part at the edge that are enough to tell it by."""
PATIENCE = 900
HOOK = """
let engine;
Object.defineProperty(window, 'dicomMicroscopyViewer', {
  configurable: true,
  get: () => engine,
  set: (given) => {
    class Kept extends given.viewer.VolumeImageViewer {
      constructor(...options) { super(...options); window.opened = this; }
    }
    engine = { ...given, viewer: { ...given.viewer, VolumeImageViewer: Kept } };
  },
});
addEventListener('DOMContentLoaded', () => {
  const style = document.createElement('style');
  style.textContent = '.tools, .ol-overlaycontainer-stopevent { display: none !important; }';
  document.head.append(style);
});
"""
GO = """(path) => {
  window.opened = undefined;
  document.getElementById('view').replaceChildren();
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}"""
"""To another slide as a reader goes there: the page and its engine stay. What the last slide left is taken away."""
OPENED = """() => document.querySelector('[role=alert]:not([hidden])')
  || (window.opened && document.querySelector('.viewport[aria-busy=false]'))"""
SHOW = """([resolution]) => new Promise((resolve) => {
  const map = window.opened.getMap();
  const view = map.getView();
  const [left, bottom, right, top] = view.getProjection().getExtent();
  const place = map.getTargetElement();
  // The view goes no farther out than the whole slide, and no slide gets smaller than 256 pixels.
  const shown = Math.min(resolution, Math.max(right - left, top - bottom) / 256);
  Object.assign(place.style, {
    position: 'absolute', width: `${(right - left) / shown}px`, height: `${(top - bottom) / shown}px`,
  });
  map.updateSize();
  view.setRotation(0);
  view.setCenter([(left + right) / 2, (bottom + top) / 2]);
  view.setResolution(shown);
  for (const layer of map.getAllLayers()) {
    const grid = layer.getSource()?.getTileGrid?.();
    if (!grid) continue;
    // Of the levels, the one that is looked at: finer ones are not asked for.
    const far = (level) => Math.abs(Math.log(grid.getResolution(level) / resolution));
    const levels = grid.getResolutions().map((_, level) => level);
    grid.maxZoom = levels.reduce((best, level) => (far(level) < far(best) ? level : best));
    layer.changed();
  }
  map.once('rendercomplete', () => {
    const corner = map.getPixelFromCoordinate([left, top]);
    const box = place.getBoundingClientRect();
    resolve([view.getResolution(), box.left + corner[0], box.top + corner[1], right - left, top - bottom]);
  });
  map.render();
})"""


@dataclass(frozen=True)
class Chain:
    """`viewers` is a released page on the store that viewers read."""

    raw: Platform
    viewers: Platform


@contextlib.contextmanager
def chain(folder: Path) -> Generator[Chain]:
    with platform(folder) as raw:
        yield Chain(raw, with_viewers_store(raw))


def send(made: Chain, slide: ChainSlide) -> list[str]:
    """What the store refuses is not in it: then the slide lacks it. Gives what it says of those."""
    answers = [
        requests.post(
            f"{made.raw.dicomweb()}/studies",
            data=instance.file(),
            headers={"Authorization": f"Bearer {made.raw.token()}", "Content-Type": "application/dicom"},
            timeout=60,
        )
        for instance in slide.instances
    ]
    return [answer.text for answer in answers if not answer.ok]


def prepare(made: Chain, studies: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """What the job says of the series of each study."""
    root = made.raw.dicomweb("viewers")
    process = start(made.raw.cloud, "--json", "--study", *studies, VIEWER_DICOMWEB_ROOT=root)
    try:
        said, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert said, errors
    told: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(said)["series"]:
        told.setdefault(one["study"], []).append(one)
    return told


def happen(made: Chain, case: ChainCase) -> None:
    """What happens to the raw store between two runs."""
    study = f"{made.raw.dicomweb()}/studies/{case.slide.study}"
    if case.later == "instance deleted":
        one = case.slide.instances[-1].attributes
        path = f"{study}/series/{one.SeriesInstanceUID}/instances/{one.SOPInstanceUID}"
        _delete(made, path)
    elif case.later != "nothing":
        _delete(made, study)
    if case.again is not None:
        assert not send(made, case.again)


def _delete(made: Chain, url: str) -> None:
    answer = requests.delete(url, headers={"Authorization": f"Bearer {made.raw.token()}"}, timeout=60)
    assert answer.ok or answer.status_code == 404, answer.text
    while answer.ok and answer.content and not (operation := answer.json()).get("done"):
        address = made.raw.cloud.endpoint("healthcare.googleapis.com") + f"v1/{operation['name']}"
        answer = requests.get(address, headers={"Authorization": f"Bearer {made.raw.token()}"}, timeout=60)


def instances(made: Chain, study: str, store: str = "viewers") -> list[dict[str, Any]]:
    """Of the study, in a store."""
    answer = requests.get(
        f"{made.raw.dicomweb(store)}/studies/{study}/instances",
        headers={"Authorization": f"Bearer {made.raw.token()}", "Accept": "application/dicom+json"},
        params={"includefield": ["00480006", "00480007", "00080008"]},
        timeout=60,
    )
    return answer.json() if answer.status_code == 200 else []


def sentences(report: dict[str, Any]) -> str:
    """All that the job says of a series."""
    document = report.get("report") or {}
    found = [one["sentence"] for one in (*document.get("findings", ()), *document.get("mended", ()))]
    plan = document.get("plan") or {}
    return " ".join([report.get("reason") or "", str(plan.get("sentence", "")), *found])


def what_is_wrong(
    reader: Reader, slide: ChainSlide, study: str, series: str, sizes: list[tuple[int, int]]
) -> list[str]:
    """Parts of levels that do not show the scene, as the page draws them; `sizes` are those of the levels."""
    reader.requests.clear()
    reader.errors.clear()
    reader.page.evaluate(GO, f"/studies/{study}/series/{series}")
    reader.page.wait_for_function(OPENED, polling=20)
    if reader.failure().count():
        return [f"the page says: {reader.failure().first.inner_text()}"]
    base = max(size[0] for size in sizes)
    wrong: list[str] = []
    for level in sorted(set(sizes), reverse=True):
        found = _settled(reader, partial(_wrong_parts, reader, slide, level, base))
        wrong += [f"level of {level[0]} x {level[1]}: {one}" for one in found[:3]]
    return wrong + [error for error in reader.errors if "favicon" not in error]


def _settled(reader: Reader, look: Callable[[], list[str]]) -> list[str]:
    """What is still wrong when tiles have had time to come."""
    found: list[str] = []

    def right() -> bool:
        found[:] = look()
        return not found

    reader.sees(right, patience=4)
    return found


def _wrong_parts(reader: Reader, slide: ChainSlide, level: tuple[int, int], base: int) -> list[str]:
    """Of a level of this size, in its own pixels."""
    shown, left, top, wide, high = reader.page.evaluate(SHOW, [base / level[0]])
    box = (left, top, left + wide / shown, top + high / shown)
    seen = np.asarray(reader.screenshot().resize(level, Image.Resampling.BOX, box)).astype(float)
    drawn = _expected(slide, level)
    if slide.channels:
        drawn = brightened(drawn, seen)
    wrong: list[str] = []
    for y in range(0, level[1], PART):
        for x in range(0, level[0], PART):
            if min(level[1] - y, level[0] - x) < LEAST_SHOWN:
                continue
            one, other = (_blocks(image[y : y + PART, x : x + PART]) for image in (seen, drawn))
            far = float(np.abs(one - other).mean())
            if far > FAR_OFF:
                wrong.append(f"the part at {x}, {y} differs by {far:.0f}")
    return wrong


def _blocks(part: NDArray[Any]) -> NDArray[Any]:
    high, wide = (edge // BLOCK * BLOCK for edge in part.shape[:2])
    return part[:high, :wide].reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK, 3).mean(axis=(1, 3))


def _expected(slide: ChainSlide, size: tuple[int, int]) -> NDArray[Any]:
    if not slide.channels:
        return slide.scene.draw(*size).astype(float)
    return composite([slide.scene.draw(*size, 1, path) for path in range(slide.channels)])
