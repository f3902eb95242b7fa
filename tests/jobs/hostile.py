"""A DICOM store that lies: valid studies in memory, whose answers a seed spoils; and ways to spoil bytes and JSON."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

NUMBERS: tuple[Any, ...] = (0, -1, 1, 2**31, 2**63, 10**30, -(10**9), 1.5, "1e999", float("nan"), float("inf"))
ODD: tuple[Any, ...] = (*NUMBERS, None, "", "x" * 10_000, [], {}, [None], True, "../../..", "1.2\\3", "\x00", [[[]]])
DEEP = 10_000


def spoil_bytes(data: bytes, rng: random.Random) -> bytes:
    """A file or a body with a few things wrong; its first 4 KiB are hit as often as all the rest."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(min(len(out), 4096) if rng.random() < 0.5 else len(out)) if out else 0
        action = rng.randrange(8)
        if action == 0:
            out = out[:at]
        elif action == 1 and out:
            out[at] ^= 1 << rng.randrange(8)
        elif action == 2:
            out[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80"))
        elif action == 3:
            out[at:at] = rng.randbytes(rng.randint(1, 64))
        elif action == 4:
            del out[at : at + rng.randint(1, 300)]
        elif action == 5:
            out[at:at] = out[at : at + rng.randint(1, 300)]
        elif action == 6:
            out[at : at + 2] = rng.choice((b"SQ", b"UN", b"OB", b"DS", b"IS", b"ZZ", b"UI", b"\xfe\xff", b"US"))
        else:
            out[at : at + 16] = rng.randbytes(16)
    return bytes(out)


def spoil_json(document: Any, rng: random.Random) -> Any:
    """A copy with a few values replaced, dropped or wrapped."""
    found = json.loads(json.dumps(document))
    for _ in range(rng.randint(1, 3)):
        at, steps = found, rng.randint(1, 12)
        for _ in range(steps):
            keys = list(at) if isinstance(at, dict) else list(range(len(at))) if isinstance(at, list) else []
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.8:
                at = at[key]
                continue
            if rng.random() < 0.2:
                del at[key]
            else:
                at[key] = rng.choice(ODD)
            break
    return found


@dataclass
class Instance:
    """What the store has: the file, its frames as stored, and what metadata says."""

    file: bytes
    frames: list[bytes]
    metadata: dict[str, Any]

    @property
    def uid(self) -> str:
        """SOPInstanceUID."""
        return self.metadata["00080018"]["Value"][0]

    @classmethod
    def of(cls, file: bytes, frames: list[bytes] | None = None) -> Instance:
        dataset = dcmread(BytesIO(file))
        count = int(dataset.NumberOfFrames)
        if frames is None and dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            frames = list(generate_frames(dataset.PixelData, number_of_frames=count))
        elif frames is None:
            size = len(dataset.PixelData) // count
            frames = [dataset.PixelData[at * size : (at + 1) * size] for at in range(count)]
        del dataset.PixelData
        return cls(file, frames, dataset.to_json_dict(bulk_data_threshold=1 << 20, bulk_data_element_handler=str))


Spoil = Callable[[str, Any], Any]
"""(kind of answer, what it would be) -> what it is. JSON kinds: rows, metadata. Bytes: text, frame, frames, file."""


@dataclass
class HostileStore(BaseAdapter):
    """A transport for `requests`; `stores` by the last part of their root, instances by SOPInstanceUID."""

    stores: dict[str, dict[str, Instance]]
    spoil: Spoil = lambda kind, answer: answer
    posts: int = 0
    asked: list[str] = field(default_factory=list[str])

    def send(self, request: requests.PreparedRequest, stream: bool = False, *_: Any, **__: Any) -> requests.Response:
        path = str(request.path_url).partition("?")[0]
        self.asked.append(f"{request.method} {path}")
        found = re.fullmatch(r"/(\w+)/studies(?:/[^/]*)?(?:/series/([^/]*))?(?:/instances/([^/]*))?(/.*)?", path)
        if not found:
            return answer(request, 404, "text/plain", b"")
        store, _, instance, rest = self.stores[found[1]], found[2], found[3], found[4] or ""
        if request.method == "POST":
            return self._stored(request, store)
        if rest.startswith("/frames/") and instance in store:
            return self._frames(request, store[instance], rest.removeprefix("/frames/"))
        if rest == "/metadata":
            return self._json(request, "metadata", [one.metadata for one in store.values()])
        if path.endswith("/instances"):
            return self._json(request, "rows", [one.metadata for one in store.values()])
        if instance in store:
            body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + self.spoil("file", store[instance].file)
            kind = 'multipart/related; type="application/dicom"; boundary=b'
            return answer(request, 200, kind, body + b"\r\n--b--\r\n")
        return answer(request, 404, "text/plain", b"")

    def close(self) -> None: ...

    def _json(self, request: requests.PreparedRequest, kind: str, document: Any) -> requests.Response:
        text = json.dumps(self.spoil(kind, document)).encode()
        return answer(request, 200, "application/dicom+json", self.spoil("text", text))

    def _frames(self, request: requests.PreparedRequest, one: Instance, numbers: str) -> requests.Response:
        body = b""
        for number in numbers.split(","):
            frame = one.frames[int(number) - 1] if 0 < int(number) <= len(one.frames) else b""
            body += b"--b\r\nContent-Type: application/octet-stream\r\n\r\n" + self.spoil("frame", frame) + b"\r\n"
        kind = 'multipart/related; type="application/octet-stream"; boundary=b'
        return answer(request, 200, kind, self.spoil("frames", body + b"--b--\r\n"))

    def _stored(self, request: requests.PreparedRequest, store: dict[str, Instance]) -> requests.Response:
        self.posts += 1
        sent: Any = request.body
        body = b"".join(bytes(piece) for piece in sent)
        file = body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]
        try:
            dataset: Dataset = dcmread(BytesIO(file))
            store[str(dataset.SOPInstanceUID)] = Instance.of(file)
        except Exception:
            return answer(request, 409, "application/dicom+json", b"{}")
        reference = {"00081155": {"vr": "UI", "Value": [str(dataset.SOPInstanceUID)]}}
        text = json.dumps({"00081199": {"vr": "SQ", "Value": [reference]}}).encode()
        return answer(request, 200, "application/dicom+json", text)


def answer(request: requests.PreparedRequest, status: int, kind: str, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers["Content-Type"] = kind
    response.raw = HTTPResponse(body=BytesIO(body), status=status, preload_content=False, decode_content=False)
    return response
