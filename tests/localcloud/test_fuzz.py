"""Requests of every kind at the whole server: no answer of 500, none that takes two seconds. `SLOW=1` sends 20,000.

They are drawn from Google's discovery documents (paths, parameters and bodies that fit, nearly fit or do not) and from
DICOMweb's grammar (resources, searches, media types, multipart bodies). A seed makes a run repeatable; what fails is
printed as it was sent.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import string
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from engine import discovery
from engine.apis import APIS
from localcloud.assemble import Parts
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from tests.localcloud.dicom.support import encode, slide

REQUESTS = 20_000 if os.environ.get("SLOW") else 1_200
SEED = int(os.environ.get("FUZZ_SEED", "20261130"))
SLOWEST = 2.0
PROJECT = "projects/dicom-local"
STORE = f"{PROJECT}/locations/europe-west4/datasets/imaging/dicomStores/raw"
DICOMWEB = f"/healthcare.googleapis.com/v1/{STORE}/dicomWeb"
ODD = [
    *(
        "",
        "..",
        ".",
        "%",
        "%00",
        "²",
        "-1",
        "0",
        "9" * 30,
        "null",
        "*",
        "\\",
        "a\r\nb",
        "é",
        "\ud800",
        "\x00",
        "a" * 2000,
    ),
    *("${x}", "'", '"', "(((", "[z-a]", "bytes=5-1", "1.2.3", "=?utf-8?q?x?=", "a;b=c", "NaN", "1e999", "true"),
]
HEADERS = {
    "Content-Type": [
        *("application/json", "application/dicom", "multipart/related", "multipart/related; boundary=b", "", "a"),
        *('multipart/related; type="application/dicom"; boundary=b', "multipart/mixed; boundary*0=b; boundary*1=c"),
        *('multipart/related; type="application/dicom+json"; boundary=b', "text/plain; charset=nope", 'x/y; a="'),
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/related; boundary*=u'v'w"),
    ],
    "Accept": [
        *("*/*", "application/dicom+json", "application/dicom+xml", "application/dicom; transfer-syntax=*", "a", ",,,"),
        *('multipart/related; type="image/jpeg"; transfer-syntax=*', "image/png", "image/*;q=0.5, */*;q=nope", "q=1"),
        *('multipart/related; type="application/octet-stream"', "a/b; q*=utf-8''1", 'multipart/related; type="', "*/x"),
    ],
    "Range": ["bytes=5-1", "bytes=-", "bytes=0-0", "bytes=99-", "bytes=-5", "x", "bytes=0-1,2-3", f"bytes={'9' * 40}-"],
    "Content-Encoding": ["gzip", "deflate", "identity", "br", "nope"],
    "Content-Range": ["bytes 0-1/2", "bytes */*", "bytes 5-1/1", f"bytes 0-{'9' * 30}/*", "x"],
    "X-Upload-Content-Type": ["text/plain", "a\x85b", "x" * 300],
    "X-Goog-Hash": ["md5=x", "crc32c=,md5", "="],
    "Origin": ["http://evil.example", "null"],
    "If-None-Match": ['"x"', "*"],
}


LIKELY = {
    "projectsId": "dicom-local",
    "locationsId": "europe-west4",
    "datasetsId": "imaging",
    "dicomStoresId": "raw",
    "bucket": "records",
    "sitesId": "s",
}
"""Variable of a path -> a value that names something that is there."""


class Requests:
    """Draws one request after the other: (method, target, headers, body)."""

    def __init__(self, chance: random.Random, sop: list[str]) -> None:
        self.chance = chance
        self.uids = sop
        self.methods = [
            (f"/{host}/{base}", method, path)
            for host, bases in APIS.items()
            for base, name in bases.items()
            for method, path in discovery._methods(host, base, name)
        ]
        self.file = encode(slide(frames=1))

    def draw(self) -> tuple[str, str, dict[str, str], bytes]:
        kind: Callable[[], tuple[str, str, dict[str, str], bytes]] = self.chance.choices(
            (self.dicomweb, self.api, self.objects, self.other), (5, 6, 3, 1)
        )[0]
        method, target, headers, body = kind()
        for name, values in HEADERS.items():
            if self.chance.random() < 0.12:
                headers[name] = self.chance.choice(values)
        return method, target, headers, body

    def pick(self, *values: Any) -> Any:
        return self.chance.choice(values)

    def text(self) -> str:
        if self.chance.random() < 0.7:
            return self.pick(*ODD)
        return "".join(self.chance.choices(string.printable, k=self.chance.randrange(12)))

    def segment(self, *likely: str) -> str:
        value = self.pick(*likely) if likely and self.chance.random() < 0.8 else self.text()
        return quote(value, safe="", errors="replace")

    def dicomweb(self) -> tuple[str, str, dict[str, str], bytes]:
        study, series, instance = self.uids
        path = ""
        for level, uid in (("studies", study), ("series", series), ("instances", instance)):
            if self.chance.random() < 0.8:
                path += f"/{level}/{self.segment(uid, '1.2.3')}"
        path += self.pick(
            "", "", "/studies", "/series", "/instances", "/metadata", "/rendered", "/frames/1", "/frames/"
        )
        if self.chance.random() < 0.3:
            frames = self.pick("1", "1,1", "0", "2", "1,", "9" * 12, ",".join(["1"] * 50), self.segment())
            path += self.pick(
                f"/frames/{frames}", f"/frames/{frames}/rendered", f"/bulkdata/{self.segment('7FE00010')}"
            )
        query = [
            (self.pick("limit", "offset", "includefield", "fuzzymatching", "PatientName", "StudyDate", "viewport",
                       "00100010", "ModalitiesInStudy", "SOPInstanceUID", self.text()),
             self.pick("1", "all", "20200101-", "true", "100,100", "SM", study, self.text()))
            for _ in range(self.chance.choice((0, 0, 0, 1, 2, 3)))
        ]  # fmt: skip
        method = self.pick(
            "GET", "GET", "GET", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE" if not path else "GET"
        )
        return method, DICOMWEB + path + self.query(query), {}, self.dicom_body() if method == "POST" else b""

    def dicom_body(self) -> bytes:
        piece = self.pick(self.file, self.file[: self.chance.randrange(len(self.file))], b"", b"x" * 200, self.broken())
        head = self.pick("Content-Type: application/dicom", "Content-Type: a;b*=c", "x", "", "A: \x85", "Content-Type:")
        part = b"--b\r\n" + head.encode("latin-1") + b"\r\n\r\n" + piece + b"\r\n"
        return self.pick(piece, part * self.chance.randrange(4) + self.pick(b"--b--", b"--b", b"", b"--b--\r\nmore"))

    def broken(self) -> bytes:
        data = bytearray(self.file)
        for _ in range(self.chance.randrange(1, 12)):
            data[self.chance.randrange(132, min(len(data), 1400))] = self.chance.randrange(256)
        return bytes(data)

    def api(self) -> tuple[str, str, dict[str, str], bytes]:
        root, method, path = self.chance.choice(self.methods)
        while "{" in path:
            before, _, rest = path.partition("{")
            name, _, after = rest.partition("}")
            path = before + self.segment(LIKELY.get(name, "a")) + after
        names = [*sorted(method.query | {"alt", "fields"}), self.text()]
        query = [(self.pick(*names), self.pick("1", "a-b", self.text())) for _ in range(self.chance.randrange(3))]
        body = b""
        if method.request and method.verb != "GET":
            body = self.json_body(method.document.schemas, {"$ref": method.request})
        return method.verb, f"{root}/{path}{self.query(query)}", {"Content-Type": "application/json"}, body

    def json_body(self, schemas: dict[str, Any], schema: dict[str, Any]) -> bytes:
        kind = self.chance.random()
        if kind < 0.05:
            return self.pick(
                b"[" * 50_000, b'{"a":' * 300 + b"1" + b"}" * 300, b"\xff", b"{", b"nul", b'"\\ud800"', b"[NaN]"
            )
        return json.dumps(self.value(schemas, schema)).encode()

    def value(self, schemas: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
        if self.chance.random() < 0.06:
            return self.pick(None, [], {}, -1, 1e300, True, [None], {"": None}, 2**70, self.text())
        if "$ref" in schema:
            schema = schemas[schema["$ref"]]
        kind = schema.get("type")
        if kind == "object":
            share = 0.4 if depth < 2 else 0.08
            fields = schema.get("properties", {})
            made = {k: self.value(schemas, v, depth + 1) for k, v in fields.items() if self.chance.random() < share}
            if extra := schema.get("additionalProperties"):
                made[self.text()] = self.value(schemas, extra, depth + 1)
            return made
        if kind == "array":
            return [self.value(schemas, schema["items"], depth + 1) for _ in range(self.chance.randrange(3))]
        if kind == "string":
            likely = ("10", "600s", f"{PROJECT}/topics/a", "2030-01-01T00:00:00Z", "eA==", "a", "allUsers")
            return self.pick(*schema.get("enum", ()), *likely, self.text())
        return {"boolean": True, "integer": self.pick(0, 3, -1, 2**40), "number": 0.5}.get(str(kind))

    def objects(self) -> tuple[str, str, dict[str, str], bytes]:
        name = self.segment("a", "b/c")
        bucket = self.segment("records")
        path = self.pick(
            f"storage/v1/b/{bucket}/o", f"storage/v1/b/{bucket}/o/{name}", f"download/storage/v1/b/{bucket}/o/{name}",
            f"storage/v1/b/{bucket}/o/{name}/compose", f"storage/v1/b/{bucket}/o/{name}/rewriteTo/b/records/o/{name}",
            f"upload/storage/v1/b/{bucket}/o",
        )  # fmt: skip
        query = [
            (self.pick("uploadType", "uploadType", "name", "alt", "generation", "maxResults", "pageToken", "prefix",
                       "delimiter", "ifGenerationMatch", "upload_id", "versions", "startOffset"),
             self.pick("media", "multipart", "resumable", "a", "1", self.text()))
            for _ in range(self.chance.randrange(4))
        ]  # fmt: skip
        body = self.pick(b"", b"content", b'{"name": "a"}', self.json_body({}, {"type": "string"}),
                         b"--b\r\n\r\n{}\r\n--b\r\nContent-Type: x\r\n\r\ny\r\n--b--", b"--b\r\n\r\n[]\r\n--b--",
        )  # fmt: skip
        method = self.pick("GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE")
        return method, f"/storage.googleapis.com/{path}" + self.query(query), {}, body

    def other(self) -> tuple[str, str, dict[str, str], bytes]:
        path = self.pick(
            "_local/token", "oauth2.googleapis.com/token", "accounts.google.com/o/oauth2/v2/auth", "", "a",
            "accounts.google.com/Logout", "accounts.google.com/v1/userinfo", "nosuch.example/v1/x",
            "upload-firebasehosting.googleapis.com/upload/sites/s/versions/v/files/h", self.segment(),
        )  # fmt: skip
        query = [
            (self.pick("as", "client_id", "redirect_uri", "post_logout_redirect_uri", "scope"), self.text())
            for _ in range(self.chance.randrange(3))
        ]
        body = self.pick(
            b"", b"grant_type=x", b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a"
        )
        return self.pick("GET", "POST", "PUT", "BREW"), f"/{path}" + self.query(query), {}, body

    def query(self, pairs: list[tuple[str, str]]) -> str:
        return "?" + urlencode(pairs, errors="replace") if pairs else ""


@pytest.fixture
def parts(tmp_path: Path) -> Any:
    with running(Cloud(data=tmp_path / "data", awkward=WITHOUT_WAITING)) as parts:
        yield parts


def seed_some(parts: Parts, ask: Callable[..., tuple[int, bytes]]) -> list[str]:
    """A store with a slide and a bucket with an object; returns the slide's UIDs."""
    ds = slide(frames=2)
    location = f"/healthcare.googleapis.com/v1/{PROJECT}/locations/europe-west4/datasets"
    assert ask("POST", f"{location}?datasetId=imaging", {}, b"{}")[0] == 200
    assert ask("POST", f"{location}/imaging/dicomStores?dicomStoreId=raw", {}, b"{}")[0] == 200
    status, _ = ask("POST", f"{DICOMWEB}/studies", {"Content-Type": "application/dicom"}, encode(ds))
    assert status == 200
    buckets = "/storage.googleapis.com/storage/v1/b?project=dicom-local"
    assert ask("POST", buckets, {}, b'{"name": "records"}')[0] == 200
    return [ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID]


def test_no_request_is_answered_with_500_or_late(parts: Parts) -> None:
    port = int(parts.cloud.base.rpartition(":")[2])
    token = parts.cloud.iam.token(parts.cloud.iam.owner)

    def ask(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.putrequest(method, target, skip_accept_encoding=True)
        sent = {"Authorization": f"Bearer {token}", "Content-Length": str(len(body)), **headers}
        for name, value in sent.items():
            connection.putheader(name, value.encode("utf-8", "replace").replace(b"\r\n", b" "))
        connection.endheaders(body)
        with contextlib.closing(connection), connection.getresponse() as answer:
            return answer.status, answer.read()

    uids = seed_some(parts, ask)
    chance = random.Random(SEED)
    requests, statuses, wrong = Requests(chance, uids), Counter[int](), list[str]()

    def timed(*request: Any) -> tuple[int, bytes, float]:
        started = time.monotonic()
        try:
            status, content = ask(*request)
        except (http.client.HTTPException, OSError) as error:
            status, content = 0, repr(error).encode()
        return status, content, time.monotonic() - started

    for _ in range(REQUESTS):
        method, target, headers, body = requests.draw()
        status, content, took = timed(method, target, headers, body)
        if took > SLOWEST and status:
            # On a busy machine anything may wait its turn; what hangs by itself hangs again.
            took = min(took, timed(method, target, headers, body)[2])
        statuses[status] += 1
        if status in (0, 500) or took > SLOWEST:
            wrong.append(
                f"{status} in {took:.1f} s: {method} {target[:300]} {headers} {body[:200]!r} -> {content[:300]!r}"
            )
        elif status == 401:
            token = parts.cloud.iam.token(parts.cloud.iam.owner)
    log = parts.cloud.data / "logs" / "server.log"

    print(dict(statuses))
    assert not wrong, "\n".join([f"{len(wrong)} wrong", *wrong[:15], log.read_text()[-6000:] if log.exists() else ""])
    assert len(statuses) > 5, statuses
