"""STOW-RS of JSON metadata and bulk data: the parts of such a body, each bulk value written where its file wants it.

The metadata come first and are held in memory; a bulk value goes to disk as it arrives.
"""

from __future__ import annotations

import asyncio

from localcloud.dicom.files.elements import UNDEFINED
from localcloud.dicom.files.multipart import parse_media_type
from localcloud.dicom.http import composed
from localcloud.dicom.http.composed import LENGTH, NOT_TAKEN, Composed
from localcloud.dicom.http.media import JSON, SEVERAL_FRAMES, bulk_syntax, unsupported
from localcloud.dicom.http.upload import Arriving, Upload, finished
from localcloud.errors import ApiError

MAX_METADATA = 32 * 2**20
"""Bytes of a metadata part; ours, as it is parsed in memory. Google names no limit."""


class Described:
    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._metadata: bytearray | None = bytearray()
        """Until the first part has ended."""
        self._inline_stated = False
        self._instances: list[Composed] = []
        self._waiting: dict[str, Composed] = {}
        """By BulkDataURI, until its part has begun."""
        self._begun = set[str]()
        self._value: Value | None = None

    def begin(self, headers: dict[str, str]) -> None:
        header = headers.get("content-type", "")
        if self._metadata is not None:
            self._begin_metadata(header)
        else:
            self._begin_value(header, headers.get("content-location", ""))

    def _begin_metadata(self, header: str) -> None:
        media = parse_media_type(header)
        if media.type != JSON:
            raise ApiError(400, f"the first part must be the metadata, {JSON}, not {header!r}. Nothing was stored.")
        syntax = media.parameters.get("transfer-syntax", "")
        if syntax in NOT_TAKEN:
            raise unsupported("the metadata part's Content-Type", header)
        self._inline_stated = bool(syntax)

    def _begin_value(self, header: str, location: str) -> None:
        syntax = bulk_syntax(parse_media_type(header), header)
        if location in self._begun:
            raise ApiError(400, f"there are two parts with Content-Location {location!r}. Nothing was stored.")
        instance = self._waiting.pop(location, None)
        if not instance:
            raise ApiError(
                400,
                f"a bulk data part's Content-Location {location!r} is no BulkDataURI of the metadata. "
                "Nothing was stored.",
            )
        self._begun.add(location)
        if instance.problems:
            return
        if problem := mismatch(instance, parse_media_type(header).type, syntax):
            instance.problems.append(problem)
        else:
            self._value = Value(instance, self._upload.begin())

    def write(self, data: memoryview | bytes) -> None:
        if self._metadata is not None:
            if len(self._metadata) + len(data) > MAX_METADATA:
                raise ApiError(400, f"the JSON metadata are larger than {MAX_METADATA} bytes. Nothing was stored.")
            self._metadata += data
        elif self._value and not self._value.write(data):
            self._upload.drop(self._value.file)
            self._value = None

    async def end(self) -> None:
        if self._metadata is not None:
            text, self._metadata = bytes(self._metadata), None
            self._instances = await finished(asyncio.to_thread(composed.instances, text, self._inline_stated))
            self._waiting = {uri: one for one in self._instances for uri in one.uris}
        elif self._value:
            value, self._value = self._value, None
            value.finish()
            await self._upload.stage(value.file)

    async def complete(self) -> None:
        if self._metadata is not None:
            raise ApiError(400, "the multipart body has no parts: there is nothing to store.")
        for one in self._instances:
            if not one.uris and not one.problems:
                file = self._upload.begin()
                file.spool.write(one.head)
                await self._upload.stage(file)
            elif missing := [uri for uri in one.uris if uri in self._waiting]:
                one.problems.append(f"no part has the Content-Location {', '.join(map(repr, missing[:5]))}")
            if one.problems:
                self._upload.refuse(one.refusal())


def mismatch(one: Composed, kind: str, syntax: str) -> str:
    """Why a part of media type `kind`, compressed in `syntax` or not at all, is not the instance's bulk value."""
    if syntax and not one.compressed:
        return f"its bulk data part is {kind}, which only the pixel data of an instance in {syntax} can be"
    if one.compressed and syntax != one.syntax:
        return f"its TransferSyntaxUID is {one.syntax}, its bulk data part is {kind}" + f" in {syntax}" * bool(syntax)
    if one.compressed and one.frames > 1 and kind != SEVERAL_FRAMES:
        return f"it has {one.frames} frames, but {kind} holds only one: send a DICOM file"
    return ""


class Value:
    """A bulk value on its way into the file of its instance."""

    def __init__(self, instance: Composed, file: Arriving) -> None:
        self.file = file
        self._instance = instance
        self._length = 0
        file.spool.write(instance.head)

    def write(self, data: memoryview | bytes) -> bool:
        """False when the value is longer than a data element can be; then the instance has a problem."""
        self._length += len(data)
        if self._length >= UNDEFINED:
            self._instance.problems.append(
                f"its bulk data are longer than {UNDEFINED - 1} bytes, which no data element can hold"
            )
            return False
        self.file.spool.write(data)
        return True

    def finish(self) -> None:
        """Set the length that stands before the value, and write what follows."""
        odd = self._length % 2
        self.file.spool.write(b"\0" * odd + self._instance.tail)
        length = (self._length + odd).to_bytes(LENGTH, "little")
        self.file.spool.patch(len(self._instance.head) - LENGTH, length)
