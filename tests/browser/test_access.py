"""The page for those who see nothing of it or use no mouse: names, roles, order, and what is said aloud."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from smoke_tests.slide import Instance
from tests.browser.reader import Reader
from tests.browser.test_viewer import link
from tests.localcloud.hosting.platform import READER

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]
AUDIT = """() => {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const every = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const name = (element) => (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent
    ?? element.textContent).trim();
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  const faults = [
    ...every('a[href], button, input, select, [role=application], dialog').filter((one) => !name(one))
      .map((one) => `${one.outerHTML.slice(0, 80)} has no name`),
    ...every('img').filter((one) => !one.hasAttribute('alt')).map((one) => `${one.src} has no alt`),
    ...every('[tabindex]').filter((one) => one.tabIndex > 0).map((one) => `${one.tagName} jumps the queue`),
    ...ids.filter((id, place) => id && ids.indexOf(id) !== place).map((id) => `the id ${id} is there twice`),
    ...every('table').filter((one) => !one.querySelector('th[scope]')).map(() => 'a table has no headings'),
    ...every('ul').filter((one) => [...one.children].some(({ tagName }) => tagName !== 'LI'))
      .map(() => 'a list has other children than items'),
  ];
  for (const [what, wanted] of [['h1', 1], ['main', 1], ['header', 1], ['[aria-live=polite]', 1]]) {
    const count = document.querySelectorAll(what).length;
    if (count !== wanted) faults.push(`${count} of ${what}, not ${wanted}`);
  }
  if (!document.documentElement.lang) faults.push('no language');
  if (!document.title) faults.push('no title');
  return faults;
}"""
CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const colour = (text) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = colour(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.body.querySelectorAll('*')]
    .filter((one) => own(one) && one.checkVisibility())
    .filter((one) => !one.closest('.viewport, #status, noscript, [disabled]')).flatMap((one) => {
      const [front, back] = [colour(getComputedStyle(one).color), behind(one)].map(light);
      const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      return ratio < 4.5 ? [`${one.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`] : [];
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_can_be_read(reader: Reader, slides: Slides, scheme: str) -> None:
    reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path, ready in (
        ("/", "tbody tr"),
        (link(slides["grid"]), ".viewport[aria-busy=false]"),
        (link(slides["duplicate-level"]), ".failure"),
        ("/studies/1.2.3", ".failure"),
    ):
        reader.open(path)
        if (
            reader.page.get_by_role("link", name=READER)
            .or_(reader.page.locator(ready))
            .first.evaluate("(element) => element.tagName === 'A'")
        ):
            reader.page.get_by_role("link", name=READER).click()
        reader.page.locator(ready).first.wait_for()
        assert reader.page.evaluate(AUDIT) == [], path
        assert reader.page.evaluate(CONTRAST) == [], path


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
