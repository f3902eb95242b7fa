"""What a run holds: its target, identities, slides, tracker. Made before the checks, cleaned up after them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from smoke_tests import slide
from smoke_tests.credentials import Credentials, TokenSource
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import Answer, Http
from smoke_tests.slide import Instance
from smoke_tests.target import Target
from smoke_tests.tracker import Tracker

Profile = Literal["full", "quick"]
SIZES: dict[str, int] = {"full": 4096, "quick": 1024}
"""Edge of the slide's base level."""


@dataclass
class Context:
    """One run against one target."""

    target: Target
    run_id: str
    profile: Profile
    source: TokenSource
    pause: Callable[[float], None] = time.sleep
    http: Http = field(init=False)
    credentials: Credentials = field(init=False)
    tracker: Tracker = field(init=False)

    def __post_init__(self) -> None:
        self.http = Http(pause=self.pause, agent=self.agent)
        self.credentials = Credentials(self.source)
        target = self.target
        self.tracker = Tracker(self.writer, "delete" not in target.missing, target.limits.deleted)

    @property
    def agent(self) -> str:
        """`User-Agent` of every request, by which the run finds its own in the audit log."""
        return f"dicom-platform-smoke/{self.run_id}"

    def prepare(self) -> None:
        """Fetch every token while the slide is drawn; `NoToken` when one cannot be had."""
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
        _ = self.instances, self.neighbour
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]

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
        """The slide that most checks are about."""
        return slide.make(self.run_id, size=SIZES[self.profile])

    @cached_property
    def neighbour(self) -> list[Instance]:
        """Another study of this run, without coarser levels. It stays until the end."""
        return slide.make(self.run_id, size=SIZES[self.profile] // 2, variant="base-only")

    @cached_property
    def stored(self) -> Answer:
        """The answer to storing the slide, sent once; the neighbour is stored too."""
        for study in (self.study, self.neighbour[0].study):
            self.tracker.expect(study)
        self.writer.stow([instance.data for instance in self.neighbour])
        return self.writer.stow([instance.data for instance in self.instances])

    @property
    def study(self) -> str:
        return self.instances[0].study

    @property
    def series(self) -> str:
        return f"studies/{self.study}/series/{self.instances[0].series}"

    def path(self, instance: Instance) -> str:
        return f"{self.series}/instances/{instance.uid}"
