"""The DICOM store's client against a scripted server: refusals told apart, pages counted, server text kept out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from prepare.dicomweb import store as store_module
from prepare.dicomweb.storage_class import set_storage_class
from prepare.dicomweb.store import DicomStore
from prepare.errors import CannotRun, Gone, SeriesFailed

from tests.jobs.fakes import STORE, pyramid

CANARY = "CANARY^JANE"
Answer = tuple[int, str, bytes]


class Script:
    """Answers by path; `seen` are the requests so far."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[str], Answer]] = {}
        self.seen: list[tuple[str, str]] = []

    def on(self, ending: str, status: int, body: Any, kind: str = "application/dicom+json") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[ending] = lambda _: (status, kind, data)

    def answer(self, path: str) -> Answer:
        endings = [ending for ending in self.answers if path.partition("?")[0].endswith(ending)]
        return self.answers[max(endings, key=len)](path) if endings else (404, "text/plain", b"")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def store(script: Script) -> Iterator[DicomStore]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            script.seen.append((self.path, self.headers["Accept"]))
            status, kind, body = script.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with requests.Session() as session:
            session.trust_env = False
            yield DicomStore(f"http://127.0.0.1:{server.server_port}/v1/{STORE}/dicomWeb", session)
        server.shutdown()


def refused(status: int) -> dict[str, Any]:
    return {"error": {"code": status, "message": f"no {CANARY} here"}}


def test_the_store_is_named_as_google_names_it(store: DicomStore) -> None:
    assert store.name == STORE


@pytest.mark.parametrize("status", [403, 404])
def test_refused_is_gone_when_the_store_lets_us_search(store: DicomStore, script: Script, status: int) -> None:
    script.on("/metadata", status, refused(status))
    script.on("/studies", 200, [])
    with pytest.raises(Gone, match=r"series 1\.2\.1 of study 1\.2 is not in projects/") as error:
        store.metadata("1.2", "1.2.1")
    assert CANARY not in str(error.value)
    assert script.seen[-1][0].endswith("/studies?limit=1")


def test_refused_is_no_permission_when_the_store_lets_us_search_nothing(store: DicomStore, script: Script) -> None:
    script.on("/metadata", 403, refused(403))
    script.on("/studies", 403, refused(403))
    with pytest.raises(CannotRun, match=r"healthcare\.dicomStores\.dicomWebRead"):
        store.metadata("1.2", "1.2.1")


def test_refused_credentials_end_the_run(store: DicomStore, script: Script) -> None:
    script.on("/metadata", 401, refused(401))
    with pytest.raises(CannotRun, match="credentials"):
        store.metadata("1.2", "1.2.1")


@pytest.mark.parametrize("status", [406, 500])
def test_other_refusals_fail_the_series_in_our_words(store: DicomStore, script: Script, status: int) -> None:
    script.on("/frames/1", status, refused(status))
    with pytest.raises(SeriesFailed, match=rf"frame 1 of instance 1\.2\.1\.1: .* answered {status}") as error:
        store.frames("1.2", "1.2.1", "1.2.1.1", [1])
    assert CANARY not in str(error.value)


@pytest.mark.parametrize("status", [400, 404, 416])
def test_frames_that_a_store_does_not_have_are_left_out(store: DicomStore, script: Script, status: int) -> None:
    script.on("/frames/9", status, refused(status))
    assert store.frames("1.2", "1.2.1", "1.2.1.1", [9]) == {}


def test_an_answer_that_is_not_dicom_json_fails_the_series(store: DicomStore, script: Script) -> None:
    script.on("/metadata", 200, b"<html>" + CANARY.encode())
    with pytest.raises(SeriesFailed, match="not DICOMweb") as error:
        store.metadata("1.2", "1.2.1")
    assert CANARY not in str(error.value)


def test_a_store_that_is_not_there_fails_the_series() -> None:
    with requests.Session() as session, pytest.raises(SeriesFailed, match="could not be reached"):
        DicomStore("http://127.0.0.1:9/dicomWeb", session).metadata("1.2", "1.2.1")


@pytest.mark.parametrize("body", [b"", b"[]"])
def test_an_empty_listing_is_gone(store: DicomStore, script: Script, body: bytes) -> None:
    script.on("/instances", 200 if body else 204, body)
    with pytest.raises(Gone, match=r"study 1\.2 is not in"):
        store.instances("1.2")


def test_listings_are_read_to_the_last_page(store: DicomStore, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PAGE", 2)
    items = pyramid()

    def page(path: str) -> Answer:
        offset = int(path.partition("offset=")[2].split("&")[0])
        return 200, "application/dicom+json", json.dumps(items[offset : offset + 2]).encode()

    script.answers["/instances"] = page
    assert [row.instance for row in store.instances("1.2")] == [f"1.2.1.{number}" for number in range(1, 6)]
    assert len(script.seen) == 3


def test_frames_are_asked_for_as_the_viewer_does(store: DicomStore, script: Script) -> None:
    body = b"--b\r\nContent-Type: application/octet-stream\r\n\r\nPIXELS\r\n--b--\r\n"
    script.on("/frames/7", 200, body, 'multipart/related; type="application/octet-stream"; boundary=b')
    assert store.frames("1.2", "1.2.1", "1.2.1.1", [7]) == {7: b"PIXELS"}
    assert script.seen[-1][1] == 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def test_the_transfer_syntax_is_read_from_the_head_of_the_instance(store: DicomStore, script: Script) -> None:
    uid = b"1.2.840.10008.1.2.2\0"
    length = b"\x02\0\0\0UL\x04\0" + (8 + len(uid)).to_bytes(4, "little")
    meta = length + b"\x02\0\x10\0UI" + len(uid).to_bytes(2, "little") + uid
    part = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + bytes(128) + b"DICM" + meta + bytes(9000)
    script.on("/instances/1.2.1.1", 200, part, "multipart/related; boundary=b")
    assert store.transfer_syntax("1.2", "1.2.1", "1.2.1.1") == "1.2.840.10008.1.2.2"


def test_a_head_that_is_no_dicom_fails_the_series(store: DicomStore, script: Script) -> None:
    script.on("/instances/1.2.1.1", 200, b"nothing of the kind", "multipart/related; boundary=b")
    with pytest.raises(SeriesFailed, match="does not begin as a DICOM file"):
        store.transfer_syntax("1.2", "1.2.1", "1.2.1.1")


MOVE = "studies/1.2:setBlobStorageSettings"
SEARCHES = {"may": (200, []), "may not": (403, refused(403))}


@pytest.mark.parametrize(
    ("status", "searches", "kind", "words"),
    [
        (401, "may", CannotRun, r"does not accept the credentials of this job \(401\)"),
        (403, "may", CannotRun, r"no permission to move study 1\.2 .* needs healthcare\.dicomStores\.dicomWebWrite"),
        (403, "may not", CannotRun, r"no permission to read projects/.* needs healthcare\.dicomStores\.dicomWebRead"),
        (404, "may", Gone, r"study 1\.2 is not in projects/"),
        (404, "may not", CannotRun, r"no permission to read projects/"),
        (400, "may", SeriesFailed, r"study 1\.2: projects/.* answered 400"),
    ],
)
def test_a_move_that_is_refused_is_told_as_any_other_refusal(
    store: DicomStore, script: Script, status: int, searches: str, kind: type[Exception], words: str
) -> None:
    """Only what is known to be gone is Gone: an entry of the archive is dropped for it."""
    script.on(MOVE, status, refused(status))
    script.on("/studies", *SEARCHES[searches])
    with pytest.raises(kind, match=words) as error:
        set_storage_class(store, "1.2", "coldline")
    assert type(error.value) is kind
    assert CANARY not in str(error.value)


def test_a_move_answers_with_the_name_of_its_operation(store: DicomStore, script: Script) -> None:
    script.on(MOVE, 200, {"name": "operations/1"})
    assert set_storage_class(store, "1.2", "coldline") == "operations/1"
