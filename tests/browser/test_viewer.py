"""The viewer in a real Chromium: signed in through the stub, site and store of the local cloud on two origins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from ops.viewer.release import release
from smoke_tests.slide import Instance
from tests.browser.desk import difference
from tests.browser.reader import Reader
from tests.localcloud.hosting.platform import DATASET, PROJECT, READER, WRITER, Platform

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Slides = dict[str, list[Instance]]


def link(instances: list[Instance], *, series: bool = False) -> str:
    path = f"/studies/{instances[0].study}"
    return f"{path}/series/{instances[0].series}" if series else path


def test_signing_in_shows_the_worklist(reader: Reader, slides: Slides) -> None:
    reader.sign_in()

    expect(reader.page.get_by_role("heading", name="Studies")).to_be_visible()
    expect(reader.page.locator("tbody tr")).to_have_count(len(slides))
    expect(reader.page.get_by_text(READER)).to_be_visible()


def test_no_request_reaches_the_store_before_sign_in(reader: Reader) -> None:
    reader.open()
    reader.page.get_by_role("link", name=READER).wait_for()

    assert reader.sent("/dicomWeb/") == []


def test_the_token_leaves_the_address_bar_and_local_storage(reader: Reader) -> None:
    reader.sign_in()

    token = reader.page.evaluate("JSON.parse(sessionStorage.session).token")
    assert reader.page.url == f"{reader.served.url}/"
    assert token not in reader.page.evaluate("JSON.stringify(localStorage) + document.cookie")


def test_a_slide_opens_from_the_worklist_and_its_pixels_are_right(reader: Reader, slides: Slides) -> None:
    reader.arrive()
    reader.page.get_by_role("row", name="SMOKE-grid").get_by_role("link").click()
    reader.wait_for_tiles()

    assert reader.page.url == reader.served.url + link(slides["grid"])
    box = reader.page.locator(".viewport").bounding_box()
    assert box is not None
    picture = reader.screenshot()
    left, right, top, bottom = (
        picture.getpixel((round(box["x"] + box["width"] * x), round(box["y"] + box["height"] * y)))
        for x, y in ((0.3, 0.5), (0.7, 0.5), (0.5, 0.15), (0.5, 0.85))
    )
    # The grid's red grows to the right, its green downwards, and ImageOrientationSlide turns both by 180 degrees: a
    # blank, mirrored or unturned slide fails.
    assert left[0] - right[0] > 40, (left, right)
    assert top[1] - bottom[1] > 60, (top, bottom)
    assert abs(bottom[0] - top[0]) < 40, (top, bottom)


def test_opening_a_slide_costs_few_requests(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["grid"]))
    reader.wait_for_tiles()

    frames, bulk = reader.sent("/frames/"), reader.sent("/bulkdata/")
    queries = [request for request in reader.sent("/dicomWeb/") if request not in frames + bulk]
    assert len(frames) <= 24
    assert len(bulk) <= len(slides["grid"])
    assert len(queries) <= 5


def test_zooming_in_asks_for_finer_tiles(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["tissue"]))
    reader.wait_for_tiles()
    base = slides["tissue"][0].uid
    before = len(reader.sent(f"{base}/frames/"))

    for _ in range(3):
        reader.page.get_by_role("button", name="Zoom in").click()

    assert reader.sees(lambda: len(reader.sent(f"{base}/frames/")) > before)


def test_keys_do_what_the_mouse_does(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["tissue"]))
    reader.wait_for_tiles()
    whole = reader.screenshot()

    reader.page.keyboard.press("+")
    reader.page.keyboard.press("ArrowRight")

    assert reader.sees(lambda: difference(reader.screenshot(), whole) > 5)

    reader.page.keyboard.press("0")

    assert reader.sees(lambda: difference(reader.screenshot(), whole) < 1)


@pytest.mark.parametrize("series", [False, True])
def test_a_deep_link_survives_sign_in(reader: Reader, slides: Slides, series: bool) -> None:
    path = link(slides["tissue"], series=series)

    reader.sign_in(path)
    reader.wait_for_tiles()

    assert reader.page.url == reader.served.url + path


def test_googles_own_form_of_link_opens_the_slide(reader: Reader, slides: Slides) -> None:
    reader.sign_in(f"/{DATASET}/dicomStores/raw/study/{slides['tissue'][0].study}")

    reader.wait_for_tiles()


@pytest.mark.parametrize(
    "path",
    [
        f"/{DATASET}/dicomStores/other/study/1.2.3",
        "/studies/1.2.3?gcp=https://healthcare.googleapis.com/v1/projects/thief/dicomWeb",
    ],
)
def test_a_link_to_another_store_is_refused(reader: Reader, path: str) -> None:
    reader.sign_in(path)

    expect(reader.failure()).to_contain_text("names another DICOM store")
    assert reader.sent("/dicomWeb/") == []


def test_somebody_without_a_role_reads_whom_to_ask(reader: Reader) -> None:
    reader.expected.append("403")

    reader.arrive(email=WRITER)

    expect(reader.failure()).to_contain_text("may not read the DICOM store “raw”")
    assert len(reader.sent("/dicomWeb/studies")) == 1


def test_a_study_that_is_not_there_is_said_to_be_missing(reader: Reader) -> None:
    reader.arrive("/studies/1.2.3")

    expect(reader.failure()).to_contain_text("This store has no slides of that study")


@pytest.fixture(scope="module")
def told_of(served: Platform) -> Iterator[Platform]:
    """A site whose page asks what the job says of a study."""
    root = f"{served.cloud.endpoint('storage.googleapis.com')}storage/v1/b/records/o/"
    site = f"projects/{PROJECT}/sites/told-of"
    made = replace(served, url=served.create_site(site)["defaultUrl"], site=site, status_root=root)
    files = made.viewer()
    release(made.hosting(), files, made.firebase(files))
    yield made
    served.call("DELETE", "firebasehosting.googleapis.com", f"v1beta1/{site}")


def said(reader: Reader, status: str, sentence: str, series: str = "") -> None:
    """What the job says of any study, and of one series of it."""
    of = [{"series": series, "status": status, "reason": "codec", "sentence": sentence}] if series else []
    told = {"schema_version": 1, "study": "1.2", "status": status, "sentence": sentence, "series": of, "updated_at": ""}
    headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
    reader.page.route("**/b/records/o/**", lambda route: route.fulfill(status=200, json=told, headers=headers))


def test_a_slide_that_the_job_blocks_says_why(reader: Reader, slides: Slides, told_of: Platform) -> None:
    said(reader, "blocked", "Its tiles are stored as RLE.", slides["rle"][0].series)

    reader.arrive(link(slides["rle"]), site=told_of.url)

    expect(reader.failure()).to_contain_text("Its tiles are stored as RLE.")
    expect(reader.failure()).to_contain_text("This slide cannot be shown yet")
    assert reader.sent("/frames/") == []


def test_a_study_that_is_not_there_yet_says_what_the_job_says(reader: Reader, told_of: Platform) -> None:
    said(reader, "pending", "It has arrived and is being prepared.")

    reader.arrive("/studies/1.2.3", site=told_of.url)

    expect(reader.failure()).to_contain_text("It has arrived and is being prepared.")


def test_a_study_that_the_job_has_not_seen_warns(reader: Reader, slides: Slides, told_of: Platform) -> None:
    reader.expected.append("404")
    answer = {"status": 404, "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}}
    reader.page.route("**/b/records/o/**", lambda route: route.fulfill(**answer))  # type: ignore[arg-type]

    reader.arrive(link(slides["tissue"]), site=told_of.url)
    reader.wait_for_tiles()

    expect(reader.page.get_by_text("it has said nothing yet, or your account may not read it")).to_be_visible()


def test_a_slide_that_the_engine_refuses_says_so(reader: Reader, slides: Slides) -> None:
    reader.arrive(link(slides["duplicate-level"]))

    expect(reader.failure()).to_contain_text("The engine refuses this slide")


def test_an_unreachable_store_is_said_to_be_unreachable(reader: Reader) -> None:
    reader.expected += ["net::ERR_FAILED", "ERR_CONNECTION"]
    reader.page.route("**/dicomWeb/**", lambda route: route.abort())

    reader.arrive()

    expect(reader.failure()).to_contain_text("could not be reached")


def test_signing_out_forgets_everything(reader: Reader, slides: Slides) -> None:
    reader.sign_in(link(slides["tissue"]))
    reader.wait_for_tiles()

    reader.page.get_by_role("button", name="Sign out").click()
    expect(reader.page.get_by_role("heading", name="You are signed out")).to_be_visible()

    assert reader.storage() == {}
    assert reader.left_behind() == [[], [], 0]
    reader.page.go_back()
    reader.page.get_by_role("link", name=READER).wait_for()


def test_the_sign_in_is_renewed_without_leaving_the_page(reader: Reader, slides: Slides) -> None:
    reader.sign_in()
    old = reader.page.evaluate("JSON.parse(sessionStorage.session).token")
    reader.page.evaluate(
        "sessionStorage.session = JSON.stringify({...JSON.parse(sessionStorage.session), expires: Date.now() + 5000})"
    )
    reader.page.reload()

    expect(reader.page.locator("tbody tr")).to_have_count(len(slides))

    assert reader.page.evaluate("JSON.parse(sessionStorage.session).token") != old


def test_an_answer_that_was_not_asked_for_is_not_believed(reader: Reader) -> None:
    token = reader.served.token(READER)

    reader.open(f"/#access_token={token}&state=stolen&id_token=a.b.c&expires_in=3600")

    expect(reader.failure()).to_contain_text("was not started on this page")
    assert "access_token" not in reader.page.url
    assert reader.sent("/dicomWeb/") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_light_and_dark(reader: Reader, scheme: str) -> None:
    reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    reader.arrive()

    red = reader.screenshot().getpixel((640, 700))[0]

    assert (red > 200) is (scheme == "light")


def test_the_page_cannot_send_anything_elsewhere(reader: Reader) -> None:
    reader.arrive()
    reader.expected += ["Content Security Policy", "Refused to", "violates"]
    other = reader.served.cloud.base + "/healthcare.googleapis.com/v1/projects/other/dicomWeb"

    blocked = reader.page.evaluate(
        """async (other) => {
            const failed = (promise) => promise.then(() => false, () => true);
            const image = new Promise((resolve, reject) => {
                const beacon = new Image(); beacon.onload = resolve; beacon.onerror = reject;
                beacon.src = 'http://127.0.0.1:1/beacon.png';
            });
            const form = document.createElement('form');
            form.action = 'http://127.0.0.1:1/'; form.method = 'post'; document.body.append(form); form.submit();
            return [await failed(fetch('http://127.0.0.1:1/')), await failed(fetch(other)), await failed(image)];
        }""",
        other,
    )

    assert blocked == [True, True, True]
    reader.page.wait_for_function("window.violations.length >= 4")
    directives = sorted(violation.split()[0] for violation in reader.violations())
    assert directives == ["connect-src", "connect-src", "form-action", "img-src"]
    reader.page.evaluate("window.violations = []")
