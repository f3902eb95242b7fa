"""WADO-RS frames: as stored or decoded, one part a frame."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from localcloud.dicom.files.syntaxes import EXPLICIT_LITTLE, OCTETS, media_type
from localcloud.dicom.http.accept import wanted
from localcloud.dicom.store import transcode
from localcloud.dicom.store.archive import Opened
from localcloud.errors import ApiError
from localcloud.multipart import PART_TAIL, closing, part_head

LIST = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9})*")


@dataclass(frozen=True)
class FrameForm:
    """The representation that was agreed on."""

    media_type: str
    syntax: str
    decode: bool
    multipart: bool

    @cached_property
    def content_type(self) -> str:
        return f"{self.media_type}; transfer-syntax={self.syntax}"


def choose_form(header: str, opened: Opened, count: int) -> FrameForm:
    """Choose for `count` frames. Raises `ApiError` 406 saying why not and what there is."""
    stored = opened.record.syntax
    refused: ApiError | None = None
    for form in acceptable_forms(header, stored, count > 1):
        if not form.decode:
            return form
        try:
            transcode.check(opened)
            return form
        except ApiError as error:
            refused = error
    raise refused or ApiError(
        406,
        f"Accept: {header!r} cannot be satisfied for {count} frame(s) of instance {opened.record.instance}: there are "
        f'multipart/related with type="{OCTETS}" (transfer-syntax {EXPLICIT_LITTLE} or *) or with '
        f'type="{media_type(stored)}" (transfer-syntax {stored}), and for one frame the same types as a single part.',
    )


@lru_cache(maxsize=1024)
def acceptable_forms(header: str, stored: str, several: bool) -> tuple[FrameForm, ...]:
    """What the header allows for frames stored in a syntax, best first. Several frames need multipart/related."""
    own, forms = media_type(stored), list[FrameForm]()
    for choice in wanted(header):
        multipart = choice.multipart is not False
        if several and not multipart:
            continue
        asked = choice.transfer_syntax
        own_named = own != OCTETS and choice.media_type != "*/*" and choice.covers(own)
        if asked in ("*", stored) or (not asked and own_named):
            if choice.media_type == OCTETS:
                forms.append(FrameForm(OCTETS, stored, False, multipart))
            elif choice.covers(own):
                forms.append(FrameForm(own, stored, False, multipart))
        elif asked in ("", EXPLICIT_LITTLE) and choice.covers(OCTETS):
            forms.append(FrameForm(OCTETS, EXPLICIT_LITTLE, stored != EXPLICIT_LITTLE, multipart))
    return tuple(forms)


def parse_frame_list(text: str) -> list[int]:
    """A frame list `1,5,9`, counted from 1. Raises `ApiError` 400."""
    if not LIST.fullmatch(text):
        raise ApiError(400, f"frame list {text!r} is malformed: use numbers from 1, separated by commas.")
    numbers = [int(number) for number in text.split(",")]
    if 0 in numbers:
        raise ApiError(400, "frame 0 does not exist: frames are counted from 1.")
    return numbers


def require_frames(opened: Opened, wanted_frames: list[int]) -> None:
    """Raises `ApiError` 404 unless every frame is there."""
    for number in wanted_frames:
        opened.require(number)


async def read(opened: Opened, number: int, form: FrameForm) -> bytes:
    if form.decode:
        return await asyncio.to_thread(transcode.explicit_little, opened, number)
    return opened.frame(number)


def head(form: FrameForm, boundary: str, url: str, number: int, length: int) -> bytes:
    return part_head(boundary, form.content_type, length, f"{url}/frames/{number}")


def stored_frame(opened: Opened, number: int, form: FrameForm, boundary: str, url: str) -> bytes:
    """The body of one frame as stored: what a viewer asks for thousands of times, so no task and no thread."""
    data = opened.frame(number)
    if not form.multipart:
        return data
    return b"".join((head(form, boundary, url, number, len(data)), data, PART_TAIL, closing(boundary)))


async def parts(
    opened: Opened, wanted_frames: list[int], form: FrameForm, boundary: str, url: str
) -> AsyncIterator[bytes]:
    """The body of any frames, piece by piece."""
    for number in wanted_frames:
        data = await read(opened, number, form)
        if form.multipart:
            yield head(form, boundary, url, number, len(data))
        yield data
        if form.multipart:
            yield PART_TAIL
    if form.multipart:
        yield closing(boundary)
