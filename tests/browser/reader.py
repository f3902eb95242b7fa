"""What a person does in the viewer, and what the browser noticed meanwhile."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import CDPSession, ConsoleMessage, Locator, Page, Request

from tests.localcloud.hosting.platform import READER, Platform

WATCH_POLICY = """
window.violations = [];
addEventListener('securitypolicyviolation',
  (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
LEFT_BEHIND = """async () => [
  await caches.keys(), (await indexedDB.databases()).map(({ name }) => name),
  (await navigator.serviceWorker.getRegistrations()).length,
]"""
HOUR = 3600_000
DOORSTEP = "/doorstep"
"""A page of the site's origin that asks for nothing, answered by the browser's side alone."""
EMPTY = '<!doctype html><link rel="icon" href="data:,">'


class Reader:
    """One page of one browser profile. `expected` console errors are parts of texts that a test provokes."""

    def __init__(self, page: Page, served: Platform) -> None:
        self.page = page
        self.served = served
        self.expected: list[str] = []
        self.errors: list[str] = []
        self.requests: list[Request] = []
        self._devtools: CDPSession | None = None
        page.add_init_script(WATCH_POLICY)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location}")

    def open(self, path: str = "/") -> None:
        self.page.goto(self.served.url + path)

    def sign_in(self, path: str = "/", email: str = READER) -> None:
        self.open(path)
        self.page.get_by_role("link", name=email).click()
        self.page.get_by_role("button", name="Sign out").wait_for()

    def arrive(self, path: str = "/", email: str = READER, site: str = "") -> None:
        """At a path of a site, signed in to this tab before: without the way through the provider and back."""
        url = site or self.served.url
        session = {"token": self.served.token(email), "expires": time.time() * 1000 + HOUR, "email": email}
        self.page.route(url + DOORSTEP, lambda route: route.fulfill(content_type="text/html", body=EMPTY))
        self.page.goto(url + DOORSTEP)
        self.page.evaluate("(session) => { sessionStorage.session = session; }", json.dumps(session))
        self.page.unroute(url + DOORSTEP)
        self.page.goto(url + path)
        self.page.get_by_role("button", name="Sign out").wait_for()

    def failure(self) -> Locator:
        return self.page.get_by_role("alert")

    def wait_for_tiles(self) -> None:
        """Until the engine has drawn all that it wants for the present view."""
        self.page.locator(".viewport[aria-busy=false]").wait_for()

    def sees(self, what: Callable[[], bool], patience: float = 15) -> bool:
        """Whether it becomes true in the next seconds."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if what():
                return True
            self.page.wait_for_timeout(50)
        return what()

    def screenshot(self) -> Image.Image:
        """What the page shows now. Asked of the browser itself: for Playwright it packs the PNG as small as it can."""
        self._devtools = self._devtools or self.page.context.new_cdp_session(self.page)
        answer = self._devtools.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
        return Image.open(io.BytesIO(base64.b64decode(answer["data"]))).convert("RGB")

    def sent(self, part: str, method: str = "GET") -> list[Request]:
        return [request for request in self.requests if part in request.url and request.method == method]

    def violations(self) -> list[str]:
        return self.page.evaluate("window.violations ?? []")

    def saw_nothing_wrong(self) -> None:
        surprising = [error for error in self.errors if not any(part in error for part in self.expected)]
        assert surprising == [], surprising
        assert self.violations() == []

    def left_behind(self) -> list[Any]:
        """What the site keeps in this profile: caches, databases, the number of service workers."""
        return self.page.evaluate(LEFT_BEHIND)

    def storage(self) -> dict[str, Any]:
        return self.page.evaluate("({...sessionStorage, ...localStorage})")
