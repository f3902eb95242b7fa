"""Carries a series' plan out where viewers read: copies, new instances, then the proof that all of it is there.

Only ever adds. What it delivers is a function of the plan, so any run that was ended is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from .copying import Deliverer, Delivery
from .errors import SeriesFailed
from .metadata import Row
from .plan import SeriesPlan, copied
from .store import DicomStore
from .stow import Source

NAMED = 5
"""UIDs that a sentence names at most."""


class NewFile(Protocol):
    """An instance that is made, not copied: its UID and its bytes, the same ones at each reading."""

    @property
    def uid(self) -> str: ...

    @property
    def file(self) -> Source: ...


@dataclass(frozen=True)
class Executor:
    """Acts for studies of `source`; viewers read `target` (the same store where there is only one)."""

    source: DicomStore
    deliverer: Deliverer

    @property
    def separate(self) -> bool:
        return self.source.root != self.deliverer.target.root

    def carry_out(
        self, study: str, plan: SeriesPlan, rows: Iterable[Row], made: Callable[[], Iterable[NewFile]] = tuple
    ) -> Delivery:
        """Delivers one series; `rows` are its instances in the source, `made` gives the plan's new ones (if any).

        Raises SeriesFailed when the target does not end with exactly what the plan says, or has other content.
        """
        delivery = Delivery()
        if plan.kind == "blocked":
            return delivery
        rows = list(rows)
        there = {row.instance: row for row in self.deliverer.listed(study) if row.series == plan.series}
        if self.separate:
            wanted = set(copied(plan, [row.instance for row in rows]))
            copies = [row for row in rows if row.instance in wanted]
            self.deliverer.copy(self.source, study, copies, there, delivery)
        else:
            wanted = {row.instance for row in rows}
        for new in made():
            wanted.add(new.uid)
            row = replace(rows[0], instance=new.uid)
            self.deliverer.each([row], there, delivery, self._new(study, new))
        self.reconcile(study, plan.series, wanted)
        return delivery

    def _new(self, study: str, new: NewFile) -> Callable[[Row], bool]:
        return lambda row: self.deliverer.deliver(study, row, new.file)

    def reconcile(self, study: str, series: str, wanted: Iterable[str]) -> None:
        """The target's instances of the series are those wanted, none missing, none more. Raises SeriesFailed."""
        present = {row.instance for row in self.deliverer.listed(study) if row.series == series}
        target = self.deliverer.target.name
        if missing := sorted(set(wanted) - present):
            raise SeriesFailed(
                f"series {series}: {target} lacks {len(missing)} of its instances after storing them "
                f"({_some(missing)}): somebody deletes there, or the store lost them; run again"
            )
        if surplus := sorted(present - set(wanted)):
            raise SeriesFailed(
                f"series {series}: {target} has {len(surplus)} instances that are not to be shown ({_some(surplus)}), "
                "from an earlier state of the study; this job deletes nothing: delete them there, then run again"
            )


def _some(uids: list[str]) -> str:
    return ", ".join(uids[:NAMED]) + (", …" if len(uids) > NAMED else "")
