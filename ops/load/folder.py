"""A folder into the store: several files at a time, each with its outcome; what is already there is compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import requests

from ops.client.dicomweb import UnreadableFile, fetch
from ops.client.http import Sessions
from ops.client.instances import difference
from ops.client.stow import store
from ops.load.files import DicomFile
from ops.load.outcome import Outcome, Verdict
from ops.load.target import LoadTarget


class Interrupted(Exception):
    """The load is being given up."""


@dataclass
class FolderLoad:
    """Sends files to `target`, `jobs` at a time.

    `progress` is told the bytes sent, and a negative number when a file starts over; `report` each outcome, on the
    calling thread, in the order in which files are done.
    """

    target: LoadTarget
    sessions: Sessions
    jobs: int
    scratch: Path
    """Folder for the store's copies while they are compared."""
    progress: Callable[[int], None]
    report: Callable[[Outcome], None]
    _local: threading.local = field(default_factory=threading.local)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, files: Iterable[DicomFile]) -> None:
        """Raises `StoreClosed` when the store takes nothing. On any exception transfers in flight are cut off.

        After Ctrl-C threads may still hang on a slow connection: end the process without waiting for them.
        """
        queue = iter(files)
        pool = ThreadPoolExecutor(self.jobs)
        running: set[Future[Outcome]] = set()
        try:
            while True:
                for file in islice(queue, 2 * self.jobs - len(running)):
                    running.add(pool.submit(self.load, file))
                if not running:
                    break
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    self.report(future.result())
        except BaseException as error:
            self._stop.set()
            pool.shutdown(wait=not isinstance(error, KeyboardInterrupt), cancel_futures=True)
            raise
        pool.shutdown()

    def _advance(self, count: int) -> None:
        if self._stop.is_set():
            raise Interrupted
        self.progress(count)

    def load(self, file: DicomFile) -> Outcome:
        """Sends one file; what is there already is compared with it. Raises `StoreClosed`."""
        answer = store(self._session(self.target.writer), self.target.root, file, self._advance)
        if answer.kind != "there":
            verdict = Verdict.STORED if answer.kind == "stored" else Verdict.REFUSED
            return Outcome(str(file.path), verdict, file.bytes, answer.reason)
        copy = self.scratch / f"{threading.get_ident()}.dcm"
        try:
            url = f"{self.target.root}/studies/{file.study}/series/{file.series}/instances/{file.instance}"
            fetch(self._session(self.target.reader), url, copy)
            unlike = difference(file.path, copy)
        except (UnreadableFile, OSError) as reason:
            said = f"an instance with its UIDs is already there and could not be compared: {reason}"
            return Outcome(str(file.path), Verdict.REFUSED, file.bytes, said)
        finally:
            copy.unlink(missing_ok=True)
        if unlike:
            said = f"conflict: another instance with its UIDs is already there ({unlike}); nothing was replaced"
            return Outcome(str(file.path), Verdict.REFUSED, file.bytes, said)
        return Outcome(str(file.path), Verdict.PRESENT, file.bytes)

    def _session(self, principal: str) -> requests.Session:
        """One session a thread and principal: sessions keep their connection, and are not made for sharing."""
        kept: dict[str, requests.Session] = self._local.__dict__.setdefault("sessions", {})
        if principal not in kept:
            kept[principal] = self.sessions(principal)
        return kept[principal]
