"""WADO-RS studies, series and instances: whole files, as stored or in a native little endian syntax."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from localcloud.dicom.files import transcode
from localcloud.dicom.files.multipart import PART_TAIL, closing, part_head
from localcloud.dicom.files.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from localcloud.dicom.http.accept import wanted
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.index import Record
from localcloud.errors import ApiError

DICOM = "application/dicom"
STEP = 2**20


@dataclass(frozen=True)
class Form:
    multipart: bool
    syntax: str
    """UID, or `*` for as stored."""

    def keeps(self, stored: str) -> bool:
        """Whether a file in this syntax is given as it is."""
        return self.syntax in ("*", stored)


def agree(header: str, archive: Archive, records: list[Record], single_allowed: bool) -> Form:
    """Choose one representation for all `records`. Raises `ApiError` 406 saying what there is."""
    refused: ApiError | None = None
    for choice in wanted(header):
        if not choice.covers(DICOM) or (choice.multipart is False and not single_allowed):
            continue
        multipart = choice.multipart is not False
        syntax = choice.transfer_syntax or EXPLICIT_LITTLE
        form = Form(multipart, syntax)
        if all(form.keeps(r.syntax) for r in records):
            return Form(multipart, "*")
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
class Part:
    """One file of an answer."""

    syntax: str
    length: int
    chunks: Iterator[bytes]


def part(archive: Archive, r: Record, form: Form) -> Part:
    """Raises `ApiError` 406 when the instance turns out not to be decodable."""
    opened = archive.open(r.study, r.series, r.instance)
    if form.keeps(r.syntax):
        return Part(r.syntax, r.size, stored(archive, r))
    whole = transcode.whole_file(opened, form.syntax)
    return Part(form.syntax, whole.length, whole.chunks)


def stored(archive: Archive, r: Record) -> Iterator[bytes]:
    with archive.path(r.file).open("rb", buffering=0) as file:
        while chunk := os.read(file.fileno(), STEP):
            yield chunk


def total_length(records: list[Record], boundary: str) -> int:
    """Bytes of the multipart body of `records` as stored."""
    heads = (len(part_head(boundary, content_type(r.syntax), r.size)) for r in records)
    return sum(heads) + sum(r.size + len(PART_TAIL) for r in records) + len(closing(boundary))


def content_type(syntax: str) -> str:
    return f"{DICOM}; transfer-syntax={syntax}"


async def pulled(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Take the pieces of a blocking iterator in threads."""
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


async def multipart_body(archive: Archive, records: list[Record], form: Form, boundary: str) -> AsyncIterator[bytes]:
    for r in records:
        one = await asyncio.to_thread(part, archive, r, form)
        yield part_head(boundary, content_type(one.syntax), one.length)
        async for chunk in pulled(one.chunks):
            yield chunk
        yield PART_TAIL
    yield closing(boundary)
