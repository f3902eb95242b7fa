"""What a pathologist meets when something goes wrong, in each viewer: sign-ins, refusals, faults, old browsers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from smoke_tests.slide import Instance, make
from tests.browser import extras
from tests.browser.desk import BOTH, CORS, Desk
from tests.browser.test_structure import Put, put
from tests.browser.test_viewer import said, told_of
from tests.localcloud.hosting.platform import WRITER

__all__ = ["put", "told_of"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ELSEWHERE = "fetch('https://elsewhere.invalid/').then(() => 'sent', (error) => error.name)"
Slides = dict[str, list[Instance]]


@pytest.mark.capability("a token that ends in the middle", may_lack=True)
@BOTH
def test_a_token_that_ends_is_renewed_and_the_slide_goes_on(desk: Desk, slides: Slides) -> None:
    desk.open(slides["tissue"])
    left = [3]

    def refuse(route: object) -> None:
        if left[0] and route.request.method == "GET":  # type: ignore[attr-defined]
            left[0] -= 1
            route.fulfill(status=401, headers=CORS, body="{}")  # type: ignore[attr-defined]
        else:
            route.fallback()  # type: ignore[attr-defined]

    desk.person.page.route("**/frames/**", refuse)
    before = desk.answered("/frames/")

    desk.wheel(4)

    assert desk.person.sees(lambda: left[0] == 0)
    assert desk.person.sees(lambda: desk.answered("/frames/") > before + 2), "the slide does not go on"
    assert any("prompt=none" in request.url for request in desk.person.requests), "it is not renewed"


@pytest.mark.capability("a sign-in that has ended is said, with a way back", may_lack=True)
@BOTH
def test_a_sign_in_that_cannot_be_renewed_is_in_words_and_leads_back(desk: Desk, slides: Slides) -> None:
    desk.open(slides["tissue"])
    page = desk.person.page
    page.route("**/dicomWeb/**", lambda route: route.fulfill(status=401, headers=CORS, body="{}"))
    page.route(lambda url: "prompt=none" in url, lambda route: route.abort())

    desk.wheel(4)

    words = page.get_by_text(re.compile("sign.?in (has )?ended|no longer accepts your sign-in|sign in again", re.I))
    expect(words.first, "it does not say that the sign-in has ended").to_be_visible(timeout=25_000)
    page.unroute("**/dicomWeb/**")
    desk.person.requests.clear()  # those of the page that is left may be answered yet
    page.get_by_role("button", name=re.compile("sign in|log ?in", re.I)).first.click()  # the provider knows who it is

    assert desk.person.sees(lambda: desk.answered("/frames/") > 0), "the slide is not there again"
    assert desk.person.sees(lambda: slides["tissue"][0].study in page.url)


@pytest.mark.capability("a store that refuses says whom to ask")
@BOTH
def test_a_refusal_is_in_words(desk: Desk) -> None:
    desk.sign_in(email=WRITER)

    expect(desk.person.page.get_by_text("may not read the DICOM store").first).to_be_visible()
    expect(desk.person.page.get_by_text("Ask whoever runs this viewer").first).to_be_visible()


@pytest.mark.capability("a tile that cannot be decoded costs only itself")
@BOTH
def test_tiles_after_broken_ones_are_still_fetched(desk: Desk, put: Put) -> None:
    slide = make("broken-tiles", size=2048)
    # More than the engine has workers: each would have stopped one.
    put(slide, extras.with_damaged_tiles(slide, 1, set(range(1, 10))))
    desk.open(slide)

    desk.wheel(2)

    asked = f"{slide[0].uid}/frames/"
    assert desk.person.sees(lambda: desk.answered(asked) >= 4), "no tile is fetched any more"
    assert desk.person.sees(desk.has_drawn), "nothing is drawn"


@pytest.mark.capability("a slide that the job blocks, or has not prepared yet, says why", may_lack=True)
@BOTH
def test_a_slide_that_is_not_there_yet_says_why(desk: Desk, request: pytest.FixtureRequest) -> None:
    if desk.lite:
        desk.person.served = request.getfixturevalue("told_of")
    said(desk.person, "blocked", "Its tiles are stored as RLE.")

    desk.sign_in("/studies/1.2.3")

    words = desk.person.page.get_by_text("Its tiles are stored as RLE.")
    expect(words.first, "it does not say what the job says").to_be_visible()


OF_2023 = """
for (const [on, names] of [[Object, ['groupBy']], [Map, ['groupBy']], [Promise, ['withResolvers', 'try']],
  [Array, ['fromAsync']], [Array.prototype, ['toSorted', 'toReversed', 'toSpliced', 'with']],
  [Set.prototype, ['union', 'intersection', 'difference', 'isSubsetOf']], [globalThis, ['Iterator']]]) {
  for (const name of names) delete on[name];
}
"""
"""Takes away what Chrome learned from version 110 on."""


@pytest.mark.capability("a browser of 2022 (before Chrome 110)", may_lack=True)
@BOTH
def test_a_browser_some_years_old_shows_slides(desk: Desk, slides: Slides) -> None:
    desk.person.page.add_init_script(OF_2023)
    missing = desk.person.page.evaluate(f"() => {{ {OF_2023} return typeof Object.groupBy; }}")
    assert missing == "undefined"

    desk.open(slides["tissue"])

    assert desk.person.sees(desk.has_drawn), "nothing is drawn"


@pytest.mark.capability("sign out")
@BOTH
def test_signing_out_ends_at_a_page_without_slides(desk: Desk, slides: Slides) -> None:
    desk.sign_in()
    page = desk.person.page
    page.get_by_text("SMOKE-grid").first.wait_for()
    if desk.lite:
        page.get_by_role("button", name="Sign out").click()
    else:
        page.locator("header .anticon-user, .ant-layout-header .anticon-user").first.click()
        page.get_by_text("Logout").click()

    page.wait_for_url("**/*ogout*")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("SMOKE-grid")).to_have_count(0)


@pytest.mark.capability("nothing leaves for another address")
@BOTH
def test_the_page_cannot_send_anything_elsewhere(desk: Desk) -> None:
    desk.sign_in()
    desk.person.page.get_by_text("SMOKE-grid").first.wait_for()

    assert desk.person.page.evaluate(ELSEWHERE) == "TypeError"
    (blocked,) = desk.person.violations()
    assert "connect-src" in blocked
    desk.person.page.evaluate("violations.length = 0")
