"""WADO-RS files, as stored or in a native little endian syntax, and the values behind BulkDataURIs, read in place."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from localcloud.dicom.files.elements import Encoding
from localcloud.dicom.files.jsonmodel import little_endian
from localcloud.dicom.files.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from localcloud.dicom.http.accept import wanted
from localcloud.dicom.store import transcode
from localcloud.dicom.store.archive import Archive, Opened
from localcloud.dicom.store.index import InstanceRecord
from localcloud.errors import ApiError
from localcloud.multipart import PART_TAIL, closing, part_head

DICOM = "application/dicom"
STEP = 2**20


@dataclass(frozen=True)
class FileForm:
    multipart: bool
    syntax: str
    """UID, or `*` for as stored."""

    def keeps(self, stored: str) -> bool:
        """Whether a file in this syntax is given as it is."""
        return self.syntax in ("*", stored)


def choose_form(header: str, archive: Archive, records: list[InstanceRecord], single_allowed: bool) -> FileForm:
    """Choose one representation for all `records`. Raises `ApiError` 406 saying what there is."""
    refused: ApiError | None = None
    for choice in wanted(header):
        if not choice.covers(DICOM) or (choice.multipart is False and not single_allowed):
            continue
        multipart = choice.multipart is not False
        syntax = choice.transfer_syntax or EXPLICIT_LITTLE
        form = FileForm(multipart, syntax)
        if all(form.keeps(r.syntax) for r in records):
            return FileForm(multipart, "*")
        if syntax not in (EXPLICIT_LITTLE, IMPLICIT_LITTLE):
            other = next(r for r in records if r.syntax != syntax)
            refused = ApiError(
                406,
                f"instance {other.instance} is stored as {other.syntax} and is not transcoded to {syntax}: "
                f"ask for transfer-syntax=* (as stored), {EXPLICIT_LITTLE} or {IMPLICIT_LITTLE}.",
            )
            continue
        try:
            for r in records:
                if not form.keeps(r.syntax):
                    transcode.check(archive.open(r.study, r.series, r.instance))
        except ApiError as error:
            refused = error
            continue
        return form
    forms = f'multipart/related; type="{DICOM}"' + f" or {DICOM}" * single_allowed
    raise refused or ApiError(406, f"Accept: {header!r} cannot be satisfied; this resource is available as {forms}.")


@dataclass
class AnsweredFile:
    """One file of an answer."""

    syntax: str
    length: int
    chunks: Iterator[bytes]


def open_answered(archive: Archive, r: InstanceRecord, form: FileForm) -> AnsweredFile:
    """Raises `ApiError` 406 when the instance turns out not to be decodable."""
    opened = archive.open(r.study, r.series, r.instance)
    if form.keeps(r.syntax):
        return AnsweredFile(r.syntax, r.size, archive.read_chunks(r))
    whole = transcode.whole_file(opened, form.syntax)
    return AnsweredFile(form.syntax, whole.length, whole.chunks)


def total_length(records: list[InstanceRecord], boundary: str) -> int:
    """Bytes of the multipart body of `records` as stored."""
    heads = (len(part_head(boundary, content_type(r.syntax), r.size)) for r in records)
    return sum(heads) + sum(r.size + len(PART_TAIL) for r in records) + len(closing(boundary))


def content_type(syntax: str) -> str:
    return f"{DICOM}; transfer-syntax={syntax}"


async def read_in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Take the pieces of a blocking iterator in threads."""
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


async def multipart_body(
    archive: Archive, records: list[InstanceRecord], form: FileForm, boundary: str
) -> AsyncIterator[bytes]:
    for r in records:
        one = await asyncio.to_thread(open_answered, archive, r, form)
        yield part_head(boundary, content_type(one.syntax), one.length)
        async for chunk in read_in_threads(one.chunks):
            yield chunk
        yield PART_TAIL
    yield closing(boundary)


def find_bulk_value(opened: Opened, path: str) -> tuple[str, int, int, str]:
    """(file suffix, offset, length, VR to swap or '') of a bulk value. Raises `ApiError` 404."""
    value = opened.record.bulk.get(path.upper())
    if not value:
        raise ApiError(404, f"instance {opened.record.instance} has no bulk data at {path!r}.")
    suffix, offset, length, vr = value
    return suffix, offset, length, "" if opened.record.image["little"] else vr


def read_bulk_value(archive: Archive, opened: Opened, place: tuple[str, int, int, str]) -> Iterator[bytes]:
    """The value, little endian, by pieces."""
    suffix, at, length, vr = place
    end = at + length
    with archive.path(opened.record.file, suffix).open("rb", buffering=0) as file:
        while at < end:
            data = os.pread(file.fileno(), min(STEP, end - at), at)
            at += len(data)
            yield little_endian(data, vr, Encoding(implicit=False, little=not vr))
