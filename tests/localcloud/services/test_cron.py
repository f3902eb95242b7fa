"""Cron: when a schedule is due next, computed by hand."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from localcloud.chain.cron import Cron


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
    found = Cron.parse(schedule).after(datetime.fromisoformat(after))

    assert found == datetime.fromisoformat(due)


def test_it_is_due_by_the_clock_on_the_wall_of_its_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    winter = Cron.parse("0 6 * * *").after(datetime(2026, 1, 15, tzinfo=zone))
    summer = Cron.parse("0 6 * * *").after(datetime(2026, 7, 15, tzinfo=zone))

    assert winter.astimezone(ZoneInfo("UTC")).hour == 5
    assert summer.astimezone(ZoneInfo("UTC")).hour == 4


@pytest.mark.parametrize(
    ("schedule", "named"),
    [
        ("every 5 minutes", "3 fields"),
        ("60 * * * *", "minute '60'"),
        ("* 24 * * *", "hour '24'"),
        ("* * 0 * *", "day of month '0'"),
        ("* * * FOO *", "month 'FOO'"),
        ("*/0 * * * *", "step '0'"),
        ("30-10 * * * *", "smaller number first"),
        ("* * * * 1,", "day of week ''"),
    ],
)
def test_what_is_not_understood_is_named(schedule: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Cron.parse(schedule)


def test_a_day_that_never_comes_is_an_error() -> None:
    with pytest.raises(ValueError, match="never comes"):
        Cron.parse("0 0 30 2 *").after(datetime(2026, 1, 1))
