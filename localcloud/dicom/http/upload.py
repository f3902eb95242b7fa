"""The instances of one store request, from the first byte on disk to the transaction that stores them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from localcloud.dicom.files.part10 import PREFIX_END, check_prefix
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.commit import Duplicates, StoreOutcome, commit
from localcloud.dicom.store.ingest import InstanceRefused, StagedInstance, stage, understood
from localcloud.dicom.store.spool import Spool
from localcloud.inflation import InflationBudget

T = TypeVar("T")


class ArrivingFile:
    """One instance while it is written. What does not begin as a DICOM file does never touches the disk."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.name = archive.new_name()
        self.spool: Spool | None = None
        self._head = b""

    def write(self, data: memoryview | bytes) -> None:
        if self.spool:
            self.spool.write(data)
        elif len(self._head) < PREFIX_END:
            self._head += bytes(data)
            if self.begins_as_dicom:
                self.spool = Spool(self._archive.path(self.name))
                self.spool.write(self._head)

    @property
    def begins_as_dicom(self) -> bool:
        return len(self._head) >= PREFIX_END and self._head[:PREFIX_END].endswith(b"DICM")

    def stage(self, study: str, budget: InflationBudget) -> StagedInstance:
        """Check the complete file and wait for the disk. Raises `InstanceRefused`; then nothing is left of it."""
        if not self.spool:
            with understood():
                check_prefix(self._head)
        staged = stage(self._archive, self.name, study, budget)
        if self.spool:
            self.spool.flush()
            self.spool.close()
        return staged

    def discard(self) -> None:
        if self.spool:
            self.spool.close()
            self._archive.discard(self.name)


class Upload:
    """Until `commit` nothing is stored; after `abandon` nothing is left of what was not."""

    def __init__(self, archive: Archive, study: str, duplicates: Duplicates) -> None:
        self._archive, self._study = archive, study
        self._duplicates: Duplicates = duplicates
        self._budget = InflationBudget()
        self._staged: list[StagedInstance] = []
        self._refused: list[InstanceRefused] = []
        self._arriving: ArrivingFile | None = None

    def begin(self) -> ArrivingFile:
        """A file to write an instance into; end it with `stage`."""
        self._arriving = ArrivingFile(self._archive)
        return self._arriving

    async def stage(self) -> None:
        """The instance that was begun is complete: check it."""
        file = self._arriving
        assert file
        try:
            if file.spool:
                work = asyncio.to_thread(file.stage, self._study, self._budget)
                self._staged.append(await wait_to_the_end(work))
            else:
                file.stage(self._study, self._budget)  # is refused by its first bytes: not worth a thread
        except InstanceRefused as refused:
            self._refused.append(refused)
            file.discard()
        self._arriving = None

    async def commit(self) -> StoreOutcome:
        """Store everything staged."""
        staged, self._staged = self._staged, []
        outcome = await wait_to_the_end(asyncio.to_thread(commit, self._archive, staged, self._duplicates))
        outcome.refused[:0] = self._refused
        return outcome

    async def abandon(self) -> None:
        """Leave nothing of this request; harmless after `commit`."""
        if self._arriving:
            self._arriving.discard()
        for staged in self._staged:
            self._archive.discard(staged.record.file)


async def wait_to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work in a thread to its end even when the request is cancelled: a thread cannot be stopped."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
