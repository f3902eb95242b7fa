"""WADO-RS frames: as stored or decoded, one part a frame."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from localcloud.dicom import transcode
from localcloud.dicom.accept import wanted
from localcloud.dicom.archive import Opened
from localcloud.dicom.multipart import PART_TAIL, closing, new_boundary, part_head
from localcloud.dicom.syntaxes import EXPLICIT_LITTLE, NATIVE, OCTETS, media_type
from localcloud.errors import ApiError

INLINE = 2**20
"""Bytes of an answer up to which reading it from the page cache is quicker than handing it to a thread."""


@dataclass(frozen=True)
class Form:
    """The representation that was agreed on."""

    media_type: str
    syntax: str
    decode: bool
    multipart: bool


def agree(header: str, opened: Opened, count: int) -> Form:
    """Choose for `count` frames. Raises `ApiError` 406 naming what there is."""
    stored = opened.record.syntax
    own = media_type(stored)
    refused: ApiError | None = None
    for choice in wanted(header):
        single = choice.multipart is False
        if single and count > 1:
            refused = ApiError(406, f"{choice.text!r} is one part; {count} frames need multipart/related.")
            continue
        as_stored = choice.transfer_syntax in ("*", stored) or (not choice.transfer_syntax and own != OCTETS)
        if as_stored and choice.media_type != "*/*" and choice.covers(own):
            return Form(own, stored, False, not single)
        if choice.transfer_syntax in ("*", stored) and (choice.covers(OCTETS) or choice.media_type == "*/*"):
            kind = OCTETS if choice.media_type == OCTETS else own
            return Form(kind, stored if stored in NATIVE or kind != OCTETS else stored, False, not single)
        if choice.transfer_syntax in ("", EXPLICIT_LITTLE) and choice.covers(OCTETS):
            try:
                transcode.check(opened)
            except ApiError as error:
                refused = error
                continue
            return Form(OCTETS, EXPLICIT_LITTLE, stored != EXPLICIT_LITTLE, not single)
    raise refused or ApiError(
        406,
        f"Accept: {header!r} cannot be satisfied for instance {opened.record.instance}: frames are available as "
        f'multipart/related with type="{OCTETS}" (transfer-syntax {EXPLICIT_LITTLE} or *) or type="{own}" '
        f"(transfer-syntax {stored}).",
    )


def numbers(text: str) -> list[int]:
    """A frame list `1,5,9`. Raises `ApiError` 400."""
    if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", text):
        raise ApiError(400, f"frame list {text!r} is malformed: use numbers from 1, separated by commas.")
    found = [int(one) for one in text.split(",")]
    if 0 in found:
        raise ApiError(400, "frame 0 does not exist: frames are counted from 1.")
    return found


async def read(opened: Opened, number: int, form: Form) -> bytes:
    if form.decode:
        return await asyncio.to_thread(transcode.explicit_little, opened, number)
    return opened.frame(number)


async def answer(opened: Opened, wanted_frames: list[int], form: Form, url: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of the frames, in the order asked for."""
    suffix = f"; transfer-syntax={form.syntax}"
    if not form.multipart:
        return {"Content-Type": form.media_type + suffix}, await read(opened, wanted_frames[0], form)
    boundary, pieces = new_boundary(), list[bytes]()
    for number in wanted_frames:
        data = await read(opened, number, form)
        head = part_head(boundary, form.media_type + suffix, len(data), f"{url}/frames/{number}")
        pieces += (head, data, PART_TAIL)
    pieces.append(closing(boundary))
    kind = f'multipart/related; type="{form.media_type}"; boundary={boundary}'
    return {"Content-Type": kind}, b"".join(pieces)
