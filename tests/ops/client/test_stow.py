"""One file by STOW against a scripted store: streamed with its length, repeated whole, answers taken at their word."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from pydicom.data import get_testdata_file
from requests.adapters import HTTPAdapter

from ops.client.http import ALL
from ops.client.stow import MultipartFile, StoreClosed, Unsendable, store
from ops.load.files import DicomFile, scan

CT = Path(str(get_testdata_file("CT_small.dcm")))


class Store:
    """Answers in order, the last for ever; keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.root = ""


@pytest.fixture
def peer() -> Iterator[Store]:
    peer = Store()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            peer.got.append((dict(self.headers), body))
            status, content = peer.answers.pop(0) if len(peer.answers) > 1 else peer.answers[0]
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # clients that go away in the middle are part of these tests
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        peer.root = f"http://127.0.0.1:{server.server_port}/dicomWeb"
        yield peer
        server.shutdown()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=ALL.new(backoff_factor=0.0, backoff_jitter=0.0)))
        yield session


@pytest.fixture
def file() -> DicomFile:
    ((file,), _) = scan(CT)
    return file


def said(sequence: str, file: DicomFile, **more: Any) -> dict[str, Any]:
    item = {"00081155": {"vr": "UI", "Value": [file.instance]}}
    return {sequence: {"vr": "SQ", "Value": [item | {tag: {"Value": [value]} for tag, value in more.items()}]}}


def stored(file: DicomFile) -> dict[str, Any]:
    return said("00081199", file)


def refused(file: DicomFile, reason: int, detail: str = "") -> dict[str, Any]:
    return said("00081198", file, **{"00081197": reason, "00091097": detail})


def nothing(_: int) -> None:
    pass


def test_the_file_is_one_part_of_a_body_with_a_known_length(
    peer: Store, session: requests.Session, file: DicomFile
) -> None:
    peer.answers = [(200, stored(file))]
    outcome = store(session, peer.root, file, nothing)
    assert outcome.kind == "stored"
    ((headers, body),) = peer.got
    assert "Transfer-Encoding" not in headers
    message = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    (part,) = message.get_payload()
    assert part.get_content_type() == "application/dicom"
    assert CT.read_bytes() in body
    assert headers["Accept"] == "application/dicom+json"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_trouble_sends_the_whole_file_again(
    status: int, peer: Store, session: requests.Session, file: DicomFile
) -> None:
    counted: list[int] = []
    peer.answers = [(status, {}), (200, stored(file))]
    outcome = store(session, peer.root, file, counted.append)
    assert outcome.kind == "stored"
    assert [len(body) for _, body in peer.got] == [len(peer.got[0][1])] * 2
    assert sum(counted) == file.bytes


@pytest.mark.parametrize(
    "answer",
    [
        {},
        b"",
        b"<xml/>",
        [],
        {"00081199": {"Value": [{"00081155": {"Value": ["1.2.3.another"]}}]}},
    ],
)
def test_a_200_that_does_not_name_the_instance_is_no_success(
    answer: Any, peer: Store, session: requests.Session, file: DicomFile
) -> None:
    peer.answers = [(200, answer)]
    outcome = store(session, peer.root, file, nothing)
    assert outcome.kind == "refused"


@pytest.mark.parametrize(
    ("detail", "words"),
    [("", "the file does not match its SOP class"), ("pixel data is cut off", "pixel data is cut off")],
)
def test_a_200_that_lists_the_instance_as_failed_is_a_failure(
    detail: str, words: str, peer: Store, session: requests.Session, file: DicomFile
) -> None:
    peer.answers = [(200, refused(file, 0xA900, detail))]
    outcome = store(session, peer.root, file, nothing)
    assert outcome.kind == "refused"
    assert outcome.reason == f"the store refused it: {words} (FailureReason 43264)"


@pytest.mark.parametrize("detail", ["instance already exists", "already exists, but the DICOM files differ"])
def test_what_is_already_there_is_left_to_be_compared(
    detail: str, peer: Store, session: requests.Session, file: DicomFile
) -> None:
    peer.answers = [(409, refused(file, 272, detail))]
    assert store(session, peer.root, file, nothing).kind == "there"


@pytest.mark.parametrize(("status", "words"), [(401, "credentials"), (403, "healthcare.dicomStores.dicomWebWrite")])
def test_no_permission_ends_the_load(
    status: int, words: str, peer: Store, session: requests.Session, file: DicomFile
) -> None:
    peer.answers = [(status, {})]
    with pytest.raises(StoreClosed, match=words):
        store(session, peer.root, file, nothing)


def test_a_store_that_is_not_there_is_a_refusal(session: requests.Session, file: DicomFile) -> None:
    outcome = store(session, "http://127.0.0.1:9", file, nothing)
    assert "could not be reached" in outcome.reason


def test_a_file_that_changes_while_it_is_sent_is_not_repeated(
    peer: Store, session: requests.Session, file: DicomFile
) -> None:
    peer.answers = [(200, stored(file))]
    outcome = store(session, peer.root, replace(file, bytes=file.bytes + 5), nothing)
    assert outcome.reason == "cannot be read: it became shorter meanwhile"


def test_a_file_is_read_block_by_block(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    with path.open("wb") as out:
        out.truncate(5 * 2**20)
    blocks = [len(block) for block in MultipartFile(DicomFile(path, 5 * 2**20, "1", "2", "3", ("", "")), nothing)]
    assert max(blocks) <= 2**20
    assert sum(blocks) == len(MultipartFile(DicomFile(path, 5 * 2**20, "1", "2", "3", ("", "")), nothing))


def test_a_file_that_is_gone_is_unsendable(tmp_path: Path) -> None:
    with pytest.raises(Unsendable, match="No such file"):
        list(MultipartFile(DicomFile(tmp_path / "gone", 5, "1", "2", "3", ("", "")), nothing))
