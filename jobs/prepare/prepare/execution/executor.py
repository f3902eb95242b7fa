"""Carries a series' plan out where viewers read: copies, new instances, then the proof that all of it is there.

Only ever adds. What it delivers is a function of the plan, so any run that was ended is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from ..dicomweb.store import DicomStore
from ..dicomweb.stow import FileSource
from ..errors import SeriesFailed
from ..model.metadata import Row
from ..model.plan import SeriesPlan, copied
from .copying import Deliverer, SeriesDelivery

NAMED = 5
"""UIDs that a sentence names at most."""


class NewFile(Protocol):
    """An instance that is made, not copied: its UID and its bytes, the same ones at each reading."""

    @property
    def uid(self) -> str: ...

    @property
    def file(self) -> FileSource: ...

    def done(self) -> None:
        """Called when it is stored: what was kept for it may go."""


@dataclass(frozen=True)
class Additions:
    """What a series' plan adds. `make` makes those new instances whose UIDs it is given; it may be dear."""

    uids: frozenset[str] = frozenset()
    """Of all new instances."""
    instead_of: frozenset[str] = frozenset()
    """Instances that are not copied because new ones take their places, besides those that the plan says."""
    make: Callable[[Collection[str]], Iterable[NewFile]] = lambda uids: ()


NOTHING = Additions()


@dataclass(frozen=True)
class Executor:
    """Acts for studies of `source`; viewers read `target` (the same store where there is only one)."""

    source: DicomStore
    deliverer: Deliverer

    @property
    def separate(self) -> bool:
        return self.source.root != self.deliverer.target.root

    def carry_out(self, study: str, plan: SeriesPlan, rows: Iterable[Row], task: Additions = NOTHING) -> SeriesDelivery:
        """Delivers one series; `rows` are its instances in the source, those of this job left out.

        Raises SeriesFailed when the target does not end with exactly what the plan says, or has other content.
        """
        delivery = SeriesDelivery()
        if plan.kind == "blocked":
            self._refuse_remains(study, plan)
            return delivery
        rows = list(rows)
        there = self._there(study, plan.series)
        stay = set(copied(plan, [row.instance for row in rows])) - task.instead_of if self.separate else set[str]()
        kept = stay if self.separate else {row.instance for row in rows}
        self._refuse_surplus(plan.series, there, kept | task.uids)
        if missing := sorted(task.uids - set(there)):
            for new in task.make(missing):
                row = replace(rows[0], instance=new.uid)
                self.deliverer.each([row], there, delivery, self._delivering(study, new))
                new.done()
        delivery.present += sorted(task.uids & set(there))
        self.deliverer.copy(self.source, study, [row for row in rows if row.instance in stay], there, delivery)
        self._reconcile(study, plan.series, kept | task.uids)
        return delivery

    def _there(self, study: str, series: str) -> dict[str, Row]:
        return {row.instance: row for row in self.deliverer.list_target(study) if row.series == series}

    def _delivering(self, study: str, new: NewFile) -> Callable[[Row], bool]:
        return lambda row: self.deliverer.deliver(study, row, new.file)

    def _reconcile(self, study: str, series: str, wanted: Collection[str]) -> None:
        """The target's instances of the series are those wanted, none missing, none more. Raises SeriesFailed."""
        present = self._there(study, series)
        if missing := sorted(set(wanted) - set(present)):
            raise SeriesFailed(
                f"series {series}: {self.deliverer.target.name} lacks {len(missing)} of its instances after storing "
                f"them ({_some(missing)}): somebody deletes there, or the store lost them; run again"
            )
        self._refuse_surplus(series, present, wanted)

    def _refuse_remains(self, study: str, plan: SeriesPlan) -> None:
        """Of a series that is blocked now viewers must not go on seeing what it was before."""
        if self.separate and (there := self._there(study, plan.series)):
            raise SeriesFailed(
                f"series {plan.series} is blocked ({plan.reason}), but {self.deliverer.target.name} has {len(there)} "
                f"instances of it ({_some(sorted(there))}), from an earlier state of the study; this job deletes "
                f"nothing: delete them there, or correct the study. {plan.sentence}"
            )

    def _refuse_surplus(self, series: str, present: Iterable[str], wanted: Collection[str]) -> None:
        """Before anything is stored, too: levels of two versions beside each other would stop the viewer."""
        if surplus := sorted(set(present) - set(wanted)):
            raise SeriesFailed(
                f"series {series}: {self.deliverer.target.name} has {len(surplus)} instances that are not to be shown "
                f"({_some(surplus)}), from an earlier state of the study; this job deletes nothing: delete them there, "
                "then run again"
            )


def _some(uids: list[str]) -> str:
    return ", ".join(uids[:NAMED]) + (", …" if len(uids) > NAMED else "")
