"""One DICOM store on disk: a folder of files, the index over them, and a few open files for reading frames.

Each instance has a base name; `<name>.dcm` is the file as it came, `<name>.aux` its frame index, metadata and nested
bulk values one behind the other, `<name>.raw` the inflated data set of a deflated file. Files come first and rows last,
so a file without a row is what a crash left: it is removed when the archive is opened.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from localcloud.dicom.files import frames_index
from localcloud.dicom.store.index import Index, InstanceRecord
from localcloud.dicom.store.removal import remove
from localcloud.errors import ApiError

STEP = 2**20
OPEN_FILES = 64
"""Instances kept open for reading frames."""


class Opened:
    """An instance whose files are open, even when it is deleted meanwhile; they close when the last user lets go."""

    def __init__(self, folder: Path, record: InstanceRecord) -> None:
        self.record = record
        image = record.image
        suffix = "raw" if image.get("inflated") else "dcm"
        self.work: BinaryIO = (folder / f"{record.file}.{suffix}").open("rb", buffering=0)
        self.aux: BinaryIO = (folder / f"{record.file}.aux").open("rb", buffering=0)
        self.native = frames_index.NativePixels(*image["native"]) if image.get("native") else None
        self.frames = record.index_size // frames_index.ENTRY.size
        """Frames that can be addressed; 0 when there are no pixel data or their frames cannot be told apart."""
        if self.native:
            self.frames = min(image["frames"], self.native.length * 8 // self.native.bits)

    def require(self, number: int) -> None:
        """Raises `ApiError` 404 unless frame `number`, from 1, is there; 400 without pixel data, as Google has it."""
        if not self.frames:
            raise ApiError(400, f"instance {self.record.instance} has no pixel data whose frames can be addressed.")
        if not 1 <= number <= self.frames:
            raise ApiError(
                404,
                f"frame {number} of instance {self.record.instance} does not exist: it has frames 1 to {self.frames}.",
            )

    def frame(self, number: int) -> bytes:
        """Frame `number`, from 1, as stored. Raises `ApiError` 404 when there is none."""
        self.require(number)
        if self.native:
            return frames_index.read_native(self.work.fileno(), self.native, number - 1)
        size = frames_index.ENTRY.size
        entry = os.pread(self.aux.fileno(), size, (number - 1) * size)
        return frames_index.read_encapsulated(self.work.fileno(), entry)


class Archive:
    """Open with the folder; everything in it that the index does not know is removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.index = Index(folder / "index.sqlite")
        self.deleting: set[tuple[str, str]] = set()
        """(study, series or '') whose delete operation has not ended: nothing may be stored into them."""
        self._opened: OrderedDict[tuple[str, str, str], Opened] = OrderedDict()
        known = self.index.files()
        for path in self.files.iterdir():
            if path.stem not in known:
                path.unlink()

    def close(self) -> None:
        self._opened.clear()
        self.index.close()

    def destroy(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_name(self) -> str:
        return uuid.uuid4().hex

    def path(self, name: str, suffix: str = "dcm") -> Path:
        return self.files / f"{name}.{suffix}"

    def discard(self, name: str) -> None:
        """Remove the files of one instance, whichever there are."""
        for suffix in ("dcm", "aux", "raw"):
            self.path(name, suffix).unlink(missing_ok=True)

    def find(self, study: str, series: str = "", instance: str = "") -> list[InstanceRecord]:
        """Records of what is addressed. Raises `ApiError` 404 when nothing is."""
        records = self.index.records(study, series, instance)
        if not records:
            where = f"study {study}" + f", series {series}" * bool(series) + f", instance {instance}" * bool(instance)
            raise ApiError(404, f"{where}: not found in this DICOM store.")
        return records

    def open(self, study: str, series: str, instance: str) -> Opened:
        """An instance for reading; recently used ones stay open. Raises `ApiError` 404."""
        key = (study, series, instance)
        opened = self._opened.get(key)
        if opened is None:
            opened = self._opened[key] = Opened(self.files, self.find(*key)[0])
            while len(self._opened) > OPEN_FILES:
                self._opened.popitem(last=False)
        else:
            self._opened.move_to_end(key)
        return opened

    def metadata(self, record: InstanceRecord) -> bytes:
        """Serialized attributes in the JSON model, bulk data references relative."""
        with self.path(record.file, "aux").open("rb", buffering=0) as aux:
            return os.pread(aux.fileno(), record.metadata_size, record.index_size)

    def read_chunks(self, record: InstanceRecord) -> Iterator[bytes]:
        """The file as it came, by pieces."""
        with self.path(record.file).open("rb", buffering=0) as file:
            while chunk := os.read(file.fileno(), STEP):
                yield chunk

    def is_deleting(self, study: str, series: str) -> bool:
        return bool(self.deleting & {(study, ""), (study, series)})

    def remove(self, study: str, series: str = "", instance: str = "") -> list[str]:
        """Take the addressed instances out of the index at once; returns the names of the files to discard."""
        records = self.find(study, series, instance)
        remove(self.index, records)
        for r in records:
            self._opened.pop((r.study, r.series, r.instance), None)
        return [r.file for r in records]
