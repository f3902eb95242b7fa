"""Predefined roles: name -> permissions, from `roles.json`. Custom roles are resources of the project, not kept here.

In the table `*` stands for any text, `!permission` takes one away again, `@role` includes another role.
Only what a platform like ours grants or uses is listed. The table is written from Google's documentation and was held
against Google's published role lists of the date in it; `renew.py` does that again.
"""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "roles.json"
DATE = "compared with Google on"
"""Key beside the roles: the date of the lists that the table was held against."""


def is_predefined(role: str) -> bool:
    return role in table()


@cache
def grants(role: str, permission: str) -> bool:
    """Whether the predefined role holds the permission; an unknown role holds none."""
    allowed = False
    for entry in entries(role):
        taken = entry.startswith("!")
        if _pattern(entry.removeprefix("!")).fullmatch(permission):
            if taken:
                return False
            allowed = True
    return allowed


@cache
def table() -> dict[str, list[str]]:
    """The table as it is written."""
    return {role: entries for role, entries in _file().items() if role != DATE}


def compared_on() -> date:
    return date.fromisoformat(_file()[DATE][0])


@cache
def _file() -> dict[str, list[str]]:
    return json.loads(FILE.read_text())


@cache
def entries(role: str) -> tuple[str, ...]:
    """The role's lines of the table, included roles written out; nothing for an unknown role."""
    permissions: list[str] = []
    for entry in table().get(role, []):
        permissions += entries(entry[1:]) if entry.startswith("@") else [entry]
    return tuple(dict.fromkeys(permissions))


@cache
def named() -> frozenset[str]:
    """Every permission that the table names in full, taken away or given."""
    lines = {entry.removeprefix("!") for role in table() for entry in entries(role)}
    return frozenset(line for line in lines if "*" not in line)


@cache
def _pattern(entry: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(piece) for piece in entry.split("*")))
