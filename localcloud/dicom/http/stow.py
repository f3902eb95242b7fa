"""STOW-RS: take instances from a request body, stream each to disk, store all good ones at its end in one transaction.

A request that does not arrive whole stores nothing. A request that does stores its good instances and answers 409 when
there were others, as Google does. What the parts of a body are is known to a `Parts`: files here, metadata and bulk
data in `described`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from aiohttp import web

from localcloud.dicom.files.multipart import (
    MalformedMultipart,
    MediaType,
    PartEnd,
    PartStart,
    Splitter,
    parse_media_type,
)
from localcloud.dicom.http.described import Described
from localcloud.dicom.http.media import DICOM, JSON, unsupported
from localcloud.dicom.http.upload import Arriving, Upload
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.commit import Duplicates, Outcome
from localcloud.dicom.store.spool import disk_error
from localcloud.errors import ApiError


class Parts(Protocol):
    """Takes the parts of one body in turn."""

    def begin(self, headers: dict[str, str]) -> None:
        """A part begins; header names are in lower case. Raises `ApiError` 400."""
        ...

    def write(self, data: memoryview | bytes) -> None: ...

    async def end(self) -> None:
        """The part is complete."""
        ...

    async def complete(self) -> None:
        """The body is complete. Raises `ApiError` 400."""
        ...


class Files:
    """Parts that are DICOM files."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._file: Arriving | None = None
        self._count = 0

    def begin(self, headers: dict[str, str]) -> None:
        kind = headers.get("content-type", DICOM)
        if parse_media_type(kind).type != DICOM:
            raise unsupported("a part's Content-Type", kind)
        self._count += 1
        self._file = self._upload.begin()

    def write(self, data: memoryview | bytes) -> None:
        assert self._file
        self._file.spool.write(data)

    async def end(self) -> None:
        assert self._file
        file, self._file = self._file, None
        await self._upload.stage(file)

    async def complete(self) -> None:
        if not self._count:
            raise ApiError(400, "the multipart body has no parts: there is nothing to store.")


async def receive(
    chunks: AsyncIterator[bytes], content_type: str, archive: Archive, study: str, duplicates: Duplicates
) -> Outcome:
    """Store what a request body holds. Raises `ApiError` 400 for a body that is not what STOW-RS takes."""
    media = parse_media_type(content_type)
    upload = Upload(archive, study, duplicates)
    try:
        if media.type == DICOM:
            await single(chunks, Files(upload))
        elif media.type == "multipart/related":
            await multipart(chunks, boundary(media), parts_of(media, upload))
        else:
            raise unsupported("Content-Type", content_type)
        return await upload.commit()
    except web.RequestPayloadError as error:
        raise ApiError(400, "the request body is not encoded as its headers say; nothing was stored.") from error
    except ConnectionError:
        raise  # the client is gone: there is nobody to answer
    except OSError as error:
        raise disk_error(error) from error
    except MalformedMultipart as error:
        raise ApiError(400, f"the request body is not valid multipart/related: {error}; nothing was stored.") from error
    finally:
        await upload.abandon()


def parts_of(media: MediaType, upload: Upload) -> Parts:
    """By the type of a multipart body's root part."""
    root = parse_media_type(media.parameters.get("type", DICOM)).type
    if root == DICOM:
        return Files(upload)
    if root == JSON:
        return Described(upload)
    raise unsupported("Content-Type", f'multipart/related; type="{root}"')


def boundary(media: MediaType) -> str:
    found = media.parameters.get("boundary", "")
    if not found:
        raise ApiError(400, "Content-Type multipart/related has no boundary parameter; nothing was stored.")
    return found


async def single(chunks: AsyncIterator[bytes], file: Files) -> None:
    file.begin({})
    async for chunk in chunks:
        file.write(chunk)
    await file.end()


async def multipart(chunks: AsyncIterator[bytes], boundary: str, parts: Parts) -> None:
    splitter = Splitter(boundary)
    async for chunk in chunks:
        for event in splitter.feed(chunk):
            if isinstance(event, PartStart):
                parts.begin(event.headers)
            elif isinstance(event, PartEnd):
                await parts.end()
            else:
                parts.write(event)
    splitter.finish()
    await parts.complete()
