"""The restore drill: a store exported to a bucket, imported into a scratch store, and compared instance by instance.

Owns: the proof that a copy of the images can be brought back. Deliberately not: keeping copies; what it exported stays
in the bucket until its life cycle ends it, and the scratch store goes at the end, whatever happened.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ops.deliver.google import Google, Json, Refused
from smoke_tests.dicomweb import AS_STORED, DicomWeb, value
from smoke_tests.http import until

SCRATCH = "restore-drill"
PAGE = 1000
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
PREAMBLE = 132
"""Bytes before the file meta information: 128, and DICM."""
FILE_META = struct.Struct("<HH2sHI")
"""(0002,0000) UL, its length, and how many bytes of file meta information follow."""


@dataclass
class Found:
    """What the drill saw. `problems` is empty when every instance came back as it was."""

    instances: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Drill:
    """`store` is a full name; `web` gives DICOMweb of a store by full name; `say` is told each step."""

    google: Google
    store: str
    bucket: str
    prefix: str
    web: Callable[[str], DicomWeb]
    say: Callable[[str], None]
    patience: float = 6 * 3600
    """Seconds that an export or import may take."""

    @property
    def scratch(self) -> str:
        return f"{self.store.rpartition('/')[0]}/{SCRATCH}"

    def run(self) -> Found:
        """Raises `Refused` when a step cannot be done, such as a scratch store that somebody else is using."""
        uri = f"gs://{self.bucket}/{self.prefix}"
        self.say(f"Exporting {self.store} to {uri} ...")
        self._finish(self._call("POST", f"{self.store}:export", {"gcsDestination": {"uriPrefix": uri}}))
        parent, _, name = self.scratch.rpartition("/dicomStores/")
        self._call("POST", f"{parent}/dicomStores", {}, dicomStoreId=name)
        try:
            self.say(f"Importing it into {self.scratch} ...")
            self._finish(self._call("POST", f"{self.scratch}:import", {"gcsSource": {"uri": f"{uri}/**"}}))
            self.say("Comparing ...")
            return self._compared()
        finally:
            self._call("DELETE", self.scratch)

    def _compared(self) -> Found:
        original, restored = self.web(self.store), self.web(self.scratch)
        wanted, there = set(instances(original)), set(instances(restored))
        found = Found(instances=len(wanted))
        found.problems += [f"{path} did not come back" for path in sorted(wanted - there)]
        found.problems += [f"{path} came back and is not in the store" for path in sorted(there - wanted)]
        for path in sorted(wanted & there):
            one, other = whole(original, path), whole(restored, path)
            found.bytes += len(one)
            if digest(one) != digest(other):
                found.problems.append(f"{path} came back with another content")
        return found

    def _call(self, verb: str, path: str, body: Json | None = None, **query: str) -> Json:
        return self.google.call(verb, "healthcare", f"v1/{path}", body, **query)

    def _finish(self, operation: Json) -> None:
        def look() -> Json | None:
            seen = self._call("GET", operation["name"])
            return seen if seen.get("done") else None

        ended = until(look, f"the end of {operation['name']}", self.patience)
        if error := ended.get("error"):
            raise Refused(f"{operation['name']} ended with an error: {error.get('message', error)}")
        failed = ended.get("metadata", {}).get("counter", {}).get("failure", "0")
        if failed != "0":
            raise Refused(f"{operation['name']} left out {failed} files; its log says which")


def instances(store: DicomWeb) -> Iterator[str]:
    """`studies/…/series/…/instances/…` of everything in a store, all pages, study by study."""
    for study in pages(store, "studies"):
        uid = value(study, STUDY)
        for one in pages(store, f"studies/{uid}/instances"):
            yield f"studies/{uid}/series/{value(one, SERIES)}/instances/{value(one, INSTANCE)}"


def pages(store: DicomWeb, path: str) -> Iterator[Json]:
    offset = 0
    while page := store.search(path, limit=str(PAGE), offset=str(offset)):
        yield from page
        offset += len(page)


def whole(store: DicomWeb, path: str) -> bytes:
    return store.parts(path, AS_STORED)[0].body


def digest(file: bytes) -> str:
    """Of the dataset: a store may rewrite the file meta information, which says who wrote the file."""
    *_, length = FILE_META.unpack_from(file, PREAMBLE)
    return hashlib.sha256(file[PREAMBLE + FILE_META.size + length :]).hexdigest()
