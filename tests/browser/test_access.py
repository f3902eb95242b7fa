"""The page for those who see nothing of it or use no mouse: names, roles, order, and what is said aloud."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.reader import Reader
from tests.browser.test_structure import Put, put
from tests.browser.test_viewer import link
from tests.localcloud.hosting.platform import READER

__all__ = ["put"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]


def faults(page: Page) -> list[str]:
    """What axe finds, of any weight: names, roles, order, headings, contrast."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {', '.join(str(node['target']) for node in rule['nodes'])}" for rule in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(reader: Reader, put: Put, slides: Slides, scheme: str) -> None:
    slide = make("axe", size=512)
    put(slide, [*(level.data for level in slide), extras.label(slide), extras.points(slide)])
    reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    reader.arrive()
    reader.page.locator("tbody tr").first.wait_for()
    found["worklist"] = faults(reader.page)
    reader.page.goto(reader.served.url + link(slide))
    reader.wait_for_tiles()
    reader.page.get_by_role("checkbox").wait_for()
    found["slide"] = faults(reader.page)
    reader.page.get_by_role("button", name="Label").click()
    reader.page.get_by_role("dialog").get_by_role("img").wait_for()
    found["label"] = faults(reader.page)
    for path in (link(slides["duplicate-level"]), "/studies/1.2.3"):
        reader.page.goto(reader.served.url + path)
        reader.failure().wait_for()
        found[path] = faults(reader.page)
    reader.page.goto(f"{reader.served.url}/logout")
    reader.page.get_by_role("button", name="Sign in").wait_for()
    found["signed out"] = faults(reader.page)

    assert [one for ones in found.values() for one in ones] == [], found


def focused(reader: Reader) -> str:
    return reader.page.evaluate(
        "(document.activeElement.ariaLabel ?? document.activeElement.innerText).trim().split('\\n')[0]"
    )


def test_a_whole_visit_needs_no_mouse(reader: Reader, slides: Slides) -> None:
    keyboard = reader.page.keyboard
    reader.open()
    reader.page.get_by_role("link", name=READER).focus()
    keyboard.press("Enter")
    reader.page.locator("tbody tr").first.wait_for()

    reader.page.keyboard.press("Tab")
    assert focused(reader) == "Skip to the content"
    keyboard.press("Enter")
    for _ in range(20):
        keyboard.press("Tab")
        if reader.page.evaluate("document.activeElement.closest('tr')?.innerText.includes('SMOKE-tissue')"):
            break
    keyboard.press("Enter")
    reader.wait_for_tiles()
    assert focused(reader).startswith("Slide SLIDE-tissue")
    asked = len(reader.sent("/frames/"))
    for key in ("+", "+", "ArrowDown"):
        keyboard.press(key)
    assert reader.sees(lambda: len(reader.sent("/frames/")) > asked)
    for control in ("Overview map", "Zoom in"):
        keyboard.press("Tab")
        assert focused(reader) == control
    for _ in range(12):
        keyboard.press("Shift+Tab")
        if focused(reader) == "Sign out":
            break
    keyboard.press("Enter")

    expect(reader.page.get_by_role("heading", name="You are signed out")).to_be_visible()


def test_what_happens_is_said_aloud(reader: Reader, slides: Slides) -> None:
    status = reader.page.locator("#status")
    reader.arrive()
    expect(status).to_have_text(f"{len(slides)} studies shown.")

    reader.page.get_by_role("row", name="SMOKE-tissue").get_by_role("link").click()
    expect(status).to_have_text("Slide SLIDE-tissue is open.")

    reader.page.get_by_role("link", name="Studies", exact=True).click()
    expect(status).to_have_text(f"{len(slides)} studies shown.")


def test_the_title_says_where_the_reader_is_and_nobodys_name(reader: Reader, slides: Slides) -> None:
    reader.arrive()
    expect(reader.page).to_have_title("Studies · Slides")

    reader.page.get_by_role("row", name="SMOKE-tissue").get_by_role("link").click()
    reader.wait_for_tiles()

    expect(reader.page).to_have_title("Slide · Slides")
