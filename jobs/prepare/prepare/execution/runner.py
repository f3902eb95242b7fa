"""What one execution does: named studies or series at once, or the backlog until it is empty or only noisy.

Owns the order of things and what a failure means for the rest; `stages` does a series, `backlog` keeps the items.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from google.auth.exceptions import GoogleAuthError

from ..backlog.work_items import Backlog
from ..clock import Clock
from ..errors import CannotRun, Gone, SeriesFailed
from ..log import Log
from ..model.metadata import Row
from ..model.work_item import Item, quiet_in, shard
from ..reports.outcome import Outcome, explain
from ..reports.screen import plan_words
from ..settings import Settings
from .stages import Stages


@dataclass
class Runner:
    stages: Stages
    log: Log
    clock: Clock
    settings: Settings
    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    def named(self, studies: Iterable[str], series: Iterable[str]) -> None:
        """Prepares what was asked for by UID, now; of several tasks each does the studies of its shard."""
        wanted: dict[str, list[str] | None] = dict.fromkeys(studies)
        for one in series:
            try:
                study = self.stages.store.study_of(one)
            except SeriesFailed as error:
                self._note(Outcome("", one, "failed", None, str(error)))
                continue
            chosen = wanted.setdefault(study, [])
            if chosen is not None:
                chosen.append(one)
        for study, chosen in wanted.items():
            if shard(study, self.settings.task_count) != self.settings.task_index:
                continue
            try:
                rows = self.stages.discover(study)
            except SeriesFailed as error:
                self._note(Outcome(study, "", "failed", None, str(error)))
                continue
            every = chosen if chosen is not None else dict.fromkeys(row.series for row in rows)
            told = [self._note(self._reported(self._attempt(study, one, rows))) for one in every]
            self._studied(study, rows, told)

    def sweep(self) -> None:
        """Prepares every study with slides that the store lists; what is unchanged costs two requests."""
        for study in self.stages.store.slide_studies():
            self.named([study], [])

    def again(self, backlog: Backlog) -> None:
        """What the settings want back before the backlog is worked off; done once, by the first task."""
        if self.settings.task_index:
            return
        if self.settings.replay:
            backlog.replay(self.settings.replay)
            self.log.line("INFO", f"messages since {self.settings.replay} are given once more")
        if self.settings.retry_failed:
            back = backlog.retry_failed(self.clock.time())
            self.log.line("INFO", f"{back} work items that had been set aside are back")

    def backlog(self, backlog: Backlog) -> None:
        """Drains and acts until no series of this task's shard is left to wait for, or `wait_seconds` are over."""
        settings = self.settings
        until = self.clock.monotonic() + settings.wait_seconds
        tried: set[str] = set()
        while True:
            if not settings.dry_run:
                drained = backlog.drain(self.clock.time())
                if drained.messages:
                    self.log.line("INFO", f"{drained.messages} messages about {drained.series} series taken")
                if drained.unreadable:
                    self.log.line(
                        "WARNING",
                        f"{drained.unreadable} messages are no notifications of {self.stages.store.name}: "
                        "left for the dead letter",
                    )
            studies = backlog.studies(settings.task_index, settings.task_count)
            waiting = {study: [name for name in names if name not in tried] for study, names in studies.items()}
            waits = [self._study(backlog, study, names, tried) for study, names in waiting.items() if names]
            noisy = [wait for wait in waits if wait > 0]
            if not waits or (settings.dry_run and not noisy):
                if not self.outcomes:
                    self.log.line("INFO", "no images wait for this task")
                return
            if noisy and (settings.dry_run or self.clock.monotonic() + min(noisy) > until):
                self.log.line("INFO", f"{len(noisy)} studies still receive instances: left for the next run")
                return
            if noisy:
                self.clock.sleep(min(noisy))

    def _study(self, backlog: Backlog, study: str, names: list[str], tried: set[str]) -> float:
        """Acts on the quiet items of one study; returns the seconds until the next becomes quiet, 0 for none."""
        dry = self.settings.dry_run
        items = backlog.items(names)
        if not items:
            return 0.0  # another task has done them meanwhile
        try:
            rows = self.stages.discover(study)
        except Gone:
            rows = []
        except SeriesFailed as error:
            for item, generation in items:
                self._failed(backlog, item, generation, str(error), tried)
            return 0.0
        waits: list[float] = []
        quiet: list[tuple[Item, int]] = []
        for item, generation in items:
            count = sum(1 for row in rows if row.series == item.series)
            wait = quiet_in(item, count, self.clock.time(), self.settings.quiet_seconds)
            if count != item.instances and not dry:
                item, generation = backlog.counted(item, generation, count, self.clock.time())
            if wait > 0:
                waits.append(wait)
            else:
                quiet.append((item, generation))
        noisy = {item.series for item, _ in items} - {item.series for item, _ in quiet}
        told: list[Outcome] = []
        for item, generation in quiet:
            outcome = self._attempt(study, item.series, rows)
            if outcome.status == "failed":
                told.append(self._failed(backlog, item, generation, outcome.reason, tried))
                continue
            told.append(self._note(outcome))
            if dry:
                tried.add(item.name)
            else:
                backlog.done(item, generation)
        if quiet:
            told += self._neighbours(study, rows, {item.series for item, _ in quiet} | noisy)
            self._studied(study, rows, told)
        return min(waits, default=0.0)

    def _studied(self, study: str, rows: list[Row], told: list[Outcome]) -> None:
        for outcome in self.stages.study(study, rows, told):
            self._note(outcome)

    def _neighbours(self, study: str, rows: list[Row], looked_at: set[str]) -> list[Outcome]:
        """Other slides of the study: what arrived may change what is true of them (R03). Unchanged ones cost a read."""
        others = dict.fromkeys(row.series for row in rows if row.whole_slide and row.series not in looked_at)
        outcomes = (self._attempt(study, series, rows) for series in others)
        return [self._note(outcome) for outcome in outcomes if outcome.status != "unchanged"]

    def _attempt(self, study: str, series: str, rows: list[Row]) -> Outcome:
        """One series; a failure becomes an outcome, so that the others go on."""
        try:
            return self.stages.series(study, series, rows)
        except (CannotRun, GoogleAuthError):
            raise
        except Gone as error:
            status = "failed" if not self.settings.from_backlog else "gone"
            return Outcome(study, series, status, None, str(error), gone=True)
        except Exception as error:  # a series that we cannot read must not end the run for the others
            return Outcome(study, series, "failed", None, explain(error))

    def _reported(self, outcome: Outcome) -> Outcome:
        """With a report of its own, when it failed: what was asked for by UID has no item that would come back."""
        if outcome.status != "failed" or outcome.gone:
            return outcome
        return self.stages.failure(outcome.study, outcome.series, outcome.reason)

    def _failed(self, backlog: Backlog, item: Item, generation: int, reason: str, tried: set[str]) -> Outcome:
        tried.add(item.name)
        outcome = Outcome(item.study, item.series, "failed", None, reason)
        if not self.settings.dry_run and backlog.failed(item, generation, reason, self.settings.max_attempts):
            outcome = self.stages.failure(
                item.study, item.series, f"{reason} (set aside after {item.attempts + 1} attempts)"
            )
        return self._note(outcome)

    def _note(self, outcome: Outcome) -> Outcome:
        """Logs and counts it. Its report is kept only where it is printed at the end: a backlog may be long."""
        printed = self.settings.json or self.settings.dry_run
        self.outcomes.append(outcome if printed else replace(outcome, document=None))
        document = outcome.document or {}
        if outcome.note:
            self.log.line(
                "INFO", f"series {outcome.series}: {outcome.note}", study=outcome.study, series=outcome.series
            )
        self.log.line(
            "ERROR" if outcome.status == "failed" else "INFO",
            f"series {outcome.series or 'of study ' + outcome.study}: {outcome.status}"
            + (f": {outcome.reason}" if outcome.reason else ""),
            study=outcome.study,
            series=outcome.series,
            status=outcome.status,
            plan=plan_words(document),
            findings=[finding["rule"] for finding in document.get("findings", [])],
            requests=document.get("requests", 0) if outcome.status != "unchanged" else 0,
            seconds=document.get("seconds", {}) if outcome.status != "unchanged" else {},
        )
        return outcome
