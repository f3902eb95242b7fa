"""What the raw store has lost without telling: looked for when a run finds nothing else to do.

Google tells of what is stored and imported (`notificationConfig`), not of what is deleted. What came is counted study
by study when it is prepared, so the store should hold as many instances as were counted. One request says how many it
holds. Fewer: something was taken away, and the sweep's listing of all studies is done early, as nothing less says of
which (ADR 21). As many, or more of which nobody has told yet: nothing is listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..backlog.deliveries import DeliveryLedger
from ..backlog.instance_counts import InstanceAccount, InstanceCounts
from ..backlog.work_items import IN_FLIGHT, RecordObjects, notice_item
from ..clock import Clock
from ..dicomweb.store import DicomStore
from ..errors import Conflict
from ..log import Log
from ..model.work_item import Item
from ..reports import study_report

UNTOLD_SECONDS = 3_600.0
"""What nobody has told of for so long counts as belonging there, lest it hides a deletion of as much."""


@dataclass(frozen=True)
class RawStoreAudit:
    """Compares what the raw store holds with what came into it; what is missing becomes work items."""

    store: DicomStore
    objects: RecordObjects
    ledger: DeliveryLedger
    clock: Clock
    log: Log

    def find_losses(self) -> int:
        """Looks at the total, and at every study only where it is too low. Returns how many studies got work items."""
        return self._audit(listing=False)

    def list_studies(self) -> int:
        """Looks at every study: for the sweep."""
        return self._audit(listing=True)

    def _audit(self, listing: bool) -> int:
        counts, changed = InstanceCounts(self.objects), 0
        try:
            before, generation = counts.load()
            total = self.store.totals().get("instanceCount")  # asked last: what is counted was there before
            if total is None:
                counts.save(before, before, generation)
                return 0
            lost = max(before.instances, before.seen) - total
            if listing or lost > 0 or not before.listed:
                if not listing:
                    self._announce(lost if before.listed else 0)
                account, changed = self._compare_all(counts, before, total)
            else:
                account = self._compare_total(before, total)
            counts.save(account, before, generation)
            if account.shards != before.shards:
                counts.forget_other_shards(account.shards)
        except Conflict:
            pass  # another run does the same
        return changed

    def _announce(self, lost: int) -> None:
        if lost:
            sentence = f"a sweep started early: the raw store has {lost} instances fewer than came into it"
            self.log.line("WARNING", f"{sentence}, so all its studies are listed", lost=lost)
        else:
            self.log.line("INFO", "all studies of the raw store are listed, to count what it holds for the first time")

    def _compare_total(self, account: InstanceAccount, total: int) -> InstanceAccount:
        """The account after a look that found nothing missing."""
        now = self.clock.time()
        if total != account.seen:
            return replace(account, seen=total, seen_at=now)
        if total > account.instances and now >= account.seen_at + UNTOLD_SECONDS:
            untold = total - account.instances
            self.log.line("INFO", f"the raw store has {untold} instances of which no message told; the sweep sees them")
            return replace(account, instances=total)
        return account

    def _compare_all(self, counts: InstanceCounts, account: InstanceAccount, total: int) -> tuple[InstanceAccount, int]:
        """The account after a listing, and how many studies got work items.

        A study is another when its report says another number than the store; reports are read of those that have
        another number than at the last listing. Who prepares them notes what is then counted otherwise.
        """
        stored = dict(self.store.study_counts())
        delivered = self.ledger.series_by_study()
        known = counts.of_last_listing(account)
        doubtful = [study for study in delivered if study not in stored or known.get(study) != stored[study]]
        differences: dict[str, int] = {}
        for study, reported in zip(doubtful, self._read_counts(doubtful), strict=True):
            if reported != stored.get(study, 0):
                differences[study] = (reported or 0) - stored.get(study, 0)
        for study in differences:
            for series in delivered[study]:
                self._notice(study, series, is_gone=study not in stored)
        losses = sum(difference for difference in differences.values() if difference > 0)
        instances = total + sum(differences.values())
        # What is looked at keeps its old number, so that a listing finds it again should nothing come of that.
        listed = {study: stored[study] for study in delivered if study in stored and study not in differences}
        kept = {study: count for study, count in known.items() if study in differences}
        account = replace(
            account,
            instances=min(account.instances, instances) if account.listed else instances,
            seen=total + losses,
            seen_at=self.clock.time(),
            shards=counts.keep_listing(listed | kept),
            listed=True,
        )
        return account, len(differences)

    def _read_counts(self, studies: Iterable[str]) -> list[int | None]:
        """Instances of each study by its report; None without one."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            reports = pool.map(lambda study: self.objects.read(study_report.name(study))[0], studies)
            return [study_report.counted(report) for report in reports]

    def _notice(self, study: str, series: str, is_gone: bool) -> None:
        item = Item(study, series, noticed=self.clock.time())
        notice_item(self.objects, replace(item, instances=0) if is_gone else item)  # what is gone need not be quiet
