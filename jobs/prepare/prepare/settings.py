"""What the job is told: flags, or the environment variables the platform sets. All problems are reported at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from .backlog.storage_moves import StorageClass
from .checks.rules import LabelPolicy
from .errors import CannotRun
from .options import LISTS, OPTIONS, SWITCHES

EPILOG = """\
Without --study, --series and --sweep the job works off its backlog: it turns the messages of the subscription into
work items, and prepares each series that has been quiet. Exit codes: 0 done; 2 some series failed (each is logged);
3 could not run; 143 ended by SIGTERM (start it again: it resumes)."""


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    studies: tuple[str, ...]
    series: tuple[str, ...]
    sweep: bool
    replay: str | None
    retry_failed: bool
    dry_run: bool
    json: bool
    dicomweb_root: str
    label_policy: LabelPolicy
    viewer_dicomweb_root: str
    records_bucket: str
    staged_bucket: str
    backlog_subscription: str | None
    raw_storage_class: StorageClass
    raw_storage_after_days: int
    job_url: str
    most_tasks: int
    storage_endpoint: str
    pubsub_endpoint: str
    viewer_url: str
    quiet_seconds: float
    wait_seconds: float
    max_attempts: int
    retry_deadline_seconds: float
    task_index: int
    task_count: int
    execution: str

    @property
    def from_backlog(self) -> bool:
        return not (self.studies or self.series or self.sweep)


class FlagParser(argparse.ArgumentParser):
    """A parser whose refusals are ours to print."""

    def error(self, message: str) -> NoReturn:
        raise CannotRun(f"{message}; --help lists the flags")


def parser() -> FlagParser:
    out = FlagParser(
        prog="python -m prepare",
        description="Makes studies ready for the viewer and writes a readiness report per series.",
        epilog=EPILOG,
    )
    for name, option in LISTS.items():
        text = f"{option.help} [{option.variable}, with commas]"
        out.add_argument(option.flag, dest=name, metavar="UID", nargs="+", action="extend", help=text)
    for name, option in SWITCHES.items():
        text = f"{option.help} [{option.variable}=true]"
        out.add_argument(option.flag, dest=name, action="store_const", const="true", help=text)
    for name, option in OPTIONS.items():
        default = f"; default {option.default}" if option.default else ""
        out.add_argument(option.flag, dest=name, metavar="VALUE", help=f"{option.help} [{option.variable}{default}]")
    return out


def load(arguments: Sequence[str], environment: Mapping[str, str]) -> JobSettings:
    """Flags win over the environment; an empty variable counts as unset. Raises CannotRun naming every problem."""
    given = parser().parse_args(arguments)
    problems: list[str] = []

    def read(what: str, value: str, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(value)
        except ValueError as error:
            problems.append(f"{what} is {value!r}: {error}")
            return None

    values: dict[str, Any] = {}
    for name, option in {**OPTIONS, **SWITCHES, **LISTS}.items():
        given_value = getattr(given, name)
        value = (" ".join(given_value) if isinstance(given_value, list) else given_value) or environment.get(
            option.variable
        )
        value = value or option.default
        if value is None and option.required:
            problems.append(f"{option.flag} (or {option.variable}) is not set: {option.help}")
        values[name] = None if value is None else read(f"{option.flag} ({option.variable})", value, option.read)
    if not problems and values["task_index"] >= values["task_count"]:
        problems.append(f"--task-index is {values['task_index']}: must be below --task-count ({values['task_count']})")
    problems += _contradictions(values)
    if problems:
        raise CannotRun("; ".join(problems))
    return JobSettings(**values)


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """What is asked for must be one thing."""
    problems: list[str] = []
    named = bool(values["studies"] or values["series"])
    if not (named or values["sweep"] or values["backlog_subscription"]):
        problems.append(
            "--backlog-subscription (or BACKLOG_SUBSCRIPTION) is not set: name it, or give --study, --series or --sweep"
        )
    if named and values["sweep"]:
        problems.append("--sweep looks at every study: leave out --study and --series")
    if values["dicomweb_root"] and values["dicomweb_root"] == values["viewer_dicomweb_root"] and not named:
        problems.append(
            "--viewer-dicomweb-root (VIEWER_DICOMWEB_ROOT) must name another store than --dicomweb-root, or viewers "
            "see slides that are not ready; only with --study or --series it may be the same, to try the job on it"
        )
    for name in ("replay", "retry_failed"):
        flag = {**OPTIONS, **SWITCHES}[name].flag
        if values[name] and (named or values["sweep"]):
            problems.append(f"{flag} is about the backlog: leave out --study, --series and --sweep")
        if values[name] and values["dry_run"]:
            problems.append(f"{flag} changes the backlog, which --dry-run must not: leave out one of the two")
    return problems
