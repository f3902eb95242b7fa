"""One Chromium and one served cloud with slides and a released viewer; a tab of its own for each test.

The tabs of a file share one profile, for a window costs as much as opening a slide. What they could leave each other
there is taken away, or looked for, at the end of each test; the sign-in lies in the tab's own session storage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, sync_playwright

from ops.viewer.release import release
from ops.viewer.screenshot import CHROMIUM_FLAGS
from smoke_tests.slide import Instance, make
from tests import needs
from tests.browser.desk import Desk
from tests.browser.reader import Reader
from tests.localcloud.hosting.platform import PROJECT, Platform, platform
from viewer.application import SlimSource, assemble
from viewer.capabilities import BUILD, CAPABILITY, LEFT_OUT, VIEWER, read_list
from viewer.slim_pin import SlimError, read_pin

LISTING = "python -m pytest tests/browser --junit-xml=suite.xml; python -m ops viewer capabilities --junit suite.xml"
CHOSEN_AWAY: list[str] = []
"""Tests of SLIM that this run was told to leave out, as by `-k`: what it reports is no pass."""
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
    browser = engine.chromium.launch(executable_path=needs.chromium(), args=CHROMIUM_FLAGS)
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


@pytest.fixture(scope="session")
def slim_site(served: Platform, record_testsuite_property: Callable[[str, object], None]) -> Platform:
    """The platform with SLIM on a site of its own, its drawing tools switched on."""
    try:
        files, firebase = assemble("slim", served.config(annotate=True), SlimSource(), tools=True)
    except SlimError as reason:
        pytest.skip(f"the pinned SLIM cannot be had: {reason}")
    record_testsuite_property(BUILD, read_pin().build)
    for name in CHOSEN_AWAY:
        record_testsuite_property(LEFT_OUT, name)
    site = f"projects/{PROJECT}/sites/slim"
    made = replace(served, url=served.create_site(site)["defaultUrl"], site=site)
    release(made.hosting(), files, firebase)
    return made


@pytest.fixture
def desk(app: str, chromium: Browser, served: Platform, request: pytest.FixtureRequest) -> Iterator[Desk]:
    site: Platform = request.getfixturevalue("slim_site") if app == "slim" else served
    with contextlib.closing(chromium.new_context(viewport={"width": 1280, "height": 800})) as context:
        context.set_default_timeout(15_000)
        one = Desk(app, Reader(context.new_page(), site))
        yield one
        one.person.page.wait_for_load_state()
        assert one.person.violations() == []


@pytest.fixture(autouse=True)
def named(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """The line of the list that a test is about goes into the report, with the viewer."""
    if mark := request.node.get_closest_marker("capability"):
        record_property(CAPABILITY, mark.args[0])
        record_property(VIEWER, request.node.callspec.params["app"])


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    CHOSEN_AWAY.extend(item.name for item in items if item.get_closest_marker("slim"))


def why_in(message: str) -> str:
    return message.splitlines()[0].removeprefix("AssertionError: ")[:150]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What SLIM may lack and does lack is no failure: it is reported as such, with why. What the lite page can do must
    be what the committed list says."""
    report = yield
    mark = item.get_closest_marker("capability")
    if not mark or report.when != "call":
        return report
    if "[slim]" in item.name and mark.kwargs.get("may_lack") and report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        report.outcome, report.wasxfail = "skipped", why_in(crash.message if crash else "it failed")
    # A run that writes a report is one that the list is made from.
    if "[lite]" in item.name and not report.failed and not item.config.option.xmlpath:
        found = getattr(report, "wasxfail", "").removeprefix("reason: ")
        listed = read_list()["can"]["lite"].get(mark.args[0], "not tried")
        if found != listed:
            report.outcome, report.longrepr = "failed", f"the list says {listed!r}, the page {found!r}; run: {LISTING}"
    return report
