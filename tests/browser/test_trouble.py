"""What the page does when the store or the sign-in misbehaves in the middle of the work."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from smoke_tests.slide import Instance
from tests.browser.pixels import view
from tests.browser.reader import Reader
from tests.browser.test_pixels import looks, wrong
from tests.browser.test_viewer import link
from tests.localcloud.hosting.platform import READER, Platform

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]
GONE = "projects/dicom-local/sites/gone"
CORS = {"Access-Control-Allow-Origin": "*"}


class Sabotage:
    """Answers the first `times` requests that match with `status`, and lets the others through."""

    def __init__(self, reader: Reader, part: str, status: int, times: int) -> None:
        self.left = times
        self.status = status
        reader.expected.append(f"the server responded with a status of {status}")
        reader.page.route(f"**/*{part}*", self._answer)
        reader.page.route(f"**/*{part}*/**", self._answer)

    def _answer(self, route: Route) -> None:
        if self.left and route.request.method != "OPTIONS":
            self.left -= 1
            route.fulfill(status=self.status, headers=CORS, body="{}")
        else:
            route.fallback()


def renewals(reader: Reader) -> int:
    return len([request for request in reader.requests if "prompt=none" in request.url])


def test_a_busy_store_is_asked_again(reader: Reader, slides: Slides) -> None:
    sabotage = Sabotage(reader, "metadata", 503, 2)

    reader.arrive(link(slides["tissue"]))
    reader.wait_for_tiles()

    assert sabotage.left == 0


def test_a_store_that_stays_busy_is_not_stormed(reader: Reader, slides: Slides) -> None:
    Sabotage(reader, "metadata", 400, 100)

    reader.arrive(link(slides["tissue"]))

    expect(reader.failure()).to_contain_text("The store does not understand what this page asked for")
    assert len(reader.sent("/metadata")) == 1


def test_a_token_that_ends_among_the_tiles_is_renewed_once_and_no_tile_is_lost(reader: Reader, slides: Slides) -> None:
    sabotage = Sabotage(reader, "frames", 401, 5)

    reader.arrive(link(slides["grid"]))
    reader.wait_for_tiles()

    assert sabotage.left == 0
    assert renewals(reader) == 1
    expect(reader.failure()).to_have_count(0)
    asked = [request.url for request in reader.sent("/frames/")]
    assert len(asked) - len(set(asked)) == 5
    assert looks(reader, slides, 0) == []


def test_a_sign_in_that_cannot_be_renewed_says_so_and_does_not_loop(reader: Reader, slides: Slides) -> None:
    Sabotage(reader, "metadata", 401, 100)

    reader.arrive(link(slides["tissue"]))

    expect(reader.failure()).to_contain_text("no longer accepts your sign-in")
    expect(reader.failure().get_by_role("button", name="Sign in")).to_be_visible()
    assert renewals(reader) == 1


def test_tiles_that_fail_are_said_to_be_missing(reader: Reader, slides: Slides) -> None:
    reader.expected.append("error loading tile")
    Sabotage(reader, "frames", 404, 1)

    reader.arrive(link(slides["tissue"]))

    expect(reader.failure()).to_contain_text("does not have what this page asked for")
    expect(reader.page.locator(".viewport")).to_be_visible()


def test_missing_tiles_can_be_loaded_again_and_leave_no_hole(reader: Reader, slides: Slides) -> None:
    reader.expected.append("error loading tile")
    sabotage = Sabotage(reader, "frames", 404, 1000)
    reader.arrive(link(slides["grid"]))
    again = reader.page.get_by_role("button", name="Load again")
    again.wait_for()
    reader.wait_for_tiles()
    before = len(reader.sent("/frames/"))
    holes = wrong(reader, slides, view(reader, slides["grid"], 0), 1)
    assert holes
    assert all("shows None" in one for one in holes)

    sabotage.left = 0
    again.click()

    expect(again).to_be_hidden()
    assert looks(reader, slides, 0) == []
    assert len(reader.sent("/frames/")) > before


def test_missing_tiles_are_not_asked_for_again_unbidden(reader: Reader, slides: Slides) -> None:
    reader.expected.append("error loading tile")
    Sabotage(reader, "frames", 404, 1000)

    reader.arrive(link(slides["grid"]))
    expect(reader.failure()).to_contain_text("of this slide are missing")
    reader.wait_for_tiles()

    asked = [request.url for request in reader.sent("/frames/")]
    assert len(asked) == len(set(asked)) <= 24


def test_the_engine_is_fetched_while_the_store_still_looks_for_studies(reader: Reader) -> None:
    held: list[Route] = []
    reader.page.route("**/dicomWeb/studies?*", lambda route: held.append(route))

    reader.arrive()

    assert reader.sees(lambda: bool(held) and bool(reader.sent("/viewer.js")))
    engine = reader.sent("/viewer.js")[-1].response()
    assert engine
    assert engine.finished() is None
    held[0].continue_()
    expect(reader.page.get_by_role("heading", name="Studies")).to_be_visible()


def test_a_store_that_does_not_exist_is_said_so_once(reader: Reader, served: Platform) -> None:
    reader.expected.append("status of 403")
    url = served.create_site(GONE)["defaultUrl"]
    api = HostingApi(served.cloud.endpoint("firebasehosting.googleapis.com"), GONE, served.token)
    gone = replace(served, store="gone")
    release(api, gone.viewer(), gone.firebase())

    reader.page.goto(url)
    reader.page.get_by_role("link", name=READER).click()

    expect(reader.failure()).to_contain_text("may not read the DICOM store “gone”")
    assert len(reader.sent("/dicomWeb/")) == 1
    served.call("DELETE", "firebasehosting.googleapis.com", f"v1beta1/{GONE}")


def answer_studies(reader: Reader, count: int) -> list[dict[str, list[str]]]:
    """The store has `count` studies; gives the queries that it is asked."""
    asked: list[dict[str, list[str]]] = []

    def answer(route: Route) -> None:
        if route.request.method == "OPTIONS":
            route.fallback()
            return
        query = parse_qs(urlsplit(route.request.url).query)
        asked.append(query)
        fit = [number for number in range(count) if query.get("PatientID", [f"P-{number}"]) == [f"P-{number}"]]
        found = [] if "PatientName" in query else fit[: int(query["limit"][0])]
        route.fulfill(status=200, headers=CORS, content_type="application/dicom+json", body=studies(found))

    reader.page.route("**/dicomWeb/studies?*", answer)
    return asked


def test_two_hundred_and_fifty_studies_are_counted_and_one_of_them_found(reader: Reader) -> None:
    asked = answer_studies(reader, 250)
    reader.arrive()
    expect(reader.page.get_by_text("250 studies", exact=True)).to_be_visible()

    reader.page.get_by_label("Patient name or ID").fill("P-249")
    reader.page.get_by_role("button", name="Search").click()

    expect(reader.page.locator("tbody tr")).to_have_count(1)
    expect(reader.page.get_by_text("1 study", exact=True)).to_be_visible()
    assert reader.page.url == f"{reader.served.url}/?patient=P-249"
    assert [query.get("PatientName") for query in asked if query.get("PatientID") != ["P-249"]][-1] == ["P-249"]
    reader.page.reload()
    expect(reader.page.locator("tbody tr")).to_have_count(1)
    reader.page.go_back()
    expect(reader.page.locator("tbody tr")).to_have_count(250)


def test_a_list_that_was_cut_says_so(reader: Reader) -> None:
    answer_studies(reader, 700)

    reader.arrive()

    expect(reader.page.get_by_text("The first 500 studies; the store has more: narrow the search.")).to_be_visible()
    expect(reader.page.locator("tbody tr")).to_have_count(500)


def test_the_store_itself_searches_by_name_accession_and_date(reader: Reader, slides: Slides) -> None:
    rows, page = reader.page.locator("tbody tr"), reader.page
    reader.arrive()
    expect(rows).to_have_count(len(slides))

    for words, count in (
        ("patient=SMOKE-tissue", 1), ("patient=synth", len(slides)), ("patient=nobody", 0), ("accession=none", 0),
        ("from=2026-01-01&to=2026-12-31", len(slides)), ("to=2025-12-31", 0), ("from=2026-01-03", 0),
    ):  # fmt: skip
        page.goto(f"{reader.served.url}/?{words}")
        expect(page.get_by_role("heading", name="Studies")).to_be_visible()
        expect(page.locator(".count")).to_have_text(f"{count} {'study' if count == 1 else 'studies'}")


def studies(numbers: list[int]) -> str:
    def study(number: int) -> dict[str, object]:
        return {
            "0020000D": {"vr": "UI", "Value": [f"1.2.{number}"]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": f"SYNTHETIC^{number}"}]},
        }

    return json.dumps([study(number) for number in numbers])


def test_a_decoder_that_never_starts_is_noticed(stranger: Reader, slides: Slides) -> None:
    stranger.page.route("**/dataLoader.worker.min.js", lambda route: route.fulfill(status=200, body=""))
    stranger.page.clock.install()
    stranger.sign_in(link(slides["sparse"]))
    with stranger.page.expect_response("**/frames/**"):
        pass

    stranger.page.clock.fast_forward(25_000)

    expect(stranger.failure()).to_contain_text("the decoder does not run")
