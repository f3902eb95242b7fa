"""Google's forms of time and bytes."""

from __future__ import annotations

import pytest

from localcloud.errors import ApiError
from localcloud.forms import duration, epoch, from_base64, timestamp


def test_a_timestamp_reads_back() -> None:
    assert timestamp(0.5) == "1970-01-01T00:00:00.500000Z"
    assert epoch(timestamp(1_800_000_000.25)) == 1_800_000_000.25


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.123456789Z", 0.123456),
        ("1970-01-01T00:00:00", 0),
    ],
)
def test_what_clients_send_is_read(text: str, seconds: float) -> None:
    assert epoch(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "seconds"), [("600s", 600), ("1.5s", 1.5), (None, 7), ("", 7)])
def test_durations(text: str | None, seconds: float) -> None:
    assert duration(text, 7) == seconds


@pytest.mark.parametrize("read", [epoch, duration])
@pytest.mark.parametrize("text", ["soon", "10m", "1.s", "nans"])
def test_what_is_no_time_is_named(read: object, text: str) -> None:
    with pytest.raises(ApiError, match=text):
        read(text)  # type: ignore[operator]


def test_both_alphabets_of_base64_are_read() -> None:
    assert from_base64("-_8=") == from_base64("+/8=") == b"\xfb\xff"
