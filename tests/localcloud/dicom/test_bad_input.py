"""Bodies that are not what they should be: the status, the reason, and that nothing of them stays."""

from __future__ import annotations

import errno
import gzip
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.dicom.store.spool import Spool
from tests.localcloud.dicom.support import (
    JSON,
    Served,
    encapsulated,
    encode,
    instance_path,
    multipart,
    serving,
    slide,
    uid,
)

WHOLE = encode(slide())
SMALL_JPEG = b"\xff\xd8\xff\xe0" + bytes(100) + b"\xff\xd9"


def cut_fragments() -> bytes:
    return encode(encapsulated(slide(), "1.2.840.10008.1.2.4.50", [SMALL_JPEG] * 4))[:-40]


def without(keyword: str) -> bytes:
    ds = slide()
    del ds[keyword]
    return encode(ds) if keyword != "SOPInstanceUID" else encode_unchecked(ds)


def encode_unchecked(ds: object) -> bytes:
    return WHOLE.replace(b"\x08\x00\x18\x00UI", b"\x08\x00\x19\x00UI")


def nested(depth: int, undefined: bool) -> bytes:
    """A file with sequences in one another."""
    value = b""
    for _ in range(depth):
        item = b"\xfe\xff\x00\xe0" + len(value).to_bytes(4, "little") + value
        length, end = len(item).to_bytes(4, "little"), b""
        if undefined:
            item = b"\xfe\xff\x00\xe0" + b"\xff" * 4 + value + b"\xfe\xff\x0d\xe0" + bytes(4)
            length, end = b"\xff" * 4, b"\xfe\xff\xdd\xe0" + bytes(4)
        value = b"\x40\x00\x30\xa7SQ\0\0" + length + item + end
    at = WHOLE.index(b"\x48\x00") if b"\x48\x00" in WHOLE else WHOLE.index(b"\xe0\x7f\x10\x00")
    return WHOLE[:at] + value + WHOLE[at:]


BAD_PARTS: dict[str, tuple[bytes, int, str]] = {
    "empty part": (b"", 0xC000, "empty (0 bytes)"),
    "text": (b"hello world " * 100, 0xC000, "not a DICOM file"),
    "random bytes": (os.urandom(5000), 0xC000, "not a DICOM file"),
    "zeros": (bytes(5000), 0xC000, "not a DICOM file"),
    "prefix alone": (bytes(128) + b"DICM", 0xC000, "TransferSyntaxUID"),
    "cut in the header": (WHOLE[:200], 0xC000, "truncated"),
    "cut in the data set": (WHOLE[: WHOLE.index(b"\x28\x00\x10\x00US") + 9], 0xC000, "truncated"),
    "cut in the pixels": (WHOLE[:-100], 0xC000, "truncated: element (7FE0,0010)"),
    "cut by one byte": (WHOLE[:-1], 0xC000, "truncated"),
    "cut in the fragments": (cut_fragments(), 0xC000, "truncated"),
    "garbage behind the end": (WHOLE + os.urandom(100), 0xC000, "offset"),
    "no study": (without("StudyInstanceUID"), 0xC000, "StudyInstanceUID is missing"),
    "no series": (without("SeriesInstanceUID"), 0xC000, "SeriesInstanceUID is missing"),
    "no instance": (without("SOPInstanceUID"), 0xC000, "SOPInstanceUID is missing"),
    "study that is no UID": (encode(slide(StudyInstanceUID="1.2.x/..")), 0xC000, "is not a UID"),
    "10,000 sequences deep": (nested(10_000, undefined=True), 0xC000, "deep"),
    "10,000 sequences deep, lengths given": (nested(10_000, undefined=False), 0xC000, ""),
    "prefix twice": (WHOLE[:132] + WHOLE[128:], 0xC000, ""),
}


@pytest.mark.parametrize("name", BAD_PARTS)
def test_bad_part_is_named_and_nothing_of_it_is_kept(served: Served, name: str) -> None:
    body, reason, words = BAD_PARTS[name]

    response = served.store(body)

    assert response.status_code == 409
    (failed,) = response.json()["00081198"]["Value"]
    assert failed["00081197"]["Value"] == [reason]
    assert words in failed["00091097"]["Value"][0]
    assert "00081199" not in response.json()
    assert served.files() == []
    assert served.get("instances").status_code == 204


@pytest.mark.parametrize("undefined", [True, False])
def test_moderate_nesting_is_stored(served: Served, undefined: bool) -> None:
    assert served.store(nested(30, undefined)).status_code == 200


def test_wrong_study_in_the_path_names_both(served: Served) -> None:
    ds, other = slide(), uid()

    response = served.store(ds, study=other)

    assert response.status_code == 409
    (failed,) = response.json()["00081198"]["Value"]
    assert failed["00081155"]["Value"] == [ds.SOPInstanceUID]
    assert failed["00081197"]["Value"] == [0xA901]
    assert ds.StudyInstanceUID in failed["00091097"]["Value"][0]
    assert other in failed["00091097"]["Value"][0]
    assert served.files() == []


BODY, KIND = multipart([WHOLE])
AND_A_HALF = BODY[: -len("--b0undary--\r\n")] + BODY[:-300]
"""One whole part and the beginning of another."""
BAD_REQUESTS: dict[str, tuple[bytes, str, int, str]] = {
    "no boundary": (BODY, "multipart/related; type=application/dicom", 400, "boundary"),
    "no content type": (BODY, "", 400, "not supported"),
    "plain text": (BODY, "text/plain", 400, "text/plain"),
    "form data": (BODY, "multipart/form-data; boundary=b0undary", 400, "multipart/form-data"),
    "xml metadata": (BODY, 'multipart/related; type="application/dicom+xml"; boundary=b', 400, "dicom+xml"),
    "other boundary": (BODY, "multipart/related; boundary=other", 400, "closing delimiter"),
    "no closing delimiter": (BODY[:-20], KIND, 400, "closing delimiter"),
    "no parts": (b"--b0undary--\r\n", KIND, 400, "no parts"),
    "nothing": (b"", KIND, 400, "closing delimiter"),
    "part of another type": (BODY.replace(b"application/dicom", b"image/jpeg"), KIND, 400, "image/jpeg"),
    "header without colon": (BODY.replace(b"Content-Type:", b"Content-Type"), KIND, 400, "no colon"),
    "endless header": (b"--b0undary\r\n" + b"x" * 40_000, KIND, 400, "headers do not end"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_request_is_refused_with_its_reason(served: Served, name: str) -> None:
    body, kind, status, words = BAD_REQUESTS[name]

    response = served.call("POST", "studies", data=body, headers={"Content-Type": kind, "Accept": JSON})

    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] == status
    assert words in error["message"]
    assert served.files() == []


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def begin(served: Served, length: int, body: bytes) -> socket.socket:
    """A raw request that promises `length` bytes and sends `body`."""
    host, port = served.base.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    path = served.root.removeprefix(served.base) + "/studies"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {served.token()['Authorization']}\r\n"
        f"Content-Type: {KIND}\r\nAccept: {JSON}\r\nContent-Length: {length}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def test_body_that_never_arrives_meets_the_deadline(tmp_path: Path) -> None:
    with serving(tmp_path, request_seconds=0.3) as served:
        connection = begin(served, 10 * 2**30, AND_A_HALF)

        answer = connection.recv(65536).decode()

        assert answer.startswith("HTTP/1.1 503")
        assert "deadline of 0.3 seconds" in answer
        assert eventually(lambda: served.files() == [])
        assert served.get("instances").status_code == 204, "not even the part that was complete"
        assert served.store(slide()).status_code == 200, "the server is still up"
        connection.close()


def test_body_that_is_not_encoded_as_it_says_is_refused(served: Served) -> None:
    headers = {"Content-Type": KIND, "Content-Encoding": "gzip"}

    response = served.call("POST", "studies", data=b"not gzip at all", headers=headers)

    assert (response.status_code, served.files()) == (400, [])
    assert "not encoded as its headers say" in response.json()["error"]["message"]


def test_coding_that_nobody_knows_is_refused(served: Served) -> None:
    response = served.call("POST", "studies", data=BODY, headers={"Content-Type": KIND, "Content-Encoding": "zip"})

    assert (response.status_code, served.files()) == (400, [])
    assert "'zip'" in response.json()["error"]["message"]


def test_client_that_disconnects_leaves_nothing(served: Served) -> None:
    connection = begin(served, 10**9, AND_A_HALF)
    assert eventually(lambda: len(served.files()) >= 2), "a complete and a begun file"

    connection.close()

    assert eventually(lambda: served.files() == [])
    assert served.get("instances").status_code == 204


def test_full_disk_is_said_and_nothing_is_kept(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Spool, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "write", full)
        response = served.store(slide())

    assert response.status_code == 507
    assert response.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert "disk" in response.json()["error"]["message"]
    assert served.files() == []
    assert served.store(slide()).status_code == 200


def test_what_a_crash_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    ds = slide()
    with serving(tmp_path) as served:
        served.store(ds)
        folder = served.files()[0].parent
    (folder / "left.dcm").write_bytes(b"half a file")

    with serving(tmp_path) as served:
        assert served.get(instance_path(ds) + "/metadata").status_code == 200
        assert not (folder / "left.dcm").exists()


@pytest.mark.parametrize(
    "kind", [f'multipart/related; type="{JSON}"; boundary=b', f"multipart/related;type={JSON};boundary=b"]
)
def test_metadata_in_json_are_refused_in_a_sentence_and_nothing_is_stored(served: Served, kind: str) -> None:
    body = b"--b\r\nContent-Type: application/dicom+json\r\n\r\n[{}]\r\n--b--"

    response = served.call(
        "POST", "studies", data=body, headers={"Content-Type": f"multipart/related; {kind}", "Accept": JSON}
    )

    assert (response.status_code, served.files()) == (501, [])
    assert response.json()["error"]["status"] == "UNIMPLEMENTED"
    assert "storing metadata as application/dicom+json" in response.json()["error"]["message"]


def failures_of(answer: dict[str, Any]) -> list[str]:
    return [refused["00091097"]["Value"][0] for refused in answer["00081198"]["Value"]]


def deflated(megabytes: int) -> bytes:
    """A DICOM file whose data set deflates to a thousandth: black pixels."""
    ds = slide(frames=1, samples=1)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    side = 1024
    ds.Rows = ds.Columns = side
    ds.NumberOfFrames, ds.PixelData = megabytes, bytes(megabytes * side * side)
    return encode(ds)


def test_a_small_deflated_file_does_not_become_a_large_one(served: Served) -> None:
    bomb = deflated(200)
    assert len(bomb) < 300_000

    response = served.store(bomb)

    assert response.status_code == 409
    [message] = failures_of(response.json())
    assert "inflate to more than 67108864" in message
    assert served.files() == []


def test_small_deflated_files_do_not_become_many_large_ones(served: Served) -> None:
    response = served.store(*(deflated(20) for _ in range(8)))

    assert response.status_code == 409
    assert sum(file.stat().st_size for file in served.files() if file.suffix == ".raw") <= 64 * 2**20
    assert "inflate to more than" in failures_of(response.json())[-1]


def test_a_small_gzipped_body_does_not_become_a_large_one(served: Served) -> None:
    body = gzip.compress(bytes(200 * 2**20), 9)

    headers = {"Content-Type": "application/dicom", "Accept": JSON, "Content-Encoding": "gzip"}
    response = served.call("POST", "studies", data=body, headers=headers)

    assert (response.status_code, served.files()) == (400, [])
    assert "compressed bytes of this request inflate to more than" in response.json()["error"]["message"]


def test_thousands_of_parts_that_are_no_files_are_refused_in_a_moment(served: Served) -> None:
    body, kind = multipart([b""] * 9_000)
    started = time.process_time()

    response = served.call("POST", "studies", data=body, headers={"Content-Type": kind, "Accept": JSON})

    assert (response.status_code, served.files()) == (409, [])
    assert len(failures_of(response.json())) == 9_000
    assert time.process_time() - started < 5

    body, kind = multipart([b"x"] * 10_001)
    assert served.call("POST", "studies", data=body, headers={"Content-Type": kind}).status_code == 400


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/related; boundary*=utf-8''b; type*0=a",
        "multipart/related; boundary*0*=x'y'b; boundary*1=c",
        "multipart/related; boundary*=%; type",
        "multipart/related; =; ;; boundary",
        "multipart/related; boundary*99999999999999999999=b",
    ],
)
def test_parameters_that_http_does_not_have_are_refused_or_ignored(served: Served, kind: str) -> None:
    body = b"--b\r\nContent-Type: application/dicom; x*=y''z\r\n\r\n\r\n--b--"

    assert served.call("POST", "studies", data=body, headers={"Content-Type": kind}).status_code == 400
    headers = {"Content-Type": "multipart/related; boundary=b", "Accept": f"{JSON}; q*=utf-8''1, text/plain; q=nan"}
    assert served.call("POST", "studies", data=body, headers=headers).status_code == 400
