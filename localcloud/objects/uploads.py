"""Uploads over HTTP: in one request (media, multipart) or resumable over several. Bodies go to disk as they come."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import hdrs, web

from engine.discovery import catalogue
from localcloud.control import schema
from localcloud.errors import ApiError
from localcloud.forms import parse_json
from localcloud.inflation import decode_chunks
from localcloud.multipart import Event, PartEnd, PartStart, parse_media_type, split
from localcloud.objects.audit import CALLER, MADE, STEP
from localcloud.objects.incoming import Incoming
from localcloud.objects.resource import Preconditions, StoredObject, check_name, writable
from localcloud.objects.service import HOST, ObjectService

CHUNK = 256 * 1024
WRITE = "storage.objects.create"
MAX_METADATA = 2**20
"""Bytes of the metadata of a multipart upload; ours."""
CONTENT_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")


@dataclass(kw_only=True)
class UploadSession:
    """A resumable upload; whoever has its URI may go on with it, as on Google."""

    authorization: str | None
    bucket: str
    name: str
    metadata: dict[str, Any]
    when: Preconditions
    content: Incoming
    stored: StoredObject | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One request at a time writes to it."""


class Uploads:
    def __init__(self, objects: ObjectService) -> None:
        self.objects = objects
        self.sessions: dict[str, UploadSession] = {}

    async def start(self, request: web.Request) -> web.Response:
        """POST: everything at once, or the beginning of a resumable upload."""
        bucket = request.match_info["bucket"]
        authorization = request.headers.get("Authorization")
        self.objects.require(authorization, bucket, WRITE, name=request.query.get("name", ""))
        kind = request.query.get("uploadType")
        if kind == "resumable":
            return await self.begin(request, bucket, authorization)
        if kind not in ("media", "multipart"):
            raise ApiError(400, f"uploadType is '{kind}'; it must be media, multipart or resumable.")
        metadata, chunks = await multipart(request) if kind == "multipart" else media(request)
        name = self.check(request, bucket, metadata)
        content = Incoming(self.objects.store.uploads)
        try:
            await content.drain(chunks)
            await content.finish()
            content.verify(metadata | read_checksums(request), name)
            when = Preconditions.of(request.query)
            stored = self.objects.put(authorization, bucket, name, content, writable(metadata), when)
        finally:
            content.discard()
        return web.json_response(stored.resource(self.objects.endpoint))

    def check(self, request: web.Request, bucket: str, metadata: Mapping[str, Any]) -> str:
        """The object's name; refuses before the body is read what would be refused after it."""
        name = request.query.get("name") or metadata.get("name")
        if not name:
            raise ApiError(400, f"The upload to {bucket} names no object; give name in the query or the metadata.")
        request[MADE] = (bucket, check_name(name))
        writable(metadata)
        self.objects.pace(bucket, name)
        Preconditions.of(request.query).require(self.objects.store.get(bucket, name))
        return name

    async def begin(self, request: web.Request, bucket: str, authorization: str | None) -> web.Response:
        metadata = parse(await request.read(), "insert")
        if kind := request.headers.get("X-Upload-Content-Type"):
            metadata.setdefault("contentType", kind)
        name = self.check(request, bucket, metadata)
        upload = uuid.uuid4().hex
        self.sessions[upload] = UploadSession(
            authorization=authorization, bucket=bucket, name=name, metadata=metadata,
            when=Preconditions.of(request.query), content=Incoming(self.objects.store.uploads),
        )  # fmt: skip
        root = f"{request.scheme}://{request.host}/{HOST}"
        location = f"{root}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={upload}"
        request[STEP] = True
        return web.Response(headers={"Location": location, "X-GUploader-UploadID": upload})

    async def resume(self, request: web.Request) -> web.Response:
        """PUT on a session: a chunk, the rest, or (`bytes */*`) the question how far it came. 308 until complete."""
        async with self.session(request).turn:
            return await self.go_on(request, self.session(request))

    async def go_on(self, request: web.Request, session: UploadSession) -> web.Response:
        request[MADE], request[CALLER] = (session.bucket, session.name), session.authorization or ""
        if session.stored:
            request[STEP] = True
            return web.json_response(session.stored.resource(self.objects.endpoint))
        header = request.headers.get("Content-Range")
        match = CONTENT_RANGE.fullmatch(header or "bytes */*")
        if match is None:
            raise ApiError(400, f"Content-Range '{header}' is not of the form bytes 0-99/200.")
        first, _, total = match.groups()
        if first is not None and int(first) > session.content.size:
            raise ApiError(400, f"The chunk starts at {first}, but only {session.content.size} bytes have arrived.")
        if first is not None or header is None:
            await session.content.drain(skip(request, session.content.size - int(first or 0)))
        whole = session.content.size if header is None else total
        if str(whole) == str(session.content.size):
            return await self.complete(request, session)
        done = {"Range": f"bytes=0-{session.content.size - 1}"} if session.content.size else {}
        request[STEP] = True
        return web.Response(status=308, headers=done)

    async def complete(self, request: web.Request, session: UploadSession) -> web.Response:
        await session.content.finish()
        try:
            session.content.verify(session.metadata | read_checksums(request), session.name)
            session.stored = self.objects.put(
                session.authorization, session.bucket, session.name, session.content,
                writable(session.metadata), session.when,
            )  # fmt: skip
        except ApiError:
            self.sessions.pop(request.query["upload_id"])
            raise
        finally:
            session.content.discard()
        return web.json_response(session.stored.resource(self.objects.endpoint))

    async def cancel(self, request: web.Request) -> web.Response:
        async with self.session(request).turn:
            self.session(request).content.discard()
            del self.sessions[request.query["upload_id"]]
        return web.Response(status=499)

    def session(self, request: web.Request) -> UploadSession:
        upload = request.query.get("upload_id", "")
        if upload not in self.sessions:
            raise ApiError(404, f"There is no upload session '{upload}'; it ended or never was: start again.")
        return self.sessions[upload]


def parse(raw: bytes, method: str) -> dict[str, Any]:
    """The body of a method of `objects`, when it fits Google's schema; `ApiError` 400 otherwise."""
    body = parse_json(raw)
    schema.check(catalogue().method(f"storage.v1:objects.{method}"), body, {})
    return body or {}


def media(request: web.Request) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
    kind = request.headers.get(hdrs.CONTENT_TYPE)
    return {"contentType": kind} if kind else {}, decode_chunks(request.content)


async def multipart(request: web.Request) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
    """Metadata of the first part, chunks of the second."""
    kind = parse_media_type(request.headers.get(hdrs.CONTENT_TYPE, ""))
    if not kind.type.startswith("multipart/") or not kind.parameters.get("boundary"):
        raise ApiError(400, f"uploadType is multipart, but the body is {kind.type} or has no boundary.")
    events = split(decode_chunks(request.content), kind.parameters["boundary"])
    metadata, head = bytearray(), 0
    async for event in events:
        if isinstance(event, PartStart):
            head += 1
            if head == 2:
                fields = parse(bytes(metadata), "insert")
                if content_type := event.headers.get("content-type"):
                    fields.setdefault("contentType", content_type)
                return fields, second_part(events)
        elif not isinstance(event, PartEnd):
            metadata += event
            if len(metadata) > MAX_METADATA:
                raise ApiError(400, f"The object's metadata are larger than {MAX_METADATA} bytes.")
    raise ApiError(400, "The multipart body needs two parts: the object's metadata as JSON, then its content.")


async def second_part(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    """The content, up to the end of a body that must hold no third part."""
    async for event in events:
        if isinstance(event, PartStart):
            raise ApiError(400, "The multipart body has more than two parts.")
        if not isinstance(event, PartEnd):
            yield bytes(event)


async def skip(request: web.Request, known: int) -> AsyncIterator[bytes]:
    """The body without its first `known` bytes, which arrived before."""
    async for chunk in decode_chunks(request.content):
        fresh = chunk[known:]
        known = max(0, known - len(chunk))
        if fresh:
            yield fresh


def read_checksums(request: web.Request) -> dict[str, str]:
    """Checksums of the `X-Goog-Hash` header under their names in the object resource."""
    keys = {"md5": "md5Hash", "crc32c": "crc32c"}
    pairs = [item.strip().partition("=") for item in request.headers.get("X-Goog-Hash", "").split(",")]
    return {keys[kind]: value for kind, _, value in pairs if kind in keys}
