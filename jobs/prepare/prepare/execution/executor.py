"""Carries a series' plan out where viewers read: new instances, copies, then the proof that all of it is there.

What it delivers is a function of the plan, so any run that was ended is continued by the next one. What it took there
it can take away again, as a whole; nothing that somebody else put there, and nothing of the raw store, ever goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..backlog.deliveries import DeliveryLedger, DeliveryRecord
from ..clock import Clock, format_time
from ..dicomweb.store import DicomStore
from ..dicomweb.stow import FileSource
from ..errors import SeriesFailed
from ..model.metadata import Row
from ..model.plan import SeriesPlan, copied
from .copying import Deliverer, SeriesDelivery

MOST_NAMED = 5
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
NO_CONTENTS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Executor:
    """Acts for studies of `source`; viewers read the deliverer's target."""

    source: DicomStore
    deliverer: Deliverer
    ledger: DeliveryLedger | None = None
    """What this job put into the viewers' store; without one nothing there is ours, and nothing is taken away."""
    clock: Clock = field(default_factory=Clock)

    def wanted(self, plan: SeriesPlan, rows: Iterable[Row], additions: Additions) -> frozenset[str]:
        """The instances that the series has where viewers read, once the plan is carried out."""
        if plan.kind == "blocked":
            return frozenset()
        return self._copies(plan, rows, additions) | additions.uids

    def surplus(self, study: str, series: str, wanted: Collection[str]) -> list[str]:
        """What this job put there that is not to be seen (any more)."""
        if self.ledger is None:
            return []
        record = self.ledger.read(study, series)
        if record.state == "withdrawing":
            return sorted(record.instances)
        return sorted((set(record.instances) - set(wanted)) & set(self._there(study, series)))

    def carry_out(
        self, study: str, plan: SeriesPlan, rows: Iterable[Row], additions: Additions = NOTHING
    ) -> SeriesDelivery:
        """Delivers one series; `rows` are its instances in the source, those of this job left out.

        Everything new is made before anything is sent. Raises SeriesFailed when the target does not end with exactly
        what the plan says, or has other content; what was sent until then is there, and marked as ours.
        """
        delivery = SeriesDelivery()
        rows = list(rows)
        wanted = self.wanted(plan, rows, additions)
        there = self._there(study, plan.series)
        self._refuse_surplus(plan.series, there, wanted)
        if plan.kind == "blocked":
            return delivery
        made = self._make(additions, sorted(additions.uids - set(there)))
        self._mark(study, plan.series, rows, wanted - set(there))
        for new in made:
            row = replace(rows[0], instance=new.uid)
            self.deliverer.each([row], there, delivery, self._delivering(study, new))
            new.done()
        delivery.present += sorted(additions.uids & set(there))
        copies = self._copies(plan, rows, additions)
        coarsest_first = sorted(rows, key=lambda row: row.columns * row.rows)
        chosen = [row for row in coarsest_first if row.instance in copies]
        self.deliverer.copy(self.source, study, chosen, there, delivery)
        self._reconcile(study, plan.series, wanted)
        return delivery

    def withdraw(self, study: str, series: str, reason: str) -> DeliveryRecord | None:
        """Takes away what this job put before viewers of a series, the whole series in one request where all of it is
        ours. None when there was nothing. Raises SeriesFailed, CannotRun; begun, it is gone on with by the next run.
        """
        if self.ledger is None:
            return None
        record = self.ledger.read(study, series)
        there = self._there(study, series)
        ours = set(record.instances) & set(there)
        if not ours and record.state != "withdrawing":
            self.ledger.update(study, series, DeliveryRecord.withdrawn)
            return None
        at = format_time(self.clock.time())
        self.ledger.update(study, series, lambda present: present.withdrawing(at, len(ours), reason))
        if ours and ours == set(there):
            self.deliverer.target.delete_series(study, series)
        else:
            for instance in sorted(ours):
                self.deliverer.target.delete_instance(study, series, instance)
        return self.ledger.update(study, series, DeliveryRecord.withdrawn)

    def mark_shown(
        self,
        study: str,
        rows: Collection[Row],
        series: str,
        wanted: Collection[str],
        contents: Mapping[str, str] = NO_CONTENTS,
    ) -> DeliveryRecord | None:
        """Notes that all is there, and what it was made of, so that a later run sees when that is another."""
        if self.ledger is None:
            return None
        sources = {row.instance: row.version for row in rows}
        before = self.ledger.read(study, series)
        size = before.bytes if before.sources == sources else self.source.stored_bytes(study, series)

        def as_shown(present: DeliveryRecord) -> DeliveryRecord:
            ours = tuple(sorted(set(present.instances) & set(wanted)))
            if not ours:
                return present.withdrawn()
            return replace(present, state="shown", instances=ours, sources=sources, bytes=size, contents=dict(contents))

        return self.ledger.update(study, series, as_shown)

    def _mark(self, study: str, series: str, rows: Collection[Row], missing: Collection[str]) -> None:
        """Before the first of them is sent: a run that is killed leaves nothing of which nobody knows whose it is."""
        if self.ledger is None or not missing:
            return
        size = self.source.stored_bytes(study, series)
        sources = {row.instance: row.version for row in rows}

        def delivering(present: DeliveryRecord) -> DeliveryRecord:
            instances = tuple(sorted({*present.instances, *missing}))
            return replace(present, state="delivering", instances=instances, sources=sources, bytes=size, contents={})

        self.ledger.update(study, series, delivering)

    def _make(self, additions: Additions, missing: list[str]) -> list[NewFile]:
        """The new instances, each known to begin as a file: what cannot be made is found before anything is sent."""
        made = list(additions.make(missing)) if missing else []
        for new in made:
            self.deliverer.repeat(new.uid, lambda new=new: next(iter(new.file), None))
        return made

    def _copies(self, plan: SeriesPlan, rows: Iterable[Row], additions: Additions) -> frozenset[str]:
        """Instances that keep their UIDs."""
        return frozenset(copied(plan, [row.instance for row in rows])) - additions.instead_of

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

    def _refuse_surplus(self, series: str, present: Iterable[str], wanted: Collection[str]) -> None:
        """Before anything is stored, too: levels of two versions beside each other would stop the viewer."""
        if surplus := sorted(set(present) - set(wanted)):
            advice = "that this job did not put there, so it does not take them away: delete them there, then run again"
            if self.source.root == self.deliverer.target.root:
                advice = "and is the archive itself, of which nothing is taken away: name another store for viewers"
            raise SeriesFailed(
                f"series {series}: {self.deliverer.target.name} has {len(surplus)} instances that are not to be shown "
                f"({_some(surplus)}), {advice}"
            )


def _some(uids: list[str]) -> str:
    return ", ".join(uids[:MOST_NAMED]) + (", …" if len(uids) > MOST_NAMED else "")
