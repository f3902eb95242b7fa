"""The series of a study one after another, and the report on the study: a failure of one lets the others go on."""

from __future__ import annotations

from dataclasses import dataclass

from google.auth.exceptions import GoogleAuthError

from ..errors import CannotRun, Gone, SeriesFailed
from ..log import Log
from ..reports.outcome import SeriesOutcome, explain
from ..reports.outcome_log import OutcomeLog
from .preparation import Preparation, write_end
from .series_run import prepare_series
from .study_run import StudyRun


@dataclass
class StudyPreparer:
    """`from_backlog`: whether a series that is gone was found in the backlog, and not asked for by its UID."""

    preparation: Preparation
    log: Log
    outcomes: OutcomeLog
    from_backlog: bool

    def prepare_study(self, study: str, chosen: list[str] | None = None, thorough: bool = False) -> None:
        """Every series, or those `chosen`, of a study of whichever shard."""
        try:
            run = StudyRun.open(self.preparation, study)
            if not run.rows:
                run.withdraw_stale()
        except SeriesFailed as error:
            self.outcomes.record(SeriesOutcome(study, "", "failed", None, str(error)))
            return
        if not run.rows and not run.withdrawn:
            name = self.preparation.store.name
            reason = f"study {study} is not in {name}: check the UID and the store"
            self.outcomes.record(SeriesOutcome(study, "", "failed", None, reason))
            return
        series = chosen if chosen is not None and run.rows else run.series_uids
        done = [self._with_report(self.attempt(run, uid, thorough=thorough)) for uid in series]
        self.finish(run, done)

    def attempt(self, run: StudyRun, series: str, noticed_until: float = 0.0, thorough: bool = False) -> SeriesOutcome:
        """One series; a failure becomes an outcome, so that the others go on."""
        try:
            return prepare_series(run, series, noticed_until, thorough)
        except (CannotRun, GoogleAuthError):
            raise
        except Gone as error:
            status = "gone" if self.from_backlog else "failed"
            return SeriesOutcome(run.study, series, status, None, str(error), gone=True)
        except Exception as error:  # a series that we cannot read must not end the run for the others
            return SeriesOutcome(run.study, series, "failed", None, explain(error))

    def prepare_neighbours(self, run: StudyRun, looked_at: set[str]) -> list[SeriesOutcome]:
        """Other slides of the study: what arrived may change what is true of them (R03). Unchanged ones cost a read."""
        others = dict.fromkeys(row.series for row in run.rows if row.whole_slide and row.series not in looked_at)
        outcomes = (self.attempt(run, series) for series in others)
        return [self.outcomes.record(outcome) for outcome in outcomes if outcome.status != "unchanged"]

    def finish(
        self, run: StudyRun, outcomes: list[SeriesOutcome], from_item: bool = False, stored: float = 0.0
    ) -> None:
        """The report on the study, once `outcomes` of its series are known; what they mean for others is recorded."""
        named = {outcome.series for outcome in outcomes}
        outcomes += [self.outcomes.record(one) for series, one in run.withdrawn.items() if series not in named]
        for outcome in run.write_study_report(outcomes, from_item, stored):
            self.outcomes.record(outcome)
        seconds = run.report.get("seconds_to_view")
        if stored and seconds is not None:
            line = f"study {run.study}: shown {seconds:.1f} s after its last instance"
            self.log.line("INFO", line, study=run.study, seconds_to_view=seconds)

    def _with_report(self, outcome: SeriesOutcome) -> SeriesOutcome:
        """Recorded, with a report of its own when it failed: what was asked for by UID has no item that comes back."""
        if outcome.status == "failed" and not outcome.gone:
            outcome = write_end(self.preparation, outcome.study, outcome.series, "failed", outcome.reason)
        return self.outcomes.record(outcome)
