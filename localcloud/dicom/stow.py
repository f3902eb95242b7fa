"""STOW-RS: take instances from a request body, stream each to disk, store all good ones at its end in one transaction.

A request that does not arrive whole stores nothing. A request that does stores its good instances and answers 409 when
there were others, as Google does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from aiohttp import web

from localcloud.dicom.archive import Archive
from localcloud.dicom.commit import Duplicates, Outcome, commit
from localcloud.dicom.ingest import Refused, Staged, stage
from localcloud.dicom.multipart import MalformedMultipart, MediaType, PartEnd, PartStart, Splitter, parse_media_type
from localcloud.dicom.spool import Spool, disk_error
from localcloud.errors import ApiError

T = TypeVar("T")


class Upload:
    """The instances of one request until they are committed or thrown away."""

    def __init__(self, archive: Archive, study: str, duplicates: Duplicates) -> None:
        self._archive, self._study = archive, study
        self._duplicates: Duplicates = duplicates
        self._staged: list[Staged] = []
        self._refused: list[Refused] = []
        self._name = ""
        self._spool: Spool | None = None

    def begin(self) -> None:
        self._name = self._archive.new_name()
        self._spool = Spool(self._archive.path(self._name))

    def write(self, data: memoryview | bytes) -> None:
        assert self._spool
        self._spool.write(data)

    async def end(self) -> None:
        """The current instance is complete: flush and check it."""
        assert self._spool
        await finished(self._spool.close())
        self._spool = None
        try:
            self._staged.append(await finished(asyncio.to_thread(stage, self._archive, self._name, self._study)))
        except Refused as refused:
            self._refused.append(refused)
        self._name = ""

    async def commit(self) -> Outcome:
        """Store everything staged."""
        staged, self._staged = self._staged, []
        outcome = await finished(asyncio.to_thread(commit, self._archive, staged, self._duplicates))
        outcome.refused[:0] = self._refused
        return outcome

    async def abandon(self) -> None:
        """Leave nothing of this request; harmless after `commit`."""
        if self._spool:
            self._spool.abandon()
        if self._name:
            self._archive.discard(self._name)
        for staged in self._staged:
            self._archive.discard(staged.record.file)


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work in a thread to its end even when the request is cancelled: a thread cannot be stopped."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def receive(
    chunks: AsyncIterator[bytes], content_type: str, archive: Archive, study: str, duplicates: Duplicates
) -> Outcome:
    """Store what a request body holds. Raises `ApiError` 400 or 415 for a body that is not what STOW-RS takes."""
    media = parse_media_type(content_type)
    upload = Upload(archive, study, duplicates)
    try:
        if media.type == "application/dicom":
            await single(chunks, upload)
        elif media.type == "multipart/related":
            await multipart(chunks, boundary(media), upload)
        else:
            raise unsupported(content_type)
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


def boundary(media: MediaType) -> str:
    inner = parse_media_type(media.parameters.get("type", "application/dicom")).type
    if inner != "application/dicom":
        raise unsupported(f'multipart/related; type="{inner}"')
    found = media.parameters.get("boundary", "")
    if not found:
        raise ApiError(400, "Content-Type multipart/related has no boundary parameter; nothing was stored.")
    return found


def unsupported(content_type: str, of: str = "Content-Type") -> ApiError:
    return ApiError(
        415,
        f"{of} {content_type!r} is not supported by this DICOM store; "
        'send multipart/related; type="application/dicom" or a single application/dicom file.',
    )


async def single(chunks: AsyncIterator[bytes], upload: Upload) -> None:
    upload.begin()
    async for chunk in chunks:
        upload.write(chunk)
    await upload.end()


async def multipart(chunks: AsyncIterator[bytes], boundary: str, upload: Upload) -> None:
    splitter, parts = Splitter(boundary), 0
    async for chunk in chunks:
        for event in splitter.feed(chunk):
            if isinstance(event, PartStart):
                kind = parse_media_type(event.headers.get("content-type", "application/dicom")).type
                if kind != "application/dicom":
                    raise unsupported(kind, of="a part's Content-Type")
                parts += 1
                upload.begin()
            elif isinstance(event, PartEnd):
                await upload.end()
            else:
                upload.write(event)
    splitter.finish()
    if not parts:
        raise ApiError(400, "the multipart body has no parts: there is nothing to store.")
