"""Cron: when a schedule is due next, computed by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localcloud.chain.scheduler import next_time


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("* * * * *", "2026-01-31T23:59:30", "2026-02-01T00:00:00"),
        ("*/15 * * * *", "2026-01-01T10:46:00", "2026-01-01T11:00:00"),
        ("0 6 * * *", "2026-01-01T06:00:00", "2026-01-02T06:00:00"),
        ("30 9-17/4 * * MON-FRI", "2026-01-02T17:30:00", "2026-01-05T09:30:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 1 jan,jul *", "2026-01-01T00:00:00", "2026-07-01T00:00:00"),
        ("0 0 * * 7", "2026-01-05T00:00:00", "2026-01-11T00:00:00"),
        ("5/20 * * * *", "2026-01-01T00:26:00", "2026-01-01T00:45:00"),
        # Both days restricted: either is enough.
        ("0 0 13 * FRI", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("0 0 13 * FRI", "2026-01-09T00:00:00", "2026-01-13T00:00:00"),
        # A day field that begins with a star restricts nothing by itself: both must hold.
        ("0 0 */2 * MON", "2026-01-01T00:00:00", "2026-01-05T00:00:00"),
    ],
)
def test_the_next_time(schedule: str, after: str, due: str) -> None:
    now = datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()

    found = datetime.fromtimestamp(next_time(schedule, "Etc/UTC", now), UTC)

    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(("day", "hour"), [("2026-01-15", 5), ("2026-07-15", 4)])
def test_it_is_due_by_the_clock_on_the_wall_of_its_zone(day: str, hour: int) -> None:
    now = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()

    assert datetime.fromtimestamp(next_time("0 6 * * *", "Europe/Berlin", now), UTC).hour == hour


@pytest.mark.parametrize(
    ("schedule", "named"),
    [
        ("every 5 minutes", "write five"),
        ("* * * * * *", "write five"),
        ("60 * * * *", "Bad minute"),
        ("* 24 * * *", "Bad hour"),
        ("* * 0 * *", "Bad day-of-month"),
        ("* * * FOO *", "Bad month"),
        ("*/0 * * * *", "Bad minute"),
        ("30-10 * * * *", "Bad minute"),
        ("* * * * 1,", "Bad day-of-week"),
        ("0 0 L * *", "write five"),
        ("0 0 * * 5L", "write five"),
        ("0 0 * * MON#2", "write five"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("0 0 31 4,6 *", "Bad day-of-month"),
    ],
)
def test_what_is_not_understood_is_named(schedule: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        next_time(schedule, "Etc/UTC", 0)
