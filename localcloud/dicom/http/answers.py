"""One answer a DICOMweb transaction: from what a request addresses to an HTTP response."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import web

from localcloud.dicom import notify
from localcloud.dicom.files import xml
from localcloud.dicom.files.jsonmodel import dump, with_root
from localcloud.dicom.files.multipart import PART_TAIL, closing, new_boundary, part_head
from localcloud.dicom.files.syntaxes import EXPLICIT_LITTLE, OCTETS
from localcloud.dicom.http import bulkdata as bulk
from localcloud.dicom.http import cors, retrieve, stow
from localcloud.dicom.http import frames as frame
from localcloud.dicom.http import rendered as picture
from localcloud.dicom.http.accept import choose, wanted
from localcloud.dicom.http.receipt import receipt
from localcloud.dicom.operations import deletes
from localcloud.dicom.store import query
from localcloud.dicom.store import search as matches
from localcloud.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from localcloud.dicom.http.routes import Target

JSON, XML = "application/dicom+json", "application/dicom+xml"
CODINGS = ("identity", "gzip", "deflate")
LEVEL: dict[str, query.Level] = {"studies": "study", "series": "series", "instances": "instance"}


async def store(target: Target) -> web.StreamResponse:
    """STOW-RS. XML unless JSON is asked for, as Google answers."""
    media_type = choose(target.accept, (XML, JSON, "application/json", "application/xml"))
    resource = target.service.resource(target.store) or {}
    cloud, topics = target.service.cloud, notify.topics(resource, bulk_import=False)
    notify.check(cloud, topics)
    request, seconds = target.request, cloud.request_seconds
    kind, coding = request.headers.get("Content-Type", ""), request.headers.get("Content-Encoding", "identity")
    if coding.lower() not in CODINGS:
        raise ApiError(400, f"Content-Encoding {coding!r} is not supported: use {', '.join(CODINGS)}.")
    try:
        async with asyncio.timeout(seconds):
            outcome = await stow.receive(
                request.content.iter_any(), kind, target.archive, target.resource.study, cloud.duplicates
            )
    except TimeoutError as error:
        raise ApiError(
            503,
            f"the request did not arrive within its deadline of {seconds:g} seconds; nothing of it was stored.",
        ) from error
    notify.tell(cloud, target.service.publisher, topics, target.store, outcome.stored, "StoreInstances")
    answer = receipt(outcome, target.root, target.resource.study)
    body = dump(answer) if media_type.endswith("json") else xml.document(answer)
    return web.Response(body=body, status=409 if outcome.refused else 200, headers={"Content-Type": media_type})


async def search(target: Target) -> web.StreamResponse:
    """QIDO-RS."""
    level = LEVEL[target.resource.what]
    wanted_query = query.parse(level, query.own(target.request.query.items()))
    query.restrict(wanted_query, "StudyInstanceUID", target.resource.study)
    query.restrict(wanted_query, "SeriesInstanceUID", target.resource.series)
    form = choose(target.accept, (JSON, "application/json", XML))
    results = await asyncio.to_thread(
        matches.page,
        target.archive,
        wanted_query,
        target.root,
        bool(target.resource.study),
        bool(target.resource.series),
    )
    if not results:
        return web.Response(status=204)
    return model_response(results, form)


def model_response(serialized: list[bytes], form: str) -> web.StreamResponse:
    """Data sets, serialized in the JSON model, as JSON or as one XML part each."""
    if form != XML:
        return web.Response(body=b"[" + b",".join(serialized) + b"]", headers={"Content-Type": form})
    boundary, pieces = new_boundary(), list[bytes]()
    for text in serialized:
        document = xml.document(json.loads(text))
        pieces += (part_head(boundary, XML, len(document)), document, PART_TAIL)
    kind = f'multipart/related; type="{XML}"; boundary={boundary}'
    return web.Response(body=b"".join([*pieces, closing(boundary)]), headers={"Content-Type": kind})


async def metadata(target: Target) -> web.StreamResponse:
    """Attributes of every instance addressed, bulk data by reference."""
    form = choose(target.accept, (JSON, "application/json", XML))

    def read() -> list[bytes]:
        found = []
        for r in target.archive.find(*target.uids):
            url = f"{target.root}/studies/{r.study}/series/{r.series}/instances/{r.instance}"
            found.append(with_root(target.archive.metadata(r), url))
        return found

    return model_response(await asyncio.to_thread(read), form)


async def instances(target: Target) -> web.StreamResponse:
    """WADO-RS of a study, series or instance."""
    archive = target.archive
    records = await asyncio.to_thread(archive.find, *target.uids)
    form = retrieve.agree(target.accept, archive, records, bool(target.resource.instance))
    if not form.multipart:
        if form.syntax == "*":
            kind = retrieve.content_type(records[0].syntax)
            return web.FileResponse(archive.path(records[0].file), headers={"Content-Type": kind})
        part = await asyncio.to_thread(retrieve.part, archive, records[0], form)
        headers = {"Content-Type": retrieve.content_type(part.syntax), "Content-Length": str(part.length)}
        return await stream(target, headers, retrieve.pulled(part.chunks))
    boundary = new_boundary()
    headers = {"Content-Type": f'multipart/related; type="{retrieve.DICOM}"; boundary={boundary}'}
    if form.syntax == "*":
        headers["Content-Length"] = str(retrieve.total_length(records, boundary))
    return await stream(target, headers, retrieve.multipart_body(archive, records, form, boundary))


async def stream(target: Target, headers: dict[str, str], body: AsyncIterator[bytes]) -> web.StreamResponse:
    """Send `body` as it comes; its first piece is made before the status is sent, so that a refusal can still be told.

    What fails later can only be told by breaking the connection: the answer must not look complete.
    """
    first = await anext(body, b"")
    response = web.StreamResponse(headers={**headers, **cors.headers(target.request.headers)})
    await response.prepare(target.request)
    try:
        async with asyncio.timeout(target.service.cloud.request_seconds):
            if target.request.method != "HEAD":
                await response.write(first)
                async for chunk in body:
                    await response.write(chunk)
            await response.write_eof()
    except BaseException as error:
        if target.request.transport:
            target.request.transport.abort()
        if not isinstance(error, ConnectionError | TimeoutError):
            raise  # a client that left or was too slow needs no report
    return response


async def frames(target: Target) -> web.StreamResponse:
    opened = target.archive.open(*target.uids)
    numbers = frame.numbers(target.resource.frames)
    frame.check(opened, numbers)
    form = frame.agree(target.accept, opened, len(numbers))
    boundary = new_boundary()
    kind = f'multipart/related; type="{form.media_type}"; boundary={boundary}' if form.multipart else form.content_type
    headers = {"Content-Type": kind}
    if len(numbers) == 1 and not form.decode:
        body = frame.stored_frame(opened, numbers[0], form, boundary, target.url)
        return web.Response(body=body, headers=headers)
    return await stream(target, headers, frame.parts(opened, numbers, form, boundary, target.url))


async def rendered(target: Target) -> web.StreamResponse:
    fit = picture.viewport(dict(query.own(target.request.query.items())))
    media_type = choose(target.accept, picture.FORMATS)
    opened = target.archive.open(*target.uids)
    numbers = frame.numbers(target.resource.frames or "1")
    frame.check(opened, numbers)
    if len(numbers) == 1:
        body = await asyncio.to_thread(picture.render, opened, numbers[0], media_type, fit)
        return web.Response(body=body, headers={"Content-Type": media_type})
    boundary = new_boundary()

    async def pictures() -> AsyncIterator[bytes]:
        for number in numbers:
            body = await asyncio.to_thread(picture.render, opened, number, media_type, fit)
            head = part_head(boundary, media_type, len(body), f"{target.url}/frames/{number}/rendered")
            yield head + body + PART_TAIL
        yield closing(boundary)

    kind = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return await stream(target, {"Content-Type": kind}, pictures())


async def bulk_data(target: Target) -> web.StreamResponse:
    opened = target.archive.open(*target.uids)
    place = bulk.locate(opened, target.resource.bulk)
    choice = next((one for one in wanted(target.accept) if one.covers(OCTETS)), None)
    if not choice:
        raise ApiError(406, f'bulk data are available as multipart/related; type="{OCTETS}" or {OCTETS}.')
    pieces = retrieve.pulled(bulk.chunks(target.archive, opened, place))
    length = place[2]
    if choice.multipart is False:
        return await stream(target, {"Content-Type": OCTETS, "Content-Length": str(length)}, pieces)
    boundary = new_boundary()
    head = part_head(
        boundary,
        f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}",
        length,
        f"{target.url}/bulkdata/{target.resource.bulk}",
    )
    tail = PART_TAIL + closing(boundary)

    async def body() -> AsyncIterator[bytes]:
        yield head
        async for piece in pieces:
            yield piece
        yield tail

    headers = {
        "Content-Type": f'multipart/related; type="{OCTETS}"; boundary={boundary}',
        "Content-Length": str(len(head) + length + len(tail)),
    }
    return await stream(target, headers, body())


async def delete(target: Target) -> web.StreamResponse:
    archive, (study, series, instance) = target.archive, target.uids
    if instance:
        await asyncio.to_thread(deletes.delete_one, archive, study, series, instance)
        return web.Response(status=200)
    service = target.service
    operation = deletes.delete_many(service.cloud, service.tasks, archive, target.store, study, series, target.version)
    return web.json_response(operation)
