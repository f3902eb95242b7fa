"""Hold the table of predefined roles against Google's published lists: `python -m localcloud.iam.renew FILE`.

FILE is what `gcloud iam roles list --format=json` or the API's `roles.list?view=FULL` gives: a list of objects with
`name` and `includedPermissions`. Prints, role by role, what the table gives and Google does not (which flatters us) and
what Google gives and the table does not, of the services that the local cloud has; ends with 1 when the table gives too
much. With `--write` the permissions that are named in full and that Google does not give are taken out of the table,
which is dated.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.iam import roles

PATTERNS_ONLY = ("roles/owner", "roles/editor", "roles/viewer", "roles/iam.securityReviewer")
"""Roles that the table describes by patterns, as they have thousands of permissions."""


class RoleDifference(NamedTuple):
    too_much: list[str]
    too_little: list[str]


def published(text: str) -> dict[str, set[str]]:
    """Role -> permissions; `iam.googleapis.com/x.y` is written `iam.x.y`, as everywhere here."""
    rows: list[Mapping[str, Any]] = json.loads(text)
    return {
        row["name"]: {name.replace(".googleapis.com/", ".", 1) for name in row.get("includedPermissions", ())}
        for row in rows
    }


def differences(google: Mapping[str, set[str]]) -> dict[str, RoleDifference]:
    """Differences by role, of those that both know; equal ones are left out."""
    differing: dict[str, RoleDifference] = {}
    services = {name.partition(".")[0] for name in roles.named()}
    for role in sorted(google.keys() - set(PATTERNS_ONLY)):
        if not roles.is_predefined(role):
            continue
        named = {entry for entry in roles.entries(role) if "*" not in entry and not entry.startswith("!")}
        missing = {name for name in google[role] if not roles.grants(role, name)}
        too_much = sorted(named - google[role])
        too_little = sorted(name for name in missing if name.partition(".")[0] in services)
        if too_much or too_little:
            differing[role] = RoleDifference(too_much, too_little)
    return differing


def without(table: Mapping[str, list[str]], differing: Mapping[str, RoleDifference]) -> dict[str, list[str]]:
    """The table without what it gives too much; what comes from an included role is taken out there."""
    return {
        role: [entry for entry in lines if entry not in (differing[role].too_much if role in differing else ())]
        for role, lines in table.items()
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m localcloud.iam.renew", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--date", default=date.today().isoformat(), help="of FILE, for --write (default: today)")
    options = parser.parse_args(arguments)
    differing = differences(published(options.file.read_text()))
    for role, (too_much, too_little) in differing.items():
        print(role)
        for sign, names in (("-", too_much), ("+", too_little)):
            print("".join(f"  {sign} {name}\n" for name in names), end="")
    if options.write:
        kept = without(roles.table(), differing)
        dated = {roles.DATE: [options.date], **kept}
        lines = (f"  {json.dumps(role)}: {json.dumps(permissions)}" for role, permissions in dated.items())
        roles.FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return int(any(difference.too_much for difference in differing.values()))


if __name__ == "__main__":
    sys.exit(main())
