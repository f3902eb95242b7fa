"""Whether what viewers have of a series is still what the raw store has, by what can be compared cheaply.

In this order: which instances there are; a checksum of what a search lists of each (`Row.version`); how much the store
keeps of the series. Each can only find a difference; that there is none is certain when the store did not say that
anything was sent again, and is else decided by comparing the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..backlog.deliveries import DeliveryLedger, DeliveryRecord
from ..dicomweb.retrieve import StoredFile
from ..dicomweb.store import IN_FLIGHT, DicomStore
from ..model.metadata import Row
from ..reports import report
from .content_digest import FileContent, content_of
from .executor import Executor


def find_difference(store: DicomStore, record: DeliveryRecord, rows: list[Row]) -> str:
    """Why viewers must not go on seeing what was delivered, as a sentence without its full stop; empty for no reason.

    `rows` are what `store`, the raw one, lists of the series now.
    """
    if record.state == "withdrawing":
        return record.withdrawals[-1].reason
    if record.state == "withdrawn":
        return ""
    if not rows:
        return f"the series is not in {store.name} any more"
    versions = {row.instance: row.version for row in rows}
    if gone := record.sources.keys() - versions.keys():
        return f"{len(gone)} of its instances are not in {store.name} any more"
    changed = [uid for uid, version in record.sources.items() if version and versions[uid] != version]
    if changed:
        return f"{len(changed)} of its instances are others now in {store.name}, under the same UIDs"
    if record.bytes and versions.keys() == record.sources.keys():
        stored = store.stored_bytes(record.study, record.series)
        if stored and stored != record.bytes:
            return f"{store.name} keeps other bytes now under the same UIDs"
    return ""


def compare_contents(executor: Executor, record: DeliveryRecord, rows: list[Row]) -> str:
    """The same for a series of which an instance was sent again, and nothing listed is different: reads the files."""
    if record.state != "shown" or {row.instance for row in rows} != set(record.sources):
        return ""
    copies = [row for row in rows if row.instance in record.instances]
    if len(copies) < len(rows):
        return f"{executor.source.name} got its instances again, and what was made of them cannot be compared"
    different = sum(not _is_same(executor, record.study, row) for row in copies)
    return f"{different} of its instances have other content now under the same UIDs" if different else ""


def compare_known(
    executor: Executor, record: DeliveryRecord, known: list[Row], contents: Mapping[str, str], *, some_came: bool
) -> str:
    """The same of the instances that were delivered, which are `known`; `contents` is what was read of them now.

    Of what was not read before and now, the copies' frames are compared; what was made of the rest cannot be, which
    counts where `some_came`: instances beside them, perhaps with corrections.
    """
    compared = [row for row in known if row.instance in record.contents and row.instance in contents]
    others = [row for row in known if row.whole_slide and row not in compared]
    if some_came and any(row.instance not in record.instances for row in others):
        return f"instances came to {executor.source.name}, and what was made of the others cannot be compared"
    different = sum(contents[row.instance] != record.contents[row.instance] for row in compared)
    different += _count_other_frames(executor, record, others)
    return f"{different} of its instances have other content now under the same UIDs" if different else ""


def compare_frames(executor: Executor, record: DeliveryRecord, rows: list[Row]) -> str:
    """The same where nobody said anything: the middle frame of each slide's image that was copied, in both stores."""
    if record.state != "shown":
        return ""
    different = _count_other_frames(executor, record, [row for row in rows if row.whole_slide])
    return f"{different} of its instances show other pixels now under the same UIDs" if different else ""


def _count_other_frames(executor: Executor, record: DeliveryRecord, rows: list[Row]) -> int:
    """Copies among these instances of which the middle frame differs in both stores."""
    copies = [row for row in rows if row.instance in record.instances]

    def differs(row: Row) -> bool:
        where = record.study, row.series, row.instance, [row.frames // 2 + 1]
        return executor.source.frames(*where) != executor.deliverer.target.frames(*where)

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return sum(pool.map(differs, copies))


def adopt_deliveries(there: Iterable[Row], study: str, rows: list[Row], ledger: DeliveryLedger) -> None:
    """Marks as ours what a version of this job without records delivered: its report counts exactly what is there."""
    by_series: dict[str, dict[str, str]] = {}
    for row in there:
        by_series.setdefault(row.series, {})[row.instance] = row.version
    for series, versions in by_series.items():
        if ledger.read(study, series).instances:
            continue
        content, _ = ledger.objects.read(report.name(study, series))
        if not report.is_of_version_without_records(content) or content["delivered"] != len(versions):
            continue
        sources = {row.instance: versions.get(row.instance, "") for row in rows if row.series == series}

        def adopt(
            present: DeliveryRecord, instances: tuple[str, ...] = tuple(sorted(versions)), of: dict[str, str] = sources
        ) -> DeliveryRecord:
            return replace(present, state="shown", instances=instances, sources=of)

        ledger.update(study, series, adopt)


def _is_same(executor: Executor, study: str, row: Row) -> bool:
    return _content(executor, executor.source, study, row) == _content(executor, executor.deliverer.target, study, row)


def _content(executor: Executor, store: DicomStore, study: str, row: Row) -> FileContent:
    deliverer = executor.deliverer
    return deliverer.repeat(row.instance, lambda: content_of(StoredFile(store, study, row, deliverer.traffic)))
