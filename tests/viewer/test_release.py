from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from localcloud.hosting.library import HOST
from ops.viewer.hosting import HostingApi, HostingError
from ops.viewer.release import UPLOADS_AT_ONCE, differences, labels, release, rollback
from ops.viewer.verify import faults
from tests.localcloud.hosting.platform import READER, SITE, Platform
from viewer.build import CONFIG, FileSet
from viewer.headers import firebase_config


def changed(files: FileSet, path: str = "/404.html", content: bytes = b"changed") -> FileSet:
    return FileSet({**files.files, path: content})


def test_a_release_is_live_with_its_headers(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    done = release(served.hosting(), files, firebase)

    assert (done.changed, done.uploaded, done.total) == (True, len(files.files), len(files.files))
    assert faults(served.url, files, served.config(), firebase) == []


def test_the_same_content_makes_no_new_version(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    first = release(served.hosting(), files, firebase)

    second = release(served.hosting(), files, firebase)

    assert second.changed is False
    assert second.version == first.version
    assert len(served.call("GET", HOST, f"v1beta1/{SITE}/versions")["versions"]) == 1


def test_one_changed_file_is_one_upload(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    release(served.hosting(), files, firebase)
    seen: list[tuple[int, int]] = []

    done = release(served.hosting(), changed(files), firebase, progress=lambda *counts: seen.append(counts))

    assert done.uploaded == 1
    assert seen == [(0, 1), (1, 1)]
    assert requests.get(f"{served.url}/none", timeout=10).text == "changed"


def test_changed_headers_alone_make_a_new_version(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    release(served.hosting(), files, firebase)
    other = firebase_config(served.dicomweb("other"), f"{served.cloud.base}/accounts.google.com")

    done = release(served.hosting(), files, other)

    assert (done.changed, done.uploaded) == (True, 0)


class Interrupted(HostingApi):
    """Stops when the named step is reached."""

    def __init__(self, served: Platform, step: str) -> None:
        super().__init__(served.cloud.endpoint(HOST), SITE, served.token)
        self.uploads = 0
        setattr(self, step, self._stop)

    def _stop(self, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["populate", "finalize", "release"])
def test_a_release_that_stops_half_way_changes_nothing_and_the_next_one_goes_on(
    served: Platform, files: FileSet, firebase: dict[str, Any], step: str
) -> None:
    release(served.hosting(), files, firebase)
    with pytest.raises(KeyboardInterrupt):
        release(Interrupted(served, step), changed(files), firebase)
    assert faults(served.url, files, served.config(), firebase) == []

    done = release(served.hosting(), changed(files), firebase)

    assert done.uploaded == (1 if step == "populate" else 0)
    assert faults(served.url, changed(files), served.config(), firebase) == []


def test_uploads_that_were_interrupted_go_on_where_they_stopped(
    served: Platform, files: FileSet, firebase: dict[str, Any]
) -> None:
    sent: list[str] = []

    class Tired(HostingApi):
        """Ends like a process that is stopped, after three uploads."""

        def upload(self, url: str, digest: str, content: bytes) -> None:
            if len(sent) >= 3:
                raise KeyboardInterrupt
            super().upload(url, digest, content)
            sent.append(digest)

    with pytest.raises(KeyboardInterrupt):
        release(Tired(served.cloud.endpoint(HOST), SITE, served.token), files, firebase)
    assert requests.get(served.url, timeout=10).status_code == 404

    done = release(served.hosting(), files, firebase)

    assert done.uploaded == len(files.files) - len(sent)
    assert faults(served.url, files, served.config(), firebase) == []


def test_the_first_refused_upload_ends_the_others(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    never, tried = threading.Event(), list[str]()

    class Refused(HostingApi):
        def upload(self, url: str, digest: str, content: bytes) -> None:
            tried.append(digest)
            if len(tried) > 1:
                never.wait(0.2)
            raise HostingError("refused")

    with pytest.raises(HostingError, match="refused"):
        release(Refused(served.cloud.endpoint(HOST), SITE, served.token), files, firebase)

    assert len(tried) <= 2 * UPLOADS_AT_ONCE < len(files.files)


def test_a_version_says_which_viewer_and_which_configuration_it_is(
    served: Platform, files: FileSet, firebase: dict[str, Any]
) -> None:
    release(served.hosting(), FileSet(files.files, ref="slim v1.2.3 ABCDEF"), firebase)

    live = served.hosting().live()

    assert live is not None
    assert live["message"] == "slim v1.2.3 ABCDEF"
    told = live["version"]["labels"]
    assert told["ref"] == "slim-v1-2-3-abcdef"
    assert told["config"] == hashlib.sha256(files.files[CONFIG]).hexdigest()[:16]
    assert all(re.fullmatch(r"[a-z0-9_-]{1,63}", text) for pair in told.items() for text in pair)


def test_what_differs_is_told_in_words(files: FileSet, firebase: dict[str, Any]) -> None:
    ours = labels(files, firebase)

    assert differences(ours, ours) == []
    assert differences({**ours, "content": "x"}, ours) == ["other files or headers"]
    assert differences({**ours, "content": "x", "ref": "slim-v1"}, ours) == ["ref slim-v1, here lite-1-2-3"]
    assert differences({}, ours)[1].startswith("configuration unknown, here ")


def test_rollback_brings_the_previous_content_back(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    first = release(served.hosting(), files, firebase)
    release(served.hosting(), changed(files), firebase)

    assert rollback(served.hosting()) == first.version

    assert faults(served.url, files, served.config(), firebase) == []
    live = served.hosting().live()
    assert live is not None
    assert live["type"] == "ROLLBACK"


def test_a_second_rollback_goes_a_step_further_back(served: Platform, files: FileSet, firebase: dict[str, Any]) -> None:
    first, second, _ = (
        release(served.hosting(), changed(files, content=content), firebase).version for content in (b"1", b"2", b"3")
    )

    assert [rollback(served.hosting()), rollback(served.hosting())] == [second, first]
    with pytest.raises(HostingError, match="no earlier release"):
        rollback(served.hosting())


def test_without_an_earlier_release_there_is_no_way_back(
    served: Platform, files: FileSet, firebase: dict[str, Any]
) -> None:
    release(served.hosting(), files, firebase)

    with pytest.raises(HostingError, match="no earlier release"):
        rollback(served.hosting())


@pytest.mark.parametrize(
    ("token", "site", "sentence"),
    [
        (lambda served: "expired", SITE, "get a new one"),
        (lambda served: served.token(READER), SITE, "the caller needs roles/firebasehosting.admin"),
        (
            lambda served: served.token(),
            "projects/somebody/sites/theirs",
            "Permission denied on resource project somebody",
        ),
        (lambda served: served.token(), f"{SITE}x", "deploy the stack first"),
    ],
)
def test_a_refusal_is_one_sentence(
    served: Platform,
    files: FileSet,
    firebase: dict[str, Any],
    token: Callable[[Platform], str],
    site: str,
    sentence: str,
) -> None:
    api = HostingApi(served.cloud.endpoint(HOST), site, lambda: token(served))

    with pytest.raises(HostingError) as refusal:
        release(api, files, firebase)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
