"""WADO-RS bulk data: the value behind a BulkDataURI, read in place."""

from __future__ import annotations

import os
from collections.abc import Iterator

from localcloud.dicom.files.elements import Encoding
from localcloud.dicom.files.jsonmodel import little_endian
from localcloud.dicom.store.archive import Archive, Opened
from localcloud.errors import ApiError

STEP = 2**20


def locate(opened: Opened, path: str) -> tuple[str, int, int, str]:
    """(file suffix, offset, length, VR to swap or '') of a bulk value. Raises `ApiError` 404."""
    found = opened.record.bulk.get(path.upper())
    if not found:
        raise ApiError(404, f"instance {opened.record.instance} has no bulk data at {path!r}.")
    suffix, offset, length, vr = found
    return suffix, offset, length, "" if opened.record.image["little"] else vr


def chunks(archive: Archive, opened: Opened, place: tuple[str, int, int, str]) -> Iterator[bytes]:
    """The value, little endian, by pieces."""
    suffix, at, length, vr = place
    end = at + length
    with archive.path(opened.record.file, suffix).open("rb", buffering=0) as file:
        while at < end:
            data = os.pread(file.fileno(), min(STEP, end - at), at)
            at += len(data)
            yield little_endian(data, vr, Encoding(implicit=False, little=not vr))
