"""STOW-RS: take files from a request body, stream each to disk, store all good ones at its end in one transaction.

A request that does not arrive whole stores nothing. A request that does stores its good instances and answers 409 when
there were others, as Google does. Google's store also takes metadata in JSON with bulk data; this one does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import StreamReader, web

from localcloud.dicom.http.upload import Upload
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.commit import Duplicates, StoreOutcome
from localcloud.dicom.store.spool import disk_error
from localcloud.errors import ApiError
from localcloud.inflation import InflatedTooMuch, decode_chunks
from localcloud.multipart import MalformedMultipart, MediaType, PartEnd, PartStart, parse_media_type, split

DICOM, JSON = "application/dicom", "application/dicom+json"
MAX_PARTS = 10_000
"""Files of one request; ours. Google names no limit but its 30 minutes."""


def refuse_media_type(where: str, kind: str) -> ApiError:
    """Google answers 400, not 415."""
    return ApiError(
        400,
        f'{where} {kind!r} is not supported by this DICOM store; send multipart/related with type="{DICOM}", or a '
        f"single {DICOM} file. Nothing was stored.",
    )


async def receive(
    body: StreamReader, content_type: str, archive: Archive, study: str, duplicates: Duplicates
) -> StoreOutcome:
    """Store what a request body holds. Raises `ApiError` 400 for a body that is not what STOW-RS takes."""
    media = parse_media_type(content_type)
    upload = Upload(archive, study, duplicates)
    try:
        if media.type == DICOM:
            await receive_file(decode_chunks(body), upload)
        elif media.type == "multipart/related":
            check_root_type(media)
            await receive_parts(decode_chunks(body), boundary_of(media), upload)
        else:
            raise refuse_media_type("Content-Type", content_type)
        return await upload.commit()
    except (web.RequestPayloadError, InflatedTooMuch) as error:
        why = error if isinstance(error, InflatedTooMuch) else "the request body is not encoded as its headers say"
        raise ApiError(400, f"{why}; nothing was stored.") from error
    except ConnectionError:
        raise  # the client is gone: there is nobody to answer
    except OSError as error:
        raise disk_error(error) from error
    except MalformedMultipart as error:
        raise ApiError(400, f"the request body is not valid multipart/related: {error}; nothing was stored.") from error
    finally:
        await upload.abandon()


def check_root_type(media: MediaType) -> None:
    """Raises `ApiError` unless the root part of a multipart body is a DICOM file."""
    root = parse_media_type(media.parameters.get("type", DICOM)).type
    if root == JSON:
        raise ApiError(
            501,
            f"storing metadata as {JSON} with bulk data is not part of the local cloud's DICOM store: send {DICOM} "
            "files, or try it on a store of Google's. Nothing was stored.",
        )
    if root != DICOM:
        raise refuse_media_type("Content-Type", f'multipart/related; type="{root}"')


def boundary_of(media: MediaType) -> str:
    boundary = media.parameters.get("boundary", "")
    if not boundary:
        raise ApiError(400, "Content-Type multipart/related has no boundary parameter; nothing was stored.")
    return boundary


async def receive_file(chunks: AsyncIterator[bytes], upload: Upload) -> None:
    file = upload.begin()
    async for chunk in chunks:
        file.write(chunk)
    await upload.stage()


async def receive_parts(chunks: AsyncIterator[bytes], boundary: str, upload: Upload) -> None:
    file, count = None, 0
    async for event in split(chunks, boundary):
        if isinstance(event, PartStart):
            kind = event.headers.get("content-type", DICOM)
            if parse_media_type(kind).type != DICOM:
                raise refuse_media_type("a part's Content-Type", kind)
            count += 1
            if count > MAX_PARTS:
                raise ApiError(400, f"the request has more than {MAX_PARTS} parts; nothing was stored: send fewer.")
            file = upload.begin()
        elif isinstance(event, PartEnd):
            await upload.stage()
        elif file:
            file.write(event)
    if not count:
        raise ApiError(400, "the multipart body has no parts: there is nothing to store.")
