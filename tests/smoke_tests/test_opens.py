"""Check 10 proved: a slide that opens passes; one that is blank, garbled, incomplete or too dear to open is caught."""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from ops.viewer import screenshot
from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from ops.viewer.target import read
from smoke_tests import context, runner
from smoke_tests.browser import CHROMIUM_FLAGS, Opening
from smoke_tests.http import READ_ONLY
from smoke_tests.results import SuiteOutcome
from smoke_tests.sign_in import SmokeSignIn
from smoke_tests.target import Limits, SmokeTarget, from_outputs
from tests import needs
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform
from tests.smoke_tests.faulty import Answered, Asked
from tests.smoke_tests.test_faults import body_changed, is_frame
from viewer.build import build, site_content
from viewer.headers import firebase_config

Store = Callable[[Asked], Answered]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def released(cloud: Platform) -> Platform:
    """The stack with the viewer of its own configuration on its site."""
    target = read(cloud.outputs)
    api = HostingApi(target.endpoint, target.site, lambda: cloud.token(str(from_outputs(cloud.outputs).owner)))
    files = build(target.config, needs.viewer_packages())
    root, authority = target.config["servers"][0]["url"], target.config["oidc"]["authority"]
    release(api, files, firebase_config(root, authority, site_content(files)))
    return cloud


@pytest.fixture
def opened(released: Platform, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SuiteOutcome]:
    """Runs the check with a fault between the browser and the store."""
    needs.chromium()
    monkeypatch.setitem(runner.EXPECTED, "quick", (10,))
    monkeypatch.setitem(context.SIZES, "quick", 2048)

    def run(fault: faulty.Fault = faulty.sound, seconds: float = 60) -> SuiteOutcome:
        target: SmokeTarget = from_outputs(released.outputs)
        with faulty.proxy(target.dicomweb_root, fault) as root:
            return runner.run(
                replace(target, dicomweb_root=root, limits=Limits(opened=seconds)), released.token, profile="quick"
            )

    return run


def white_tiles(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    if not is_frame(asked) or asked.method != "GET" or answer.status != 200:
        return answer
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "white").save(out, "JPEG")
    return body_changed(answer, lambda body: out.getvalue())


def a_tile_that_fails(asked: Asked, store: Store) -> Answered:
    if re.search(r"/frames/2$", asked.path) and asked.method == "GET":
        return Answered(500, {"Access-Control-Allow-Origin": "*"}, b"")
    return store(asked)


def metadata_refused(asked: Asked, store: Store) -> Answered:
    if asked.path.endswith("/metadata") and asked.method == "GET":
        return Answered(403, {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}, b"{}")
    return store(asked)


def test_a_slide_that_opens_passes(opened: Callable[..., SuiteOutcome]) -> None:
    outcome = opened()

    assert [(one.id, one.status, one.reason) for one in outcome.results] == [("10", "pass", "")]
    assert 4 <= outcome.results[0].evidence["tiles"] <= 24


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (white_tiles, r"shows the mean colour \(25\d\.\d, .* the slide's is \("),
        (a_tile_that_fails, r"got no answer to \d+ requests: http\S+/frames/2: 500"),
        (metadata_refused, r"asked for no tile: .*403"),
    ],
)
def test_a_slide_that_does_not_open_is_caught(
    opened: Callable[..., SuiteOutcome], fault: faulty.Fault, words: str
) -> None:
    outcome = opened(fault, 8)

    assert outcome.exit_code == 1
    assert re.search(words, outcome.results[0].reason), outcome.results[0].reason


def test_the_browser_is_started_as_that_of_the_pictures() -> None:
    assert CHROMIUM_FLAGS == screenshot.CHROMIUM_FLAGS


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_page_that_writes_in_a_run_that_only_reads_is_stopped_and_told(method: str) -> None:
    needs.chromium()
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            asked.append(self.command)
            body = f"<canvas></canvas><script>fetch('/studies', {{method: '{method}'}})</script>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815 - the server looks for these names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with serving(Page) as url:
        sign_in = SmokeSignIn("http://sign-in.invalid", "", "")
        opening = Opening(url, url, url, sign_in, 2, READ_ONLY)
        seen = opening.look()

    assert set(asked) == {"GET"}
    assert f"{method} {url}/studies was not sent: this run only reads" in seen.errors


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
