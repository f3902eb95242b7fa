"""Every allowance of the Content-Security-Policy is used: without it, the viewer breaks and the browser says so."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.test_structure import Put, put
from tests.localcloud.hosting.platform import READER, Platform
from viewer.build import FileSet
from viewer.headers import SiteContent, page_policy, worker_policy

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SOON_EXPIRED = """
sessionStorage.session = JSON.stringify({...JSON.parse(sessionStorage.session), expires: Date.now() + 5000})
"""
PATIENCE = 12
"""Seconds for one step."""
ROOT, AUTHORITY = "https://store", "https://sign-in"


def allowances(content: SiteContent) -> list[tuple[str, str, str]]:
    """(whose policy, directive, source)"""
    return [
        (whose, name, source)
        for whose, policy in (("page", page_policy(ROOT, AUTHORITY, content)), ("worker", worker_policy()))
        for name, *sources in map(str.split, policy.split("; "))
        for source in sources
        if source != "'none'"
    ]


def without(policy: str, directive: str, source: str) -> str:
    """The policy with one source of one directive taken out."""
    parts = [part.split() for part in policy.split("; ")]
    changed = [
        [name, *([kept for kept in sources if kept != source] or ["'none'"])] if name == directive else [name, *sources]
        for name, *sources in parts
    ]
    assert changed != parts
    return "; ".join(map(" ".join, changed))


class Visit:
    """A fresh profile on one site: sign in, open a slide, renew the sign-in, look again. Ends at a complaint."""

    def __init__(self, browser: Browser, url: str, study: str) -> None:
        self.refused: list[str] = []
        # Its own cache: the next site may get this one's port, and the same files with other headers.
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.page.on("console", lambda message: message.type == "error" and self.refused.append(message.text))
        self.worked = self._open(f"{url}/studies/{study}")
        self.context.close()

    def _open(self, address: str) -> bool:
        self.page.goto(address)
        if not self._appears(self.page.get_by_role("link", name=READER)):
            return False
        self.page.get_by_role("link", name=READER).click()
        if not self._appears(self.page.locator(".viewport[aria-busy=false]")):
            return False
        # OpenLayers draws points in workers of its own.
        self.page.get_by_role("checkbox").check()
        self.page.wait_for_timeout(1000)
        self.page.evaluate(SOON_EXPIRED)
        self.page.reload()
        return self._appears(self.page.locator(".viewport[aria-busy=false]"))

    def _appears(self, wanted: Locator) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self.refused and not wanted.count():
            # A decoder that may not start is silent: nothing is drawn until the patience ends.
            if self.page.get_by_role("alert").count():
                return False
            self.page.wait_for_timeout(50)
        return wanted.count() > 0


@pytest.fixture(scope="module")
def files(served: Platform) -> FileSet:
    return served.viewer()


def visit(browser: Browser, served: Platform, study: str, files: FileSet, firebase: dict[str, Any]) -> Visit:
    """A site of its own with these headers, visited once."""
    site = f"projects/dicom-local/sites/policy-{uuid.uuid4().hex[:8]}"
    url = served.create_site(site)["defaultUrl"]
    api = HostingApi(served.cloud.endpoint("firebasehosting.googleapis.com"), site, served.token)
    release(api, files, firebase)
    visited = Visit(browser, url, study)
    served.call("DELETE", "firebasehosting.googleapis.com", f"v1beta1/{site}")
    return visited


@pytest.fixture
def study(slides: dict[str, list[Instance]], put: Put) -> str:
    """A slide with points over it."""
    slide = make("policy", size=512)
    put(slide, [*(one.data for one in slide), extras.points(slide)])
    return slide[0].study


def test_the_policy_as_it_is_breaks_nothing(chromium: Browser, served: Platform, study: str, files: FileSet) -> None:
    seen = visit(chromium, served, study, files, served.firebase())

    assert (seen.worked, seen.refused) == (True, [])


@pytest.mark.parametrize(("whose", "directive", "source"), allowances(SiteContent()))
def test_each_allowance_is_needed(
    chromium: Browser, served: Platform, study: str, files: FileSet, whose: str, directive: str, source: str
) -> None:
    firebase = served.firebase()
    authority = served.config()["oidc"]["authority"]
    policy = page_policy(served.dicomweb(), authority, SiteContent()) if whose == "page" else worker_policy()
    real = source.replace(ROOT, served.dicomweb()).replace(AUTHORITY, authority)
    changed = json.loads(json.dumps(firebase).replace(policy, without(policy, directive, real)))

    seen = visit(chromium, served, study, files, changed)

    assert not seen.worked or seen.refused
