"""`ops viewer pin` against a stand-in of GitHub's API: which release is taken, what is compared, what is written."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ops.viewer.pin import pin_release
from tests.viewer import slim_layout
from tests.viewer.test_slim_pin import XFAIL, report
from viewer.application import SlimSource
from viewer.capabilities import lines_of_suite
from viewer.slim_pin import SAVES, SlimError, can_save, read_pin, require_pass

COMMIT, NEEDED = "c0ffee" + "0" * 34, "feed" * 10


class GitHub:
    """Answers by path; `files` are the archives below releases/download."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"/api/v3/repos/ImagingDataCommons/slim/pulls/427": {"merge_commit_sha": NEEDED}}
        self.files: dict[str, bytes] = {}
        self.releases: list[dict[str, Any]] = []
        self.url = ""

    def publish(
        self, tag: str, content: bytes, *, digest: str | None = "", contains: bool = True, **changes: Any
    ) -> None:
        stated = f"sha256:{hashlib.sha256(content).hexdigest()}" if digest == "" else digest
        path = f"/lab/slim/releases/download/{tag}/slim-{tag}.zip"
        asset = {"name": f"slim-{tag}.zip", "digest": stated}
        release = {"tag_name": tag, "draft": False, "prerelease": False, "assets": [asset], **changes}
        self.files[path] = content
        self.releases.append(release)
        root = "/api/v3/repos/lab/slim"
        self.answers |= {
            f"{root}/releases": self.releases,
            f"{root}/releases/tags/{tag}": release,
            f"{root}/commits/{tag}": {"sha": COMMIT},
            f"{root}/compare/{NEEDED}...{tag}": {"status": "ahead" if contains else "diverged"},
        }


@pytest.fixture
def github() -> Iterator[GitHub]:
    made = GitHub()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path.partition("?")[0])
            found = made.files.get(path) or (json.dumps(made.answers[path]).encode() if path in made.answers else None)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(found or b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def source(github: GitHub, tmp_path: Path) -> SlimSource:
    pinned = slim_layout.pin(repository=f"{github.url}/lab/slim", tag="v1.0.0", sha256="a" * 64)
    file = slim_layout.write_pin(tmp_path / "pin.toml", pinned)
    return SlimSource(pin=file, passes=tmp_path / "passes.json", cache=tmp_path / "cache")


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return slim_layout.write(tmp_path / "made.zip").read_bytes()


def passing(source: SlimSource) -> Any:
    """A suite that passes, about the build that is pinned when it runs."""

    def suite(junit: Path) -> int:
        report(junit, (SAVES, XFAIL), build=read_pin(source.pin).build)
        return 0

    return suite


def pin(source: SlimSource, tag: str = "", suite: Any = None) -> str:
    said: list[str] = []
    pin_release(tag, source, suite or passing(source), said.append)
    return "\n".join(said)


def test_the_newest_release_with_what_is_needed_is_pinned_with_its_pass(
    github: GitHub, source: SlimSource, archive: bytes
) -> None:
    github.publish("v5.0.0", archive, prerelease=True)
    github.publish("v4.0.0", archive, contains=False)
    github.publish("v3.0.0", archive, assets=[])
    github.publish("v2.0.0", archive)
    github.publish("v1.5.0", archive)

    said = pin(source)

    found = read_pin(source.pin)
    assert (found.tag, found.commit, found.sha256) == ("v2.0.0", COMMIT, hashlib.sha256(archive).hexdigest())
    require_pass(found, source.passes)
    assert not can_save(found, source.passes)
    lines = len(lines_of_suite())
    assert f"{lines} tests passed, all {lines} lines of the suite among them; it can: " in said
    assert "it cannot: draw, save, reload (write is not a function)" in said
    assert "commit viewer/slim/pin.toml and viewer/slim/passes.json together" in said


@pytest.mark.parametrize("tag", ["v1.5.0", "v0.46.10-8-gabc1234", "v1.2.3-rc-1", "1.2.3-lab.4", "v1.2.3+lab-4.5"])
def test_a_tag_is_taken_by_name(github: GitHub, source: SlimSource, archive: bytes, tag: str) -> None:
    github.publish("v2.0.0", archive)
    github.publish(tag, archive)

    pin(source, tag)

    found = read_pin(source.pin)
    assert found.tag == tag
    require_pass(found, source.passes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"digest": "sha256:" + "0" * 64}, "pinned is " + "0" * 64),
        ({"digest": None}, "GitHub states no SHA-256 for slim-v2.0.0.zip, so nothing can be compared; by hand"),
        ({"contains": False}, "v2.0.0 does not contain pull request #427"),
        ({"assets": []}, "v2.0.0 has no slim-v2.0.0.zip"),
    ],
)
def test_a_release_that_cannot_be_trusted_or_used_is_not_pinned(
    github: GitHub, source: SlimSource, archive: bytes, changes: dict[str, Any], sentence: str
) -> None:
    github.publish("v2.0.0", archive, **changes)
    before = source.pin.read_text()

    with pytest.raises(SlimError) as refusal:
        pin(source)

    assert sentence in str(refusal.value)
    assert source.pin.read_text() == before
    assert not source.passes.exists()


def test_what_is_no_build_of_slim_is_not_pinned(github: GitHub, source: SlimSource) -> None:
    github.publish("v2.0.0", b"no archive")

    with pytest.raises(SlimError, match="cannot be opened as a zip archive"):
        pin(source)

    assert read_pin(source.pin).tag == "v1.0.0"


@pytest.mark.parametrize("status", [1, 2])
def test_a_build_that_fails_the_suite_leaves_pin_and_passes_as_they_were(
    github: GitHub, source: SlimSource, archive: bytes, status: int
) -> None:
    github.publish("v2.0.0", archive)

    with pytest.raises(SlimError, match=r"the browser suite did not pass on slim v2\.0\.0"):
        pin(source, suite=lambda junit: status)

    assert read_pin(source.pin).tag == "v1.0.0"
    assert not source.passes.exists()


def test_a_report_about_another_build_is_refused(github: GitHub, source: SlimSource, archive: bytes) -> None:
    github.publish("v2.0.0", archive)

    def other(junit: Path) -> int:
        report(junit, (SAVES, XFAIL), build="v9.9.9@x y")
        return 0

    with pytest.raises(SlimError, match=r"is about v9\.9\.9@x y, pinned is v2\.0\.0@"):
        pin(source, suite=other)

    assert read_pin(source.pin).tag == "v1.0.0"


def test_without_a_network_the_way_by_hand_is_told(github: GitHub, tmp_path: Path) -> None:
    file = slim_layout.write_pin(tmp_path / "off.toml", slim_layout.pin(repository="http://127.0.0.1:9/lab/slim"))

    with pytest.raises(SlimError, match=r"127\.0\.0\.1:9 cannot be reached .*; by hand: get slim-TAG\.zip"):
        pin(SlimSource(pin=file, passes=tmp_path / "p.json", cache=tmp_path / "cache"))


def test_a_refusal_of_github_is_a_sentence(github: GitHub, source: SlimSource) -> None:
    with pytest.raises(SlimError, match=r"releases\?per_page=30 was answered 404 Not Found; by hand"):
        pin(source)
