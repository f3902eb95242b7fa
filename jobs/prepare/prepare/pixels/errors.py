"""What can be wrong with the pixels of a slide. Sentences of ours, never text of a decoder, which may quote data."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator
from contextlib import contextmanager

import requests
from pydicom.errors import BytesLengthException

from ..errors import CannotRun, SeriesFailed


class CannotPlace(SeriesFailed):
    """The tiles do not form a grid: off-grid, overlapping, missing parts, several focal planes."""


class CannotDecode(SeriesFailed):
    """A frame is not what its attributes say."""


class FramesBroken(SeriesFailed):
    """The store's answer to a request for frames was cut off or not what was asked for, again and again."""


UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises over attributes that are not what their tags, types and lengths say."""


@contextmanager
def readable(what: str) -> Generator[None]:
    """Reads attributes that a store sent, which may be anything: what cannot be read is CannotDecode, in a sentence."""
    try:
        yield
    except (SeriesFailed, CannotRun, requests.RequestException):
        raise
    except UNREADABLE as error:
        raise CannotDecode(
            f"{what} has attributes that cannot be read ({type(error).__name__}): send it again from its source"
        ) from None
