"""Cloud Storage's JSON API over HTTP for objects that exist: get, download, list, change, delete, compose, copy."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

from aiohttp import web

from localcloud import cors
from localcloud.errors import ApiError
from localcloud.inflation import InflatedTooMuch
from localcloud.multipart import MalformedMultipart
from localcloud.objects.audit import MADE, SOURCES, Handler, Verb, audit_requests
from localcloud.objects.incoming import Incoming
from localcloud.objects.listing import list_objects
from localcloud.objects.resource import Preconditions, StoredObject, check_name, error_body, patch, writable
from localcloud.objects.service import HOST, ObjectService
from localcloud.objects.uploads import CHUNK, Uploads, parse

RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
READ, DELETE = "storage.objects.get", "storage.objects.delete"
CREATE, UPDATE, LIST = "storage.objects.create", "storage.objects.update", "storage.objects.list"


class ObjectRoutes:
    def __init__(self, objects: ObjectService) -> None:
        self.objects = objects
        self.store = objects.store
        self.uploads = Uploads(objects)

    def add(self, app: web.Application) -> None:
        bucket = "storage/v1/b/{bucket}/o"
        one = bucket + "/{object:[^/]+}"
        to = "/b/{target_bucket}/o/{target:[^/]+}"
        table: list[tuple[str, str, Verb, Handler]] = [
            ("POST", f"upload/{bucket}", "create", self.uploads.start),
            ("PUT", f"upload/{bucket}", "create", self.uploads.resume),
            ("GET", f"download/{one}", "get", self.download),
            ("GET", bucket, "list", self.list),
            ("GET", one, "get", self.get),
            ("PATCH", one, "update", self.change),
            ("PUT", one, "update", self.change),
            ("DELETE", one, "delete", self.delete),
            ("POST", one + "/compose", "create", self.compose),
            ("POST", one + "/rewriteTo" + to, "create", self.copy),
            ("POST", one + "/copyTo" + to, "create", self.copy),
        ]
        for method, path, verb, handler in table:
            audited_handler = audit_requests(self.objects.cloud, self.objects.audit, verb, handler)
            app.router.add_route(method, f"/{HOST}/{path}", storage_errors(audited_handler))
        app.router.add_route("DELETE", f"/{HOST}/upload/{bucket}", storage_errors(self.uploads.cancel))
        app.router.add_route("OPTIONS", f"/{HOST}/{one}", preflight)
        app.on_response_prepare.append(allow_origin)

    def find_object(self, request: web.Request, *permissions: str) -> StoredObject:
        bucket, name = request.match_info["bucket"], request.match_info["object"]
        authorization = request.headers.get("Authorization")
        self.objects.require(authorization, bucket, *permissions, name=name)
        return self.objects.find(authorization, bucket, name, request.query.get("generation"))

    def answer(self, item: StoredObject) -> web.Response:
        return web.json_response(item.resource(self.objects.endpoint))

    async def list(self, request: web.Request) -> web.StreamResponse:
        bucket = request.match_info["bucket"]
        self.objects.require(request.headers.get("Authorization"), bucket, LIST)
        return web.json_response(list_objects(self.store, bucket, request.query, self.objects.endpoint))

    async def get(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("alt") == "media":
            return await self.download(request)
        item = self.find_object(request, READ)
        Preconditions.of(request.query).require(item, reading=True)
        return self.answer(item)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The content, whole or one `Range`; a replacement meanwhile does not disturb it."""
        item = self.find_object(request, READ)
        Preconditions.of(request.query).require(item, reading=True)
        with self.store.open(item) as file:
            part = parse_range(request.headers.get("Range"), item)
            first, last = part or (0, item.size - 1)
            headers = media_headers(item, self.objects.endpoint) | {"Content-Length": str(last + 1 - first)}
            if part:
                headers["Content-Range"] = f"bytes {first}-{last}/{item.size}"
            response = web.StreamResponse(status=206 if part else 200, headers=headers)
            await response.prepare(request)
            file.seek(first)
            left = last + 1 - first
            while left and request.method != "HEAD":
                chunk = await asyncio.to_thread(file.read, min(left, CHUNK))
                left -= len(chunk)
                await response.write(chunk)
        await response.write_eof()
        return response

    async def change(self, request: web.Request) -> web.StreamResponse:
        """PATCH merges into the writable metadata, PUT replaces it."""
        item = self.find_object(request, UPDATE)
        body = parse(await request.read(), "patch")
        fields = patch(item.fields, body) if request.method == "PATCH" else writable(body)
        with self.objects.changing(item.bucket, item.name):
            changed = self.store.update(item, fields, when=Preconditions.of(request.query))
        return self.answer(changed)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        item = self.find_object(request, DELETE)
        keep = self.objects.is_versioned(item.bucket) and "generation" not in request.query
        self.objects.check_retention(item, keep=keep)
        with self.objects.changing(item.bucket, item.name):
            self.store.delete(item, when=Preconditions.of(request.query), keep=keep)
        return web.Response(status=204)

    async def compose(self, request: web.Request) -> web.StreamResponse:
        bucket, name = request.match_info["bucket"], request.match_info["object"]
        authorization = request.headers.get("Authorization")
        self.objects.require(authorization, bucket, CREATE, READ)
        body = parse(await request.read(), "compose")
        wanted: list[dict[str, Any]] = body.get("sourceObjects") or []
        if not 1 <= len(wanted) <= 32:
            raise ApiError(400, f"{bucket}/{name} is to be composed of {len(wanted)} objects; it must be 1 to 32.")
        sources: list[StoredObject] = []
        for source in wanted:
            if not source.get("name"):
                raise ApiError(400, f"A source object of {bucket}/{name} has no name.")
            generation = source.get("generation")
            request.setdefault(SOURCES, []).append((bucket, source["name"]))
            sources.append(self.objects.find(authorization, bucket, source["name"], generation and str(generation)))
            conditions: dict[str, Any] = source.get("objectPreconditions") or {}
            Preconditions.of({key: str(value) for key, value in conditions.items()}).require(sources[-1])
        destination: dict[str, Any] = body.get("destination") or {}
        fields = {"contentType": sources[0].fields.get("contentType")} | destination
        stored = await self.gather(request, bucket, name, sources, writable(fields))
        return self.answer(stored)

    async def copy(self, request: web.Request) -> web.StreamResponse:
        """`rewriteTo` (always done in one call here) and `copyTo`; a body with metadata replaces the source's."""
        bucket, name = request.match_info["target_bucket"], request.match_info["target"]
        request[MADE] = (bucket, name)
        request[SOURCES] = [(request.match_info["bucket"], request.match_info["object"])]
        source = self.find_object(request, READ)
        self.objects.require(request.headers.get("Authorization"), bucket, CREATE)
        Preconditions.of(request.query, "ifSource").require(source)
        fields = writable(parse(await request.read(), "copy")) or source.fields
        stored = await self.gather(request, bucket, name, [source], fields)
        if "/copyTo/" in request.path:
            return self.answer(stored)
        size = str(stored.size)
        answer = {"kind": "storage#rewriteResponse", "totalBytesRewritten": size, "objectSize": size, "done": True}
        return web.json_response(answer | {"resource": stored.resource(self.objects.endpoint)})

    async def gather(
        self, request: web.Request, bucket: str, name: str, sources: list[StoredObject], fields: dict[str, Any]
    ) -> StoredObject:
        """Store the contents of `sources`, one after the other, as one new object."""
        check_name(name)
        content = Incoming(self.store.uploads)
        try:
            for source in sources:
                with self.store.path(source).open("rb") as file:
                    while chunk := await asyncio.to_thread(file.read, CHUNK):
                        content.write(chunk)
            await content.finish()
            when = Preconditions.of(request.query)
            return self.objects.put(request.headers.get("Authorization"), bucket, name, content, fields, when)
        finally:
            content.discard()


async def preflight(request: web.Request) -> web.StreamResponse:
    return web.Response(status=204, headers=cors.preflight(request.headers))


async def allow_origin(request: web.Request, response: web.StreamResponse) -> None:
    """The JSON API lets any origin in, whatever CORS rules the bucket has: those are for the XML API."""
    if request.path.startswith(f"/{HOST}/"):
        response.headers.update(cors.headers(request.headers))


def storage_errors(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            if error.code == 304:
                return web.Response(status=304)
            return web.json_response(error_body(error), status=error.code)
        except (InflatedTooMuch, MalformedMultipart) as error:
            return web.json_response(error_body(ApiError(400, f"The body cannot be read: {error}.")), status=400)

    return handle


def parse_range(header: str | None, item: StoredObject) -> tuple[int, int] | None:
    """First and last byte to send, or None for all: what is no range is ignored (RFC 9110 §14.2).

    Raises `ApiError` 416 for a range that lies outside.
    """
    match = RANGE.fullmatch(header or "")
    if match is None or not item.size or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    begin, end = (int(first), int(last or item.size)) if first else (item.size - int(last), item.size)
    if first and end < begin:
        return None
    if begin >= item.size:
        raise ApiError(416, f"Range {header} lies outside {item.bucket}/{item.name}, which has {item.size} bytes.")
    return max(0, begin), min(end, item.size - 1)


def media_headers(item: StoredObject, endpoint: str) -> dict[str, str]:
    resource = item.resource(endpoint)
    headers = {
        "Content-Type": resource["contentType"],
        "ETag": f'"{resource["etag"]}"',
        "Accept-Ranges": "bytes",
        "X-Goog-Generation": resource["generation"],
        "X-Goog-Metageneration": resource["metageneration"],
        "X-Goog-Stored-Content-Length": resource["size"],
        "X-Goog-Hash": f"crc32c={base64.b64encode(item.crc32c).decode()},md5={base64.b64encode(item.md5).decode()}",
    }
    extra = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage")
    return headers | {re.sub("(?=[A-Z])", "-", key): resource[key] for key in extra if key in resource}
