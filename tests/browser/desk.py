"""The list of what a pathologist does: a person before either viewer, and how a test says which line of it it is.

A test of the list is marked `capability(name)`. `cannot(why)` ends one whose viewer says that it cannot: that is no
failure; it is recorded. What a version of SLIM may lack is marked `may_lack`: that it failed is recorded likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageStat

from smoke_tests.slide import Instance
from tests.browser.reader import Reader
from tests.localcloud.hosting.platform import READER

BOTH = pytest.mark.parametrize("app", [pytest.param("slim", marks=pytest.mark.slim), "lite"])
CORS = {"Access-Control-Allow-Origin": "*"}
HEADINGS = {"Gland": "Segmentations", "Heat": "Parametric Maps"}
"""Of SLIM's menu that has the switch of this name."""


def cannot(why: str) -> NoReturn:
    pytest.xfail(why)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of all channels, 0 to 255."""
    return float(np.mean(ImageStat.Stat(ImageChops.difference(one, other)).mean))


@dataclass
class Desk:
    """A person before one of the viewers."""

    app: str
    person: Reader

    def sign_in(self, path: str = "/", email: str = READER) -> None:
        self.person.open(path)
        self.person.page.get_by_role("link", name=email).click()

    def open(self, slide: list[Instance]) -> None:
        self.sign_in(f"/studies/{slide[0].study}")
        self.see_tiles(slide)

    @property
    def lite(self) -> bool:
        return self.app == "lite"

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

    def has_drawn(self) -> bool:
        """Whether the middle of the slide is more than a plain colour."""
        x, y = self.middle()
        middle = self.person.screenshot().crop((int(x - 150), int(y - 150), int(x + 150), int(y + 150)))
        return float(np.asarray(middle).std()) > 5

    def wheel(self, steps: int) -> None:
        self.person.page.mouse.move(*self.middle())
        for _ in range(steps):
            self.person.page.mouse.wheel(0, -400)
            self.person.page.wait_for_timeout(300)

    def show(self, title: str) -> None:
        """Switch on a group of annotations or a segment."""
        if self.lite:
            self.person.page.get_by_role("checkbox", name=title).check()
            return
        heading = HEADINGS.get(title, "Annotation Groups")
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
