"""What the checks found, as data; turned into exit code, JSON, JUnit and Markdown elsewhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

SCHEMA = 1
"""Version of the JSON report; grows when a field changes its meaning or goes."""
Status = Literal["pass", "fail", "skip", "warn"]
PASSED, FAILED, COULD_NOT_RUN, LEAKED = 0, 1, 2, 3
"""Exit codes."""
INTERRUPTED = "interrupted"
"""The problem of a run that somebody ended, by Ctrl-C or SIGTERM."""


@dataclass
class Result:
    """One check. `evidence` holds figures and identifiers, never patient attributes."""

    id: str
    name: str
    status: Status
    ms: int
    requests: int
    bytes: int
    retries: int
    reason: str = ""
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class SuiteOutcome:
    """One run against one target."""

    run_id: str
    profile: str
    target: str
    environment: str
    began: datetime
    results: list[Result] = field(default_factory=list[Result])
    leaks: list[str] = field(default_factory=list[str])
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    """Checks that are no part of this run for a reason of principle, by number."""
    problem: str = ""
    """Why the checks could not be run, or not to their end."""
    ms: int = 0

    @property
    def exit_code(self) -> int:
        if self.problem or not any(result.status in ("pass", "warn", "fail") for result in self.results):
            return COULD_NOT_RUN
        if any(result.status == "fail" for result in self.results):
            return FAILED
        return LEAKED if self.leaks else PASSED

    @property
    def verdict(self) -> str:
        if self.problem == INTERRUPTED:
            return INTERRUPTED
        return {
            PASSED: "passed",
            FAILED: "failed",
            COULD_NOT_RUN: "could not run",
            LEAKED: "passed, but left something behind",
        }[self.exit_code]

    def count(self, status: Status) -> int:
        return sum(result.status == status for result in self.results)

    def summary(self) -> str:
        counts = [f"{self.count(status)} {status}" for status in ("pass", "warn", "fail", "skip") if self.count(status)]
        total = sum(result.requests for result in self.results)
        return f"{self.verdict}: {', '.join(counts) or 'no checks'}; {total} requests in {self.ms / 1000:.1f} s"

    def as_json(self) -> dict[str, Any]:
        shown = asdict(self)
        shown["began"] = self.began.isoformat()
        return {"schema": SCHEMA, **shown, "verdict": self.verdict, "exitCode": self.exit_code}
