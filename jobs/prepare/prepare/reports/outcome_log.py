"""What became of the series of one run: a line of the log for each, and all of them for its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..log import Log
from .outcome import SeriesOutcome
from .screen import plan_words


@dataclass
class OutcomeLog:
    """`keeps_reports`: whether reports are printed at the end. Else none is kept: a backlog may be long."""

    log: Log
    keeps_reports: bool
    outcomes: list[SeriesOutcome] = field(default_factory=list[SeriesOutcome])

    def record(self, outcome: SeriesOutcome) -> SeriesOutcome:
        """Logs and counts it; returns it as it was."""
        self.outcomes.append(outcome if self.keeps_reports else replace(outcome, document=None))
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
