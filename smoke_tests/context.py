"""What a run holds: its target, identities, slides, tracker. Made before the checks, cleaned up after them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from smoke_tests import golden, slide
from smoke_tests.credentials import Credentials, TokenSource
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import READ_ONLY, Http, HttpAnswer
from smoke_tests.slide import Instance
from smoke_tests.target import SmokeTarget
from smoke_tests.tracker import Tracker

Profile = Literal["full", "readonly", "quick"]
SIZES: dict[str, int] = {"full": 4096, "quick": 1024}
"""Edge of the slide's base level, of the profiles that store one."""


@dataclass
class Context:
    """One run against one target."""

    target: SmokeTarget
    run_id: str
    profile: Profile
    source: TokenSource
    pause: Callable[[float], None] = time.sleep
    http: Http = field(init=False)
    credentials: Credentials = field(init=False)
    tracker: Tracker = field(init=False)
    patient: str = field(init=False)
    """What the slide's PatientID ends with."""

    def __post_init__(self) -> None:
        if self.reads_only:
            self.target = self.target.reading_only()
        methods = READ_ONLY if self.reads_only else None
        self.http = Http(pause=self.pause, agent=self.agent, methods=methods)
        self.credentials = Credentials(self.source)
        target, self.patient = self.target, self.run_id
        self.tracker = Tracker(self.writer, "delete" not in target.missing, target.limits.deleted)

    @property
    def agent(self) -> str:
        """`User-Agent` of every request, by which the run finds its own in the audit log."""
        return f"dicom-platform-smoke/{self.run_id}"

    @property
    def reads_only(self) -> bool:
        return self.profile == "readonly"

    def prepare(self) -> None:
        """Fetch every token while the slide is drawn; `NoToken` when one cannot be had, `NoGolden` without a record."""
        target = self.target
        problems: list[Exception] = []

        def fetch(principal: str) -> None:
            try:
                self.credentials.headers(principal)
            except Exception as problem:
                problems.append(problem)

        wanted = {who for who in (target.writer, target.reader) if who}
        threads = [threading.Thread(target=fetch, args=(who,), daemon=True) for who in wanted]
        for thread in threads:
            thread.start()
        if not self.reads_only:
            _ = self.instances, self.neighbour
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        _ = self.instances

    def as_(self, principal: str | None, root: str | None = None) -> DicomWeb:
        return DicomWeb(self.http, root or self.target.dicomweb_root, self.credentials, principal)

    @property
    def writer(self) -> DicomWeb:
        return self.as_(self.target.writer)

    @property
    def reader(self) -> DicomWeb:
        return self.as_(self.target.reader)

    @property
    def anonymous(self) -> DicomWeb:
        return self.as_(None)

    @cached_property
    def instances(self) -> list[Instance]:
        """The slide that most checks are about; read-only, the golden one as it was when it was seeded."""
        if self.reads_only:
            return self._golden()
        return slide.make(self.run_id, size=SIZES[self.profile])

    @cached_property
    def neighbour(self) -> list[Instance]:
        """Another study of this run, without coarser levels. It stays until the end."""
        return slide.make(self.run_id, size=SIZES[self.profile] // 2, variant="base-only")

    @cached_property
    def stored(self) -> HttpAnswer:
        """The answer to storing the slide, sent once; the neighbour is stored too."""
        for study in (self.study, self.neighbour[0].study):
            self.tracker.expect(study)
        self.writer.stow([instance.data for instance in self.neighbour])
        return self.writer.stow([instance.data for instance in self.instances])

    def slide_is_there(self) -> None:
        """Call before a check of the slide: it is stored on the first call, or was seeded."""
        if not self.reads_only:
            assert self.stored.status == 200, str(self.stored)

    def _golden(self) -> list[Instance]:
        kept = golden.fetch(self.http, self.target.records, self.credentials, self.target.reader)
        if kept is None:
            raise golden.NoGolden(
                f"{self.target.records} has no {golden.OBJECT}: no golden study was seeded; run: make seed-golden"
            )
        self.patient = str(kept.get("runId"))
        return golden.recall(kept)

    @property
    def study(self) -> str:
        return self.instances[0].study

    @property
    def series(self) -> str:
        return f"studies/{self.study}/series/{self.instances[0].series}"

    def path(self, instance: Instance) -> str:
        return f"{self.series}/instances/{instance.uid}"
