"""How many bytes compressed ones may become: a small request must not fill the disk or the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import StreamReader

FREE = 64 * 2**20
"""Bytes that anything may inflate to."""
RATIO = 100
"""Bytes for each compressed one beyond that. Pixels of a real slide come to 2 to 30; deflate can reach 1,000."""
TOTAL = 4 * 2**30
"""Bytes that all compressed parts of one request may inflate to together."""


class InflatedTooMuch(ValueError):
    """The message says how much is allowed."""


class InflationBudget:
    """What the compressed parts of one request may still inflate to."""

    def __init__(self) -> None:
        self._compressed = self._inflated = 0

    def add_compressed(self, count: int) -> None:
        """So many compressed bytes have arrived."""
        self._compressed += count

    def add_inflated(self, count: int) -> None:
        """They became so many. Raises `InflatedTooMuch`."""
        self._inflated += count
        allowed = min(TOTAL, max(FREE, RATIO * self._compressed))
        if self._inflated > allowed:
            raise InflatedTooMuch(
                f"{self._compressed} compressed bytes of this request inflate to more than {allowed}: at most "
                f"{RATIO} times as much is taken, or {FREE} bytes, and {TOTAL} a request"
            )


async def decode_chunks(body: StreamReader) -> AsyncIterator[bytes]:
    """A request's body as it comes, its Content-Encoding undone. Raises `InflatedTooMuch`."""
    budget, seen = InflationBudget(), 0
    async for chunk in body.iter_any():
        if (compressed := body.total_compressed_bytes) is not None:
            budget.add_compressed(compressed - seen)
            seen = compressed
            budget.add_inflated(len(chunk))
        yield chunk
