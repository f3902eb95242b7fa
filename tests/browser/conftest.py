"""One Chromium and one served cloud with slides and a released viewer; a tab of its own for each test.

The tabs of a file share one profile, for a window costs as much as opening a slide. What they could leave each other
there is taken away, or looked for, at the end of each test; the sign-in lies in the tab's own session storage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, sync_playwright

from ops.viewer.release import release
from ops.viewer.screenshot import FLAGS
from smoke_tests.slide import Instance, make
from tests import needs
from tests.browser.reader import Reader
from tests.localcloud.hosting.platform import Platform, platform

SIZE: ViewportSize = {"width": 1280, "height": 800}
SLIDES = {
    "tissue": {"painter": "tissue", "size": 2048},
    "grid": {"painter": "grid", "size": 2048},
    "second-grid": {"painter": "grid", "size": 2048},
    "rle": {"variant": "rle", "size": 512},
    "partial-icc": {"variant": "partial-icc", "size": 512},
    "duplicate-level": {"variant": "duplicate-level", "size": 512},
    "sparse": {"variant": "sparse", "size": 512},
}


# Playwright keeps an event loop running in this thread: it must end before another file's tests start one of theirs.
@pytest.fixture(scope="module")
def engine() -> Iterator[Playwright]:
    needs.chromium()
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(engine: Playwright) -> Iterator[Browser]:
    browser = engine.chromium.launch(executable_path=needs.chromium(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def slides() -> dict[str, list[Instance]]:
    return {name: make(name, **options) for name, options in SLIDES.items()}  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, slides: dict[str, list[Instance]]) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("cloud")) as made:
        made.store_instances([instance.data for instances in slides.values() for instance in instances])
        files = made.viewer()
        release(made.hosting(), files, made.firebase(files))
        yield made


@pytest.fixture(scope="module")
def profile(chromium: Browser) -> Iterator[BrowserContext]:
    with contextlib.closing(chromium.new_context(viewport=SIZE, reduced_motion="reduce")) as context:
        context.new_page()  # Stays open, and the window with it.
        yield context


@pytest.fixture
def reader(profile: BrowserContext, served: Platform) -> Iterator[Reader]:
    """A person before a new tab; at the end nothing may have broken the page's policy or the console's peace."""
    with contextlib.closing(profile.new_page()) as page:
        person = Reader(page, served)
        yield person
        person.saw_nothing_wrong()
        assert person.left_behind() == [[], [], 0]
        page.evaluate("localStorage.clear()")  # The engine's log level.
    profile.clear_cookies()


@pytest.fixture
def stranger(chromium: Browser, served: Platform) -> Iterator[Reader]:
    """A person with a profile of their own, for what would change the others' too."""
    with contextlib.closing(chromium.new_context(viewport=SIZE, reduced_motion="reduce")) as context:
        person = Reader(context.new_page(), served)
        yield person
        person.saw_nothing_wrong()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What SLIM may lack and does lack is no failure: it is reported as such, with why."""
    report = yield
    mark = item.get_closest_marker("capability")
    if mark and mark.kwargs.get("may_lack") and report.when == "call" and report.failed and "[slim]" in item.name:
        crash = getattr(report.longrepr, "reprcrash", None)
        report.outcome, report.wasxfail = "skipped", (crash.message if crash else "it failed").splitlines()[0][:200]
    return report
