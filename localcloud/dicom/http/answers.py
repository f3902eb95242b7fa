"""One answer a DICOMweb transaction: from what a request addresses to an HTTP response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from aiohttp import web

from localcloud import cors
from localcloud.dicom import notify
from localcloud.dicom.files import xml
from localcloud.dicom.files.jsonmodel import dump, with_root
from localcloud.dicom.files.syntaxes import EXPLICIT_LITTLE, OCTETS
from localcloud.dicom.http import frames as frame
from localcloud.dicom.http import rendered as picture
from localcloud.dicom.http import retrieve, stow
from localcloud.dicom.http.accept import choose, wanted
from localcloud.dicom.http.receipt import receipt
from localcloud.dicom.http.store_request import StoreRequest
from localcloud.dicom.operations import deletes
from localcloud.dicom.store import query
from localcloud.dicom.store import search as matches
from localcloud.errors import ApiError
from localcloud.multipart import PART_TAIL, closing, new_boundary, part_head

JSON, XML = "application/dicom+json", "application/dicom+xml"
CODINGS = ("identity", "gzip")
LEVEL: dict[str, query.Level] = {"studies": "study", "series": "series", "instances": "instance"}


async def store(asked: StoreRequest) -> web.StreamResponse:
    """STOW-RS. XML unless JSON is asked for, as Google answers."""
    media_type = choose(asked.accept, (XML, JSON, "application/json", "application/xml"))
    resource = asked.stores.resource(asked.store) or {}
    cloud, topics = asked.cloud, notify.topics_of(resource, bulk_import=False)
    notify.require_publisher(cloud, topics)
    request, seconds = asked.request, cloud.request_seconds
    kind, coding = request.headers.get("Content-Type", ""), request.headers.get("Content-Encoding", "identity")
    if coding.lower() not in CODINGS:
        raise ApiError(400, f"Content-Encoding {coding!r} is not supported: use {', '.join(CODINGS)}.")
    try:
        async with asyncio.timeout(seconds):
            outcome = await stow.receive(
                request.content, kind, asked.stores.archive(asked.store), asked.address.study, cloud.duplicates
            )
    except TimeoutError as error:
        raise ApiError(
            503,
            f"the request did not arrive within its deadline of {seconds:g} seconds; nothing of it was stored.",
        ) from error
    notify.publish_stored(cloud, asked.stores.publisher, topics, asked.store, outcome.stored, "StoreInstances")
    answer = receipt(outcome, asked.root, asked.address.study)
    body = dump(answer) if media_type.endswith("json") else xml.document(answer)
    return web.Response(body=body, status=409 if outcome.refused else 200, headers={"Content-Type": media_type})


async def search(asked: StoreRequest) -> web.StreamResponse:
    """QIDO-RS."""
    level = LEVEL[asked.address.what]
    wanted_query = query.parse(level, query.dicomweb_parameters(asked.request.query.items()))
    query.restrict(wanted_query, "StudyInstanceUID", asked.address.study)
    query.restrict(wanted_query, "SeriesInstanceUID", asked.address.series)
    form = choose(asked.accept, (JSON, "application/json", XML))
    results = await asyncio.to_thread(
        matches.page,
        asked.stores.archive(asked.store),
        wanted_query,
        asked.root,
        bool(asked.address.study),
        bool(asked.address.series),
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


async def metadata(asked: StoreRequest) -> web.StreamResponse:
    """Attributes of every instance addressed, bulk data by reference."""
    form = choose(asked.accept, (JSON, "application/json", XML))

    def read() -> list[bytes]:
        documents = []
        for r in asked.stores.archive(asked.store).find(*asked.uids):
            url = f"{asked.root}/studies/{r.study}/series/{r.series}/instances/{r.instance}"
            documents.append(with_root(asked.stores.archive(asked.store).metadata(r), url))
        return documents

    return model_response(await asyncio.to_thread(read), form)


async def instances(asked: StoreRequest) -> web.StreamResponse:
    """WADO-RS of a study, series or instance."""
    archive = asked.stores.archive(asked.store)
    records = await asyncio.to_thread(archive.find, *asked.uids)
    form = retrieve.choose_form(asked.accept, archive, records, bool(asked.address.instance))
    if not form.multipart:
        if form.syntax == "*":
            kind = retrieve.content_type(records[0].syntax)
            return web.FileResponse(archive.path(records[0].file), headers={"Content-Type": kind})
        part = await asyncio.to_thread(retrieve.open_answered, archive, records[0], form)
        headers = {"Content-Type": retrieve.content_type(part.syntax), "Content-Length": str(part.length)}
        return await stream(asked, headers, retrieve.read_in_threads(part.chunks))
    boundary = new_boundary()
    headers = {"Content-Type": f'multipart/related; type="{retrieve.DICOM}"; boundary={boundary}'}
    if form.syntax == "*":
        headers["Content-Length"] = str(retrieve.total_length(records, boundary))
    return await stream(asked, headers, retrieve.multipart_body(archive, records, form, boundary))


async def stream(asked: StoreRequest, headers: dict[str, str], body: AsyncIterator[bytes]) -> web.StreamResponse:
    """Send `body` as it comes; its first piece is made before the status is sent, so that a refusal can still be told.

    What fails later can only be told by breaking the connection: the answer must not look complete.
    """
    first = await anext(body, b"")
    response = web.StreamResponse(headers={**headers, **cors.headers(asked.request.headers)})
    await response.prepare(asked.request)
    try:
        async with asyncio.timeout(asked.cloud.request_seconds):
            if asked.request.method != "HEAD":
                await response.write(first)
                async for chunk in body:
                    await response.write(chunk)
            await response.write_eof()
    except BaseException as error:
        if asked.request.transport:
            asked.request.transport.abort()
        if not isinstance(error, ConnectionError | TimeoutError):
            raise  # a client that left or was too slow needs no report
    return response


async def frames(asked: StoreRequest) -> web.StreamResponse:
    opened = asked.stores.archive(asked.store).open(*asked.uids)
    numbers = frame.parse_frame_list(asked.address.frames)
    frame.require_frames(opened, numbers)
    form = frame.choose_form(asked.accept, opened, len(numbers))
    boundary = new_boundary()
    kind = f'multipart/related; type="{form.media_type}"; boundary={boundary}' if form.multipart else form.content_type
    headers = {"Content-Type": kind}
    if len(numbers) == 1 and not form.decode:
        body = frame.stored_frame(opened, numbers[0], form, boundary, asked.url)
        return web.Response(body=body, headers=headers)
    return await stream(asked, headers, frame.parts(opened, numbers, form, boundary, asked.url))


async def answer_rendered(asked: StoreRequest) -> web.StreamResponse:
    fit = picture.parse_viewport(dict(query.dicomweb_parameters(asked.request.query.items())))
    media_type = choose(asked.accept, picture.FORMATS)
    opened = asked.stores.archive(asked.store).open(*asked.uids)
    numbers = frame.parse_frame_list(asked.address.frames or "1")
    frame.require_frames(opened, numbers)
    if len(numbers) == 1:
        body = await asyncio.to_thread(picture.render, opened, numbers[0], media_type, fit)
        return web.Response(body=body, headers={"Content-Type": media_type})
    boundary = new_boundary()

    async def pictures() -> AsyncIterator[bytes]:
        for number in numbers:
            body = await asyncio.to_thread(picture.render, opened, number, media_type, fit)
            head = part_head(boundary, media_type, len(body), f"{asked.url}/frames/{number}/rendered")
            yield head + body + PART_TAIL
        yield closing(boundary)

    kind = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return await stream(asked, {"Content-Type": kind}, pictures())


async def bulk_data(asked: StoreRequest) -> web.StreamResponse:
    opened = asked.stores.archive(asked.store).open(*asked.uids)
    place = retrieve.find_bulk_value(opened, asked.address.bulk)
    choice = next((media for media in wanted(asked.accept) if media.covers(OCTETS)), None)
    if not choice:
        raise ApiError(406, f'bulk data are available as multipart/related; type="{OCTETS}" or {OCTETS}.')
    pieces = retrieve.read_in_threads(retrieve.read_bulk_value(asked.stores.archive(asked.store), opened, place))
    length = place[2]
    if choice.multipart is False:
        return await stream(asked, {"Content-Type": OCTETS, "Content-Length": str(length)}, pieces)
    boundary = new_boundary()
    head = part_head(
        boundary,
        f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}",
        length,
        f"{asked.url}/bulkdata/{asked.address.bulk}",
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
    return await stream(asked, headers, body())


async def delete(asked: StoreRequest) -> web.StreamResponse:
    archive, (study, series, instance) = asked.stores.archive(asked.store), asked.uids
    if instance:
        await asyncio.to_thread(deletes.delete_one, archive, study, series, instance)
        return web.Response(status=200)
    operation = deletes.delete_many(asked.cloud, asked.stores.tasks, archive, asked.store, study, series, asked.version)
    return web.json_response(operation)
