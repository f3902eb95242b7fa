"""Cron schedules of five fields, as unix cron and Cloud Scheduler read them. No "every 5 minutes"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

NAMES = {
    "month": ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    "day of week": ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
}
FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))


@dataclass(frozen=True, kw_only=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Both kinds of day are restricted, so that one of them is enough."""

    @classmethod
    def parse(cls, text: str) -> Cron:
        """`ValueError` in words for anything but five fields of *, numbers, names, lists, ranges and steps."""
        parts = text.split()
        if len(parts) != len(FIELDS):
            raise ValueError(f"schedule '{text}' has {len(parts)} fields; write five, such as '*/5 * * * *'")
        values = [members(part, *field) for part, field in zip(parts, FIELDS, strict=True)]
        return cls(
            minutes=values[0],
            hours=values[1],
            days=values[2],
            months=values[3],
            weekdays=frozenset(day % 7 for day in values[4]),
            either=not parts[2].startswith("*") and not parts[4].startswith("*"),
        )

    def after(self, moment: datetime) -> datetime:
        """The first time it is due later than `moment`, in the same zone; `ValueError` for one that never comes."""
        when = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        last = when + timedelta(days=366 * 8)
        while when < last:
            if when.month not in self.months or not self.on(when):
                when = (when + timedelta(days=1)).replace(hour=0, minute=0)
            elif when.hour not in self.hours:
                when = (when + timedelta(hours=1)).replace(minute=0)
            elif when.minute not in self.minutes:
                when += timedelta(minutes=1)
            else:
                return when
        raise ValueError("the schedule names a day that never comes")

    def on(self, day: datetime) -> bool:
        monthly, weekly = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return monthly or weekly if self.either else monthly and weekly


def members(text: str, name: str, low: int, high: int) -> frozenset[int]:
    """The values one field allows."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and (not step.isdigit() or int(step) == 0):
            raise ValueError(f"the {name} '{text}' has the step '{step}'; a step is a number above 0")
        first, dash, last = span.partition("-")
        start = low if span == "*" else number(first, name)
        stop = high if span == "*" or (slash and not dash) else number(last or first, name)
        if not low <= start <= stop <= high:
            raise ValueError(f"the {name} '{text}' must lie from {low} to {high}, the smaller number first")
        found.update(range(start, stop + 1, int(step or 1)))
    return frozenset(found)


def number(text: str, name: str) -> int:
    names = NAMES.get(name, [])
    if text.upper() in names:
        return names.index(text.upper()) + (1 if name == "month" else 0)
    if not text.isdigit():
        raise ValueError(f"the {name} '{text}' is not understood; write a number, a range, a list, a step or *")
    return int(text)
