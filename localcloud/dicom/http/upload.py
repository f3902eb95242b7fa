"""The instances of one store request, from the first byte on disk to the transaction that stores them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.commit import Duplicates, Outcome, commit
from localcloud.dicom.store.ingest import Refused, Staged, stage
from localcloud.dicom.store.spool import Spool

T = TypeVar("T")


class Arriving:
    """One instance's file while it is written."""

    def __init__(self, archive: Archive) -> None:
        self.name = archive.new_name()
        self.spool = Spool(archive.path(self.name))


class Upload:
    """Until `commit` nothing is stored; after `abandon` nothing is left of what was not."""

    def __init__(self, archive: Archive, study: str, duplicates: Duplicates) -> None:
        self._archive, self._study = archive, study
        self._duplicates: Duplicates = duplicates
        self._staged: list[Staged] = []
        self._refused: list[Refused] = []
        self._arriving: dict[str, Arriving] = {}

    def begin(self) -> Arriving:
        """A file to write an instance into; end it with `stage`, or `drop` it."""
        one = Arriving(self._archive)
        self._arriving[one.name] = one
        return one

    async def stage(self, one: Arriving) -> None:
        """The instance is complete: flush and check it."""
        await finished(one.spool.close())
        try:
            self._staged.append(await finished(asyncio.to_thread(stage, self._archive, one.name, self._study)))
        except Refused as refused:
            self._refused.append(refused)
        del self._arriving[one.name]

    def drop(self, one: Arriving) -> None:
        del self._arriving[one.name]
        one.spool.abandon()
        self._archive.discard(one.name)

    def refuse(self, refused: Refused) -> None:
        self._refused.append(refused)

    async def commit(self) -> Outcome:
        """Store everything staged."""
        staged, self._staged = self._staged, []
        outcome = await finished(asyncio.to_thread(commit, self._archive, staged, self._duplicates))
        outcome.refused[:0] = self._refused
        return outcome

    async def abandon(self) -> None:
        """Leave nothing of this request; harmless after `commit`."""
        for one in list(self._arriving.values()):
            self.drop(one)
        for staged in self._staged:
            self._archive.discard(staged.record.file)


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work in a thread to its end even when the request is cancelled: a thread cannot be stopped."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
