"""Opens one slide in the released viewer in headless Chromium, as a reader would, and tells what was asked and shown.

A slide of the smoke store is shown by the page that is set up for the viewers' store: inside the browser, requests to
the one are sent to the other. Files, headers, policy and configuration stay as they were released.
"""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from PIL import Image

from smoke_tests.http import redact
from smoke_tests.sign_in import SmokeSignIn

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request, Response, Route

SIZE = (1280, 800)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Chromium as root and without a screen, asking nobody else for anything."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET_SECONDS = 1.0
"""So long without a tile under way means that the view is complete."""


def unavailable() -> str:
    """Why no browser can be opened on this machine; empty when one can."""
    if find_spec("playwright") is None:
        return "the Python package playwright is not installed"
    if not any(map(shutil.which, NAMES)):
        return f"none of {', '.join(NAMES)} is installed"
    return ""


def tile(request: Request) -> str:
    """Which tile is meant, whatever the store: a request that was sent elsewhere ends with another URL."""
    return request.url.partition("/studies/")[2]


@dataclass
class PageView:
    """What happened until the view was complete. Times in seconds from the navigation, which includes signing in."""

    frames: list[str] = field(default_factory=list[str])
    """The tiles asked for, `STUDY/series/…/frames/N`."""
    unfinished: set[str] = field(default_factory=set[str])
    failed: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    """Errors of the page and of its console."""
    first: float = 0.0
    last: float = 0.0
    requests: int = 0
    """All that were sent to the store, without preflights."""
    picture: Image.Image = field(default_factory=lambda: Image.new("RGB", (1, 1)))
    """What the slide's largest canvas shows, RGB."""


@dataclass
class Opening:
    """`page_url` shows a slide of the store at `shown`; the page itself only knows the store at `configured`."""

    page_url: str
    shown: str
    configured: str
    sign_in: SmokeSignIn
    patience: float
    """Seconds until the view must be complete."""
    methods: Collection[str] | None = None
    """The only ones that the page may send; None allows any."""
    records: str = ""
    """Bucket in which the page reads what the job says of a study; of the smoke store's it is told that it is ready."""

    def look(self) -> PageView:
        from playwright.sync_api import sync_playwright

        seen = PageView()
        program = next(filter(None, map(shutil.which, NAMES)), None)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
            try:
                page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce")
                self._listen(page, seen)
                page.route(f"{self.sign_in.authority}/**", self.sign_in.answer)
                if self.shown != self.configured:
                    page.route(f"{self.configured}/**", self._elsewhere)
                    if self.records:
                        page.route(f"{self.records}/o/**", self._ready)
                if self.methods is not None:
                    # The route that was added last is asked first.
                    page.route("**/*", lambda route: self._permit(route, seen))
                self._wait(page, seen)
                seen.picture = self._picture(page)
            finally:
                browser.close()
        return seen

    def _permit(self, route: Route, seen: PageView) -> None:
        method, allowed = route.request.method, self.methods or ()
        if method in allowed:
            route.fallback()
            return
        seen.errors.append(f"{method} {redact(route.request.url)} was not sent: this run only reads")
        route.abort()

    def _elsewhere(self, route: Route) -> None:
        url = route.request.url.replace(self.configured, self.shown)
        if "/frames/" in url:
            route.continue_(url=url)
            return
        answer = route.fetch(url=url)
        if "json" not in answer.headers.get("content-type", ""):
            route.fulfill(response=answer)
            return
        # Links in metadata lead to the store they came from; the page may only ask the one it is set up for.
        route.fulfill(response=answer, body=answer.body().replace(self.shown.encode(), self.configured.encode()))

    def _ready(self, route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "authorization"}
        route.fulfill(json={"status": "ready", "sentence": "", "series": []}, headers=headers)

    def _listen(self, page: Page, seen: PageView) -> None:
        began = time.monotonic()

        def asked(request: Request) -> None:
            if request.url.startswith(f"{self.configured}/") and request.method != "OPTIONS":
                seen.requests += 1
            if "/frames/" in request.url and request.method == "GET":
                seen.frames.append(tile(request))
                seen.unfinished.add(tile(request))

        def ended(request: Request) -> None:
            if tile(request) in seen.unfinished:
                seen.unfinished.discard(tile(request))
                seen.last = time.monotonic() - began
                seen.first = seen.first or seen.last

        def failed(request: Request) -> None:
            ended(request)
            if "/frames/" in request.url:
                seen.failed.append(f"{request.url}: {request.failure}")

        def answered(got: Response) -> None:
            if got.status >= 400:
                seen.failed.append(f"{got.url}: {got.status}")

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                seen.errors.append(redact(message.text))

        page.on("request", asked)
        page.on("requestfinished", ended)
        page.on("requestfailed", failed)
        page.on("response", answered)
        page.on("pageerror", lambda error: seen.errors.append(redact(str(error))))
        page.on("console", said)

    def _wait(self, page: Page, seen: PageView) -> None:
        """Until no tile has been under way for a while, or patience is at its end."""
        page.goto(self.page_url, timeout=self.patience * 1000)
        end = time.monotonic() + self.patience
        quiet_since = time.monotonic()
        while time.monotonic() < end:
            page.wait_for_timeout(50)
            if seen.unfinished or not seen.frames:
                quiet_since = time.monotonic()
            if time.monotonic() - quiet_since >= QUIET_SECONDS:
                return

    def _picture(self, page: Page) -> Image.Image:
        boxes = [box for canvas in page.locator("canvas").all() if (box := canvas.bounding_box())]
        whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        if not boxes:
            return whole
        box = max(boxes, key=lambda one: one["width"] * one["height"])
        left, top = int(box["x"]), int(box["y"])
        return whole.crop((left, top, left + int(box["width"]), top + int(box["height"])))
