"""The pinned SLIM in a real Chromium, with our configuration and headers. What it passes here may go to prod.

Looks at requests and at the browser's complaints rather than at SLIM's page, which changes from version to version.
Skipped, saying why, where the pinned archive cannot be had.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from smoke_tests.slide import Instance
from tests.browser.reader import Reader
from tests.localcloud.hosting.platform import READER, Platform
from viewer.application import SlimSource, assemble
from viewer.slim_pin import SlimError

pytestmark = [pytest.mark.browser, pytest.mark.slim, pytest.mark.xdist_group("browser")]
SITE = "projects/dicom-local/sites/slim"
ELSEWHERE = "fetch('https://elsewhere.invalid/').then(() => 'sent', (error) => error.name)"


@pytest.fixture(scope="module")
def slim(served: Platform) -> Platform:
    """The platform with SLIM on a site of its own in place of the lite page."""
    try:
        files, firebase = assemble("slim", served.config(), SlimSource())
    except SlimError as reason:
        pytest.skip(f"the pinned SLIM cannot be had: {reason}")
    url = served.create_site(SITE)["defaultUrl"]
    release(HostingApi(served.cloud.endpoint("firebasehosting.googleapis.com"), SITE, served.token), files, firebase)
    return replace(served, url=url)


@pytest.fixture
def person(chromium: Browser, slim: Platform) -> Iterator[Reader]:
    with contextlib.closing(chromium.new_context(viewport={"width": 1280, "height": 800})) as context:
        person = Reader(context.new_page(), slim)
        yield person
        person.saw_nothing_wrong()


def sign_in(person: Reader, path: str = "/") -> None:
    person.open(path)
    person.page.get_by_role("link", name=READER).click()


def answered(person: Reader, part: str) -> int:
    """How many GETs with `part` in their URL the store has answered with 200."""
    answers = [request.response() for request in person.sent(part) if request.failure is None]
    return len([answer for answer in answers if answer and answer.status == 200])


def test_the_worklist_shows_the_studies_after_signing_in(person: Reader, slides: dict[str, list[Instance]]) -> None:
    sign_in(person)

    person.page.get_by_text("SMOKE-grid").first.wait_for()
    assert answered(person, "/dicomWeb/studies") >= 1


def test_a_deep_link_survives_signing_in_and_tiles_arrive(person: Reader, slides: dict[str, list[Instance]]) -> None:
    first = slides["grid"][0]

    sign_in(person, f"/studies/{first.study}/series/{first.series}")

    assert person.sees(lambda: answered(person, "/frames/") >= 4)
    assert first.study in person.page.url


def test_nothing_reaches_the_store_before_signing_in(person: Reader) -> None:
    person.open()
    person.page.get_by_role("link", name=READER).wait_for()

    assert person.sent("/dicomWeb/") == []


def test_the_page_cannot_send_anything_elsewhere(person: Reader) -> None:
    sign_in(person)
    person.page.get_by_text("SMOKE-grid").first.wait_for()
    person.expected.append("elsewhere.invalid")

    assert person.page.evaluate(ELSEWHERE) == "TypeError"
    (blocked,) = person.violations()
    assert "connect-src" in blocked
    person.page.evaluate("violations.length = 0")
