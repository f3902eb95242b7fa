from __future__ import annotations

import http.server
import stat
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.viewer import slim_layout
from viewer import slim_archive
from viewer.slim_archive import archive, keep, unpack
from viewer.slim_pin import SlimError, SlimPin


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return slim_layout.write(tmp_path / "slim-v9.9.9.zip")


class ReleasePage(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """A release page: what lies in the folder `page` is served under this URL."""
    (tmp_path / "page").mkdir()
    handler = partial(ReleasePage, directory=str(tmp_path / "page"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def publish(tmp_path: Path, pinned: SlimPin, content: bytes) -> None:
    asset = tmp_path / "page/releases/download" / pinned.tag / pinned.archive
    asset.parent.mkdir(parents=True)
    asset.write_bytes(content)


def test_the_files_are_served_from_the_folder_of_the_page(made: Path) -> None:
    files = unpack(made)

    assert files == {f"/{name}": content for name, content in slim_layout.FILES.items()}


def test_an_archive_without_a_folder_is_opened_too(tmp_path: Path) -> None:
    files = unpack(slim_layout.write(tmp_path / "flat.zip", folder=""))

    assert "/index.html" in files


def test_a_given_archive_with_the_pinned_hash_is_taken(made: Path, tmp_path: Path) -> None:
    assert archive(slim_layout.pin(made), made, tmp_path / "cache") == made


def test_an_archive_with_another_hash_is_refused_naming_both(made: Path, tmp_path: Path) -> None:
    with pytest.raises(SlimError, match=f"has the hash {slim_archive.sha256(made)}, pinned for v9.9.9 is {'0' * 64}"):
        archive(slim_layout.pin(sha256="0" * 64), made, tmp_path / "cache")


def test_without_a_recorded_hash_the_command_that_records_it_is_named(made: Path, tmp_path: Path) -> None:
    with pytest.raises(SlimError, match=r"python -m ops viewer pin --archive slim-v9\.9\.9\.zip"):
        archive(slim_layout.pin(), made, tmp_path / "cache")


def test_what_was_pinned_need_not_be_fetched(made: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    assert keep(made, cache) == slim_archive.sha256(made)

    assert archive(slim_layout.pin(made), None, cache).parent == cache


def test_it_is_fetched_from_the_release_page_once_with_progress(made: Path, tmp_path: Path, page: str) -> None:
    pinned = slim_layout.pin(made, repository=page)
    publish(tmp_path, pinned, made.read_bytes())
    seen: list[tuple[int, int]] = []

    first = archive(pinned, None, tmp_path / "cache", lambda done, total: seen.append((done, total)))
    again = archive(pinned, None, tmp_path / "cache", lambda done, total: pytest.fail("fetched again"))

    assert first == again
    assert first.read_bytes() == made.read_bytes()
    assert seen[-1] == (made.stat().st_size, made.stat().st_size)


def test_a_changed_archive_on_the_release_page_is_not_kept(made: Path, tmp_path: Path, page: str) -> None:
    pinned = slim_layout.pin(made, repository=page)
    publish(tmp_path, pinned, made.read_bytes() + b"\0")

    with pytest.raises(SlimError, match="nothing was released: find out why the published archive changed"):
        archive(pinned, None, tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_tag_that_does_not_exist_is_named(made: Path, tmp_path: Path, page: str) -> None:
    with pytest.raises(SlimError, match=r"v9\.9\.9/slim-v9\.9\.9\.zip does not exist: check tag v9\.9\.9"):
        archive(slim_layout.pin(made, repository=page), None, tmp_path / "cache")


def test_a_release_page_that_cannot_be_reached_says_how_to_do_without(made: Path, tmp_path: Path) -> None:
    with pytest.raises(SlimError, match="fetch it elsewhere and pass --archive FILE"):
        archive(slim_layout.pin(made, repository="http://127.0.0.1:9"), None, tmp_path / "cache")


@pytest.mark.parametrize(
    "name",
    ["../outside.js", "build/../../outside.js", "/etc/passwd", "C:/windows.js", "build\\..\\outside.js"],
)
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = slim_layout.write(tmp_path / "bad.zip", {**slim_layout.FILES})
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(name, b"bad")

    with pytest.raises(SlimError, match="names a file outside of itself"):
        unpack(path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = slim_layout.write(tmp_path / "bad.zip")
    entry = zipfile.ZipInfo("build/secret.txt")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(entry, "/etc/passwd")

    with pytest.raises(SlimError, match=r"'build/secret\.txt' in the archive is a link"):
        unpack(path)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim_archive, "MAX_FILE", 1000)
    path = slim_layout.write(tmp_path / "bomb.zip", {**slim_layout.FILES, "static/big.js": bytes(1001)})

    with pytest.raises(SlimError, match=r"static/big\.js in the archive unpacks to more than is allowed"):
        unpack(path)


def test_files_that_are_too_much_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim_archive, "MAX_TOTAL", 2000)
    path = slim_layout.write(tmp_path / "bomb.zip", {f"{number}.js": bytes(900) for number in range(3)})

    with pytest.raises(SlimError, match="unpacks to more than is allowed"):
        unpack(path)


def test_too_many_files_are_refused(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim_archive, "MAX_FILES", 3)

    with pytest.raises(SlimError, match=f"has {len(slim_layout.FILES)} files, the limit is 3"):
        unpack(made)


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"not a zip", "cannot be opened as a zip archive"), (None, "has no index.html")]
)
def test_what_is_not_a_build_is_refused(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "x.zip"
    if content is None:
        slim_layout.write(path, {"readme.txt": b""})
    else:
        path.write_bytes(content)

    with pytest.raises(SlimError, match=sentence):
        keep(path, tmp_path / "cache")

    assert not (tmp_path / "cache").exists()
