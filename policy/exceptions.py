"""What may break a rule on purpose, for a while: the entries of `policy/exceptions.yaml`, reviewed with the code.

Owns: reading that file, and which violations an entry lets pass. An entry that is over, or that nobody can read, is
a violation itself; one that lets nothing pass any more is a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, cast

import yaml

from policy.resource import Violation

FILE = "policy/exceptions.yaml"
LONGEST_DAYS = 90
PLAN = tuple(
    f"plan-{kind}"
    for kind in (
        "unknown", "delete", "replace", "unprotect", "public", "widen",
        "access", "code", "data", "audit", "notify", "setting", "other", "whole",
    )
)  # fmt: skip
"""What the plan gate stops at. An entry for one of them is used up by the plan that it is for."""


@dataclass(frozen=True)
class Permit:
    """One entry; all of its fields are needed."""

    rule: str
    urn: str
    reason: str
    approved_by: str
    """A role, not a person: `security officer`."""
    until: date
    """The last day on which it counts."""


@dataclass(frozen=True)
class Exceptions:
    entries: Sequence[Permit] = ()
    problems: Sequence[str] = ()
    """What of the file could not be read, one sentence an entry."""

    def also_in(self, others: Exceptions) -> Exceptions:
        """The entries that the others have too: what a change adds for itself is agreed to by nobody yet."""
        return Exceptions([entry for entry in self.entries if entry in others.entries], self.problems)

    def allow(self, violation: Violation, today: date) -> bool:
        return any(
            entry.rule == violation.rule and entry.urn == violation.urn and today <= entry.until
            for entry in self.entries
        )

    def faults(self, rules: Sequence[str], today: date) -> list[Violation]:
        """Entries that are over, too long, of no rule, or unreadable."""
        faults = [fault("", problem) for problem in self.problems]
        for entry in self.entries:
            if entry.rule not in (*rules, *PLAN):
                faults.append(fault(entry.urn, f"{FILE} excepts from {entry.rule!r}, which is no rule"))
            elif today > entry.until:
                faults.append(
                    fault(entry.urn, f"The exception from {entry.rule} for {entry.urn} ended on {entry.until}")
                )
            elif (entry.until - today).days > LONGEST_DAYS:
                words = f"The exception from {entry.rule} for {entry.urn} lasts longer than {LONGEST_DAYS} days"
                faults.append(fault(entry.urn, words))
        return faults

    def idle(self, stack_urns: set[str], allowed: Sequence[Violation], today: date) -> list[Violation]:
        """Entries for this stack that let nothing pass."""
        used = {(violation.rule, violation.urn) for violation in allowed}
        stacks = {urn.split("::")[0] for urn in stack_urns}
        return [
            fault(entry.urn, f"The exception from {entry.rule} for {entry.urn} lets nothing pass")
            for entry in self.entries
            if entry.urn.split("::")[0] in stacks
            and (entry.rule, entry.urn) not in used
            and today <= entry.until
            and entry.rule not in PLAN
        ]


def fault(urn: str, message: str) -> Violation:
    return Violation("exceptions-are-in-order", (), urn, f"{message}.", f"Mend or remove the entry in {FILE}.")


def load(root: Path) -> Exceptions:
    """The file below the project's root; nothing when there is none."""
    path = root / FILE
    if not path.is_file():
        return Exceptions()
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Exceptions:
    try:
        raw: Any = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        return Exceptions(problems=[f"{FILE} is not YAML: {' '.join(str(error).split())}"])
    listed = raw.get("exceptions") if isinstance(raw, dict) else None
    if not isinstance(listed, list | None):
        return Exceptions(problems=[f"{FILE} needs a list under `exceptions`"])
    entries: list[Permit] = []
    problems: list[str] = []
    for number, entry in enumerate(cast("list[Any]", listed or []), 1):
        read = entry_of(entry)
        if isinstance(read, str):
            problems.append(f"Entry {number} of {FILE} {read}")
        else:
            entries.append(read)
    return Exceptions(entries, problems)


def entry_of(entry: Any) -> Permit | str:
    """The entry, or what is wrong with it."""
    names = [field.name for field in fields(Permit)]
    if not isinstance(entry, dict):
        return f"must have {', '.join(names)}"
    values = cast("dict[str, Any]", entry)
    if wrong := sorted(set(values) ^ set(names)):
        return f"must have {', '.join(names)} and nothing else; mend {', '.join(wrong)}"
    if not isinstance(values["until"], date):
        return "needs a day in `until`, such as 2027-03-01"
    if empty := [name for name in names if not values[name]]:
        return f"says nothing in {', '.join(empty)}"
    rule, urn, reason, approved_by = (str(values[name]) for name in names[:-1])
    return Permit(rule, urn, reason, approved_by, values["until"])
