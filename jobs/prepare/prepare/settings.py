"""What the job is told: flags, or the environment variables the platform sets. All problems are reported at once."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from .errors import CannotRun
from .planner import ViewerStore
from .rules import LabelPolicy

EPILOG = """\
Without --study and --series the job works off its backlog: it turns the messages of the subscription into work items,
and prepares each series that has been quiet. Exit codes: 0 done; 2 some series failed (each is logged); 3 could not
run; 143 ended by SIGTERM (start it again: it resumes)."""

UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def uid(value: str) -> str:
    if len(value) > 64 or not UID.fullmatch(value):
        raise ValueError("a DICOM UID is digits and dots, at most 64 characters")
    return value


def url(value: str) -> str:
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc:
        raise ValueError("must be a URL that begins with https:// (or http:// for a local cloud)")
    return value.rstrip("/")


def seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise ValueError("must be a number of seconds, 0 or more")
    return float(value)


def whole(value: str) -> int:
    if not re.fullmatch(r"[0-9]+", value):
        raise ValueError("must be a whole number, 0 or more")
    return int(value)


def subscription(value: str) -> str:
    if not re.fullmatch(r"projects/[^/]+/subscriptions/[^/]+", value):
        raise ValueError("must be a full name, projects/PROJECT/subscriptions/NAME")
    return value


def one_of(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return value

    return read


@dataclass(frozen=True)
class Option:
    """One setting: flag `--<name>`, environment variable, default, reader, what it is (with its unit)."""

    variable: str
    default: str | None
    read: Callable[[str], Any]
    help: str
    required: bool = False

    @property
    def flag(self) -> str:
        return "--" + self.variable.removeprefix("CLOUD_RUN_").lower().replace("_", "-")


OPTIONS: Mapping[str, Option] = {
    "dicomweb_root": Option("DICOMWEB_ROOT", None, url, "DICOMweb root of the store with the studies", True),
    "viewer_store": Option(
        "VIEWER_STORE", "same", one_of("same", "separate"), "same: viewers read that store, too; separate: another"
    ),
    "label_policy": Option(
        "LABEL_POLICY",
        "show",
        one_of("show", "withhold"),
        "withhold: label and overview images, and images with burned-in text, are not copied to the viewers' own store",
    ),
    "viewer_dicomweb_root": Option(
        "VIEWER_DICOMWEB_ROOT",
        "",
        lambda value: url(value) if value else "",
        "DICOMweb root of the store that viewers read, where it is a separate one",
    ),
    "records_bucket": Option("RECORDS_BUCKET", None, str, "bucket of work items and readiness reports", True),
    "backlog_subscription": Option(
        "BACKLOG_SUBSCRIPTION",
        None,
        subscription,
        "subscription with the store's notifications; needed for the backlog",
    ),
    "storage_endpoint": Option(
        "STORAGE_ENDPOINT", "https://storage.googleapis.com/", url, "root of Cloud Storage's API"
    ),
    "pubsub_endpoint": Option("PUBSUB_ENDPOINT", "https://pubsub.googleapis.com/", url, "root of Pub/Sub's API"),
    "viewer_url": Option("VIEWER_URL", "", lambda value: url(value) if value else "", "viewer, for links in reports"),
    "quiet_seconds": Option(
        "QUIET_SECONDS", "30", seconds, "seconds without a new instance after which a series counts as complete"
    ),
    "wait_seconds": Option(
        "WAIT_SECONDS",
        "300",
        seconds,
        "seconds to wait at most for series to become quiet; the rest is for the next run",
    ),
    "max_attempts": Option(
        "MAX_ATTEMPTS", "5", whole, "runs that may fail on a series before it is set aside in failed/"
    ),
    "retry_deadline_seconds": Option(
        "RETRY_DEADLINE_SECONDS", "300", seconds, "seconds from a request's first attempt in which it may be repeated"
    ),
    "task_index": Option("CLOUD_RUN_TASK_INDEX", "0", whole, "number of this task, from 0"),
    "task_count": Option("CLOUD_RUN_TASK_COUNT", "1", whole, "number of tasks that share the backlog"),
    "execution": Option("CLOUD_RUN_EXECUTION", "", str, "name of this execution, for reports and logs"),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    studies: tuple[str, ...]
    series: tuple[str, ...]
    dry_run: bool
    json: bool
    dicomweb_root: str
    viewer_store: ViewerStore
    label_policy: LabelPolicy
    viewer_dicomweb_root: str
    records_bucket: str
    backlog_subscription: str | None
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
        return not (self.studies or self.series)


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are ours to print."""

    def error(self, message: str) -> NoReturn:
        raise CannotRun(f"{message}; --help lists the flags")


def parser() -> Parser:
    out = Parser(
        prog="python -m prepare",
        description="Makes studies ready for the viewer and writes a readiness report per series.",
        epilog=EPILOG,
    )
    out.add_argument("--study", metavar="UID", nargs="+", action="extend", default=[], help="prepare these studies")
    out.add_argument("--series", metavar="UID", nargs="+", action="extend", default=[], help="prepare these series")
    out.add_argument("--dry-run", action="store_true", help="look and say, write nothing and take no message")
    out.add_argument(
        "--json", action="store_true", help="print one JSON document with all reports; the log goes to stderr"
    )
    for name, option in OPTIONS.items():
        default = f"; default {option.default}" if option.default else ""
        out.add_argument(option.flag, dest=name, metavar="VALUE", help=f"{option.help} [{option.variable}{default}]")
    return out


def load(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
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
    for name, option in OPTIONS.items():
        value = getattr(given, name) or environment.get(option.variable) or option.default
        if value is None and option.required:
            problems.append(f"{option.flag} (or {option.variable}) is not set: {option.help}")
        values[name] = None if value is None else read(f"{option.flag} ({option.variable})", value, option.read)
    values["studies"] = tuple(read("--study", value, uid) for value in given.study)
    values["series"] = tuple(read("--series", value, uid) for value in given.series)
    if not problems and values["task_index"] >= values["task_count"]:
        problems.append(f"--task-index is {values['task_index']}: must be below --task-count ({values['task_count']})")
    if values["viewer_store"] == "separate" and values["viewer_dicomweb_root"] in ("", values["dicomweb_root"]):
        problems.append(
            "--viewer-store is separate: --viewer-dicomweb-root (VIEWER_DICOMWEB_ROOT) must name another store than "
            "--dicomweb-root"
        )
    if values["label_policy"] == "withhold" and values["viewer_store"] == "same":
        problems.append(
            "--label-policy is withhold, which means not copied: it needs --viewer-store separate (VIEWER_STORE)"
        )
    if not (values["studies"] or values["series"] or values["backlog_subscription"]):
        problems.append(
            "--backlog-subscription (or BACKLOG_SUBSCRIPTION) is not set: name it, or give --study or --series"
        )
    if problems:
        raise CannotRun("; ".join(problems))
    return Settings(dry_run=given.dry_run, json=given.json, **values)
