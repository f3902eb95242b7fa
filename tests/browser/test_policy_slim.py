"""Every allowance that the pinned SLIM gets is used: without it, SLIM breaks or the browser says what it refused."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Route

from ops.viewer.release import release
from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.desk import CORS, Desk
from tests.browser.reader import Reader
from tests.browser.test_policy import allowances, without
from tests.browser.test_structure import Put, put
from tests.localcloud.hosting.platform import PROJECT, Platform
from viewer.application import SlimSource, assemble
from viewer.headers import SiteContent

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.slim, pytest.mark.xdist_group("browser")]
INLINE = "'sha256-of-its-inline-script'"
ROOT, AUTHORITY = "https://store", "https://sign-in"


@pytest.fixture
def slide(put: Put) -> list[Instance]:
    made = make("policy-slim", painter="tissue", size=2048)
    put(made, [*(level.data for level in made), extras.points(made), extras.overview(made)])
    return made


def complaints(browser: Browser, site: Platform, slide: list[Instance]) -> list[str]:
    """What the browser refused, and whether SLIM did not get through: it signs in, opens a slide with points and an
    overview, draws it, and goes on after its token has ended."""
    with contextlib.closing(browser.new_context(viewport={"width": 1280, "height": 800})) as context:
        context.set_default_timeout(8_000)
        desk = Desk("slim", Reader(context.new_page(), site))
        page, refused, ended = desk.person.page, list[str](), set[str]()
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)

        def refuse_ended(route: Route) -> None:
            token = route.request.headers.get("authorization", "")
            ended.update({token} - {""} if not ended else ())
            if token in ended:
                route.fulfill(status=401, headers=CORS, body="{}")
            else:
                route.fallback()

        try:
            desk.open(slide)
            assert desk.person.sees(lambda: spread(desk) > 5, patience=10), "nothing is drawn"
            desk.show("Tumour")
            page.route("**/frames/**", refuse_ended)
            before = desk.answered("/frames/")
            desk.wheel(4)
            assert desk.person.sees(lambda: desk.answered("/frames/") > before, patience=10), "no token is renewed"
        except (Error, AssertionError) as error:
            return [*refused, f"it does not get through: {error}"]
        return refused


def spread(desk: Desk) -> float:
    """How much the middle of what is shown differs within itself."""
    x, y = desk.middle()
    return float(
        np.asarray(desk.person.screenshot().crop((int(x - 150), int(y - 150), int(x + 150), int(y + 150)))).std()
    )


@contextlib.contextmanager
def site_with(served: Platform, firebase: dict[str, Any], files: Any) -> Iterator[Platform]:
    site = f"projects/{PROJECT}/sites/slim-{uuid.uuid4().hex[:8]}"
    made = replace(served, url=served.create_site(site)["defaultUrl"], site=site)
    release(made.hosting(), files, firebase)
    yield made
    served.call("DELETE", "firebasehosting.googleapis.com", f"v1beta1/{site}")


@pytest.fixture(scope="module")
def assembled(slim_site: Platform) -> tuple[Any, dict[str, Any]]:
    return assemble("slim", slim_site.config(annotate=True), SlimSource(), tools=True)


def test_the_policy_as_it_is_breaks_nothing(chromium: Browser, slim_site: Platform, slide: list[Instance]) -> None:
    assert complaints(chromium, slim_site, slide) == []


@pytest.mark.parametrize(("whose", "directive", "source"), allowances(SiteContent(slim=True, scripts=(INLINE,))))
def test_each_allowance_is_needed(
    chromium: Browser,
    slim_site: Platform,
    slide: list[Instance],
    assembled: Any,
    whose: str,
    directive: str,
    source: str,
) -> None:
    files, firebase = assembled
    policies = {h["value"] for rule in firebase["headers"] for h in rule["headers"] if h["key"].endswith("Policy")}
    (policy,) = (one for one in policies if one.startswith("default-src") and ("base-uri" in one) == (whose == "page"))
    authority = slim_site.config()["oidc"]["authority"]
    real = source.replace(ROOT, slim_site.dicomweb()).replace(AUTHORITY, authority)
    if source.startswith("'sha256"):
        (real,) = (word for word in policy.split() if word.startswith("'sha256"))
    changed = json.loads(json.dumps(firebase).replace(policy, without(policy, directive, real.rstrip(";"))))

    with site_with(slim_site, changed, files) as made:
        assert complaints(chromium, made, slide) != []
