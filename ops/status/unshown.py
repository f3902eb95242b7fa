"""What is stored and not shown, and why, counted by reason; from the words for viewers, the work and what failed.

A series counts once, by the latest that is known of it: set aside, tried again, waiting, or what its report said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from ops.client.google import Json
from ops.status.records import RecordsReader

READY = ("ready", "ready_degraded")
WORDS = {
    "set aside": "set aside after several runs, and not tried again by itself",
    "tried again": "failed, and tried again by the next run",
    "failed": "failed",
    "blocked": "blocked: cannot be shown as it is",
    "waiting": "waiting for the job",
    "pending": "being prepared, or left by a run that was ended",
    "withdrawn": "taken away from viewers: the archive does not have it any more",
}
"""By status, what calls for a person first."""
UID = re.compile(r"\d+(\.\d+){4,}(, …)?")
MOST_EXAMPLES = 3


@dataclass
class Reason:
    """Series of one status for one reason. `sentence` is that of the first one."""

    status: str
    reason: str
    sentence: str
    series: int = 0
    studies: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Cause:
    """Why one series is not shown. `reason` is what it is counted by."""

    status: str
    reason: str
    sentence: str


@dataclass(frozen=True)
class Unshown:
    """`studies` are all that the records know."""

    studies: int
    shown: int
    reasons: tuple[Reason, ...]

    def document(self) -> Json:
        reasons = [
            {**asdict(reason), "studies": len(reason.studies), "examples": sorted(reason.studies)[:MOST_EXAMPLES]}
            for reason in self.reasons
        ]
        return {"studies": self.studies, "shown": self.shown, "not_shown": reasons}

    def lines(self) -> Iterator[str]:
        yield f"{self.studies} studies are known, {self.shown} of them are shown whole."
        status = ""
        for reason in self.reasons:
            if reason.status != status:
                status = reason.status
                yield f"{WORDS[status]}:"
            examples = sorted(reason.studies)
            more = f" and {len(examples) - MOST_EXAMPLES} more" if len(examples) > MOST_EXAMPLES else ""
            named = ", ".join(examples[:MOST_EXAMPLES]) + more
            count = f"{reason.series} series" if reason.series else f"{len(examples)} studies"
            code = f"{reason.reason}: " if reason.reason and reason.reason != reason.sentence else ""
            yield f"  {count}, {code}{reason.sentence} (study {named})"


def count_unshown(records: RecordsReader) -> Unshown:
    """Reads one object for each study, each work item, and each series that failed. Raises `OpsRefused`."""
    studies: set[str] = set()
    causes: dict[tuple[str, str], Cause] = {}
    for _, word in records.read_all(records.names("viewer/")):
        study = str(word.get("study", ""))
        studies.add(study)
        causes.update(_of_word(study, word))
    failed = [
        f"readiness/{study}/{series}.json" for (study, series), cause in causes.items() if cause.status == "failed"
    ]
    for name, report in records.read_all(failed):
        causes[_key(name)] = _cause_of_failure("failed", str(report.get("reason", "")))
    for folder in ("work/", "failed/"):
        for name, item in records.read_all(records.names(folder)):
            studies.add(_key(name)[0])
            causes.pop((_key(name)[0], ""), None)
            causes[_key(name)] = _of_item(folder, item)
    unshown = {study for study, _ in causes}
    return Unshown(len(studies), len(studies - unshown), _count(causes))


def _of_word(study: str, word: Json) -> Iterator[tuple[tuple[str, str], Cause]]:
    """What viewers are told of the series that they do not see; of the study, where no series is named."""
    series = [one for one in word.get("series", []) if one.get("status") not in READY]
    for one in series:
        yield (study, one["series"]), Cause(one["status"], one.get("reason", ""), one.get("sentence", ""))
    if not series and word.get("status") not in READY:
        yield (study, ""), Cause(str(word.get("status")), "", str(word.get("sentence", "")))


def _of_item(folder: str, item: Json) -> Cause:
    if folder == "failed/":
        return _cause_of_failure("set aside", str(item.get("reason", "")))
    if item.get("attempts"):
        return _cause_of_failure("tried again", str(item.get("reason", "")))
    return Cause("waiting", "", "until no instance came for a while, or a run has time")


def _cause_of_failure(status: str, sentence: str) -> Cause:
    """Counted by the sentence, but for the UIDs in it."""
    general = UID.sub("…", sentence)
    return Cause(status, general, general)


def _key(name: str) -> tuple[str, str]:
    """(study, series) of `work/STUDY/SERIES.json` and the like."""
    study, _, series = name.partition("/")[2].removesuffix(".json").partition("/")
    return study, series


def _count(causes: dict[tuple[str, str], Cause]) -> tuple[Reason, ...]:
    """The reasons with their counts: first what calls for a person, then by how many."""
    counted: dict[tuple[str, str], Reason] = {}
    for (study, series), cause in causes.items():
        status = cause.status if cause.status in WORDS else "pending"
        one = counted.setdefault((status, cause.reason), Reason(status, cause.reason, cause.sentence))
        one.series += bool(series)
        one.studies.add(study)
    order = list(WORDS)
    return tuple(sorted(counted.values(), key=lambda one: (order.index(one.status), -one.series, one.reason)))
