"""The splitter gives the same parts however the body is cut, and refuses what is not multipart."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.multipart import (
    PART_TAIL,
    MalformedMultipart,
    PartEnd,
    PartStart,
    Splitter,
    closing,
    parse_media_type,
    part_head,
)


def split(chunks: list[bytes], boundary: str = "B") -> list[tuple[dict[str, str], bytes]]:
    splitter = Splitter(boundary)
    found: list[tuple[dict[str, str], bytearray]] = []
    ended = 0
    for chunk in chunks:
        for event in splitter.feed(chunk):
            if isinstance(event, PartStart):
                found.append((event.headers, bytearray()))
            elif isinstance(event, PartEnd):
                ended += 1
            else:
                found[-1][1].extend(event)
    splitter.finish()
    assert ended == len(found)
    return [(headers, bytes(body)) for headers, body in found]


# What could be taken for a delimiter, and what is next to one.
PIECES = st.sampled_from([b"\r\n--B", b"--B", b"\r\n--", b"\r\n", b"\r", b"\n", b"-", b"B", b"x", b"\n--B", b"\0" * 50])
BODIES = st.lists(PIECES, max_size=12).map(b"".join).filter(lambda body: b"\r\n--B" not in (b"\r\n" + body + b"\r\n"))


# How long inputs take to draw says how busy the machine is.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BODIES, min_size=1, max_size=4), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_parts_do_not_depend_on_how_the_body_arrives(bodies: list[bytes], sizes: list[int]) -> None:
    whole = b"".join(part_head("B", "a/b", len(body)) + body + PART_TAIL for body in bodies) + closing("B")
    chunks, at = [], 0
    while at < len(whole):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(whole[at : at + size])
        at += size

    assert [body for _, body in split(chunks)] == bodies
    assert split([whole])[0][0]["content-type"] == "a/b"


def test_longer_boundary_in_the_data_is_data() -> None:
    body = b"one\r\n--Bx\r\ntwo"

    assert split([b"--B\r\n\r\n" + body + b"\r\n--B--"]) == [({}, body)]


def test_header_that_goes_on_in_the_next_line_is_one() -> None:
    head = b"--B\r\nContent-Location: a\r\n\tb\r\nContent-Type: x/y;\r\n z=1\r\n\r\n"

    assert split([head + b"data\r\n--B--"]) == [({"content-location": "a b", "content-type": "x/y; z=1"}, b"data")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "closing delimiter"),
        (b"--B\r\n\r\ndata", "closing delimiter"),
        (b"--B\r\n\r\ndata\r\n--B", "closing delimiter"),
        (b"--B\r\nno colon\r\n\r\ndata\r\n--B--", "colon"),
        (b"--B\r\na: " + b"x" * 20_000, "headers"),
        (b"--B" + b" " * 20_000, "line"),
    ],
)
def test_malformed_bodies_are_refused(body: bytes, words: str) -> None:
    with pytest.raises(MalformedMultipart, match=words):
        split([body])


@pytest.mark.parametrize(
    ("header", "media_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary="a b:c"', "multipart/related", "a b:c"),
        ("Multipart/Related;BOUNDARY=abc", "multipart/related", "abc"),
        ("application/dicom", "application/dicom", None),
        ("", "", None),
    ],
)
def test_content_types(header: str, media_type: str, boundary: str | None) -> None:
    media = parse_media_type(header)

    assert (media.type, media.parameters.get("boundary")) == (media_type, boundary)
