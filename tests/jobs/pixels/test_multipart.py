from __future__ import annotations

from collections.abc import Iterator

import pytest
from prepare.pixels.multipart import Truncated, boundary_of, parts

PARTS = [b"one", b"", b"\r\n--other\r\n\r\n", bytes(range(256)) * 40]


def body(contents: list[bytes], boundary: bytes = b"b") -> bytes:
    heads = (b"\r\n--" + boundary + b"\r\nContent-Type: application/octet-stream\r\n\r\n" + part for part in contents)
    return b"".join(heads)[2:] + b"\r\n--" + boundary + b"--\r\n"


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 10**6])
def test_parts_are_the_same_however_the_body_arrives(size: int) -> None:
    assert list(parts(pieces(body(PARTS), size), b"b", 20_000)) == PARTS


def test_a_preamble_is_passed_over() -> None:
    assert list(parts([b"hello\r\n", body([b"x"])], b"b", 10)) == [b"x"]


@pytest.mark.parametrize("kept", [0, 1, 10, 60, 90, -3, -8])
def test_a_body_that_breaks_off_is_told_after_its_whole_parts(kept: int) -> None:
    whole, got = body([b"first", b"second"]), list[bytes]()
    cut = whole[:kept] if kept >= 0 else whole[: len(whole) + kept]
    with pytest.raises(Truncated):
        got.extend(parts(pieces(cut, 5), b"b", 100))
    assert got == [b"first", b"second"][: len(got)]


def test_a_part_that_never_ends_is_given_up_at_its_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"--b\r\n\r\n"
        while True:
            taken += 1000
            yield bytes(1000)

    with pytest.raises(Truncated, match="larger than 5000"):
        list(parts(endless(), b"b", 5000))
    assert taken < 10_000


def test_one_part_at_a_time_is_taken_from_the_stream() -> None:
    taken = 0

    def arriving() -> Iterator[bytes]:
        nonlocal taken
        for piece in pieces(body([bytes(1000)] * 50), 100):
            taken += len(piece)
            yield piece

    next(parts(arriving(), b"b", 2000))
    assert taken < 2000


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/octet-stream"; boundary=abc', b"abc"),
        ('multipart/related; boundary="a b c"; type=x', b"a b c"),
        ("application/octet-stream", None),
        ("", None),
    ],
)
def test_the_boundary_is_read_from_the_content_type(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary
