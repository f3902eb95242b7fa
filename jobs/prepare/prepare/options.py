"""The settings one by one: flag, environment variable, default, how a value is read, what it is and in which unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

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


def moment(value: str) -> str:
    """RFC 3339 with a zone, as Pub/Sub wants it."""
    if not re.search(r"T.*(Z|[+-][0-9]{2}:[0-9]{2})$", value):
        raise ValueError("must be a time with its zone, as 2026-01-31T08:00:00Z")
    datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def uids(value: str) -> tuple[str, ...]:
    return tuple(uid(text) for text in value.replace(",", " ").split())


def switch(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return value.lower() == "true"


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
    "label_policy": Option(
        "LABEL_POLICY",
        "show",
        one_of("show", "withhold"),
        "withhold: label and overview images, and images with burned-in text, are not copied to the viewers' store",
    ),
    "viewer_dicomweb_root": Option(
        "VIEWER_DICOMWEB_ROOT",
        None,
        url,
        "DICOMweb root of the store that viewers read, to which the job copies what is ready",
        True,
    ),
    "records_bucket": Option("RECORDS_BUCKET", None, str, "bucket of work items and readiness reports", True),
    "staged_bucket": Option(
        "STAGED_BUCKET", None, str, "bucket of pixels on their way, which the job alone reads", True
    ),
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
    "raw_storage_class": Option(
        "RAW_STORAGE_CLASS",
        "standard",
        one_of("standard", "nearline", "coldline", "archive"),
        "storage class to which the raw store's instances of ready studies are moved; viewers do not read them",
    ),
    "raw_storage_after_days": Option(
        "RAW_STORAGE_AFTER_DAYS", "30", whole, "days after a study was shown, and did not change, before it is moved"
    ),
    "job_url": Option(
        "JOB_URL",
        "",
        lambda value: url(value) if value else "",
        "this job in Cloud Run's API, v2, to start more tasks of it; none are started without it",
    ),
    "most_tasks": Option("MOST_TASKS", "1", whole, "tasks that may work at once, over all executions"),
    "replay": Option(
        "REPLAY",
        None,
        moment,
        "time (RFC 3339, with zone) since which messages are given once more before the backlog is worked off",
    ),
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


SWITCHES: Mapping[str, Option] = {
    "sweep": Option("SWEEP", "false", switch, "look at every study with slides in the store, not at the backlog"),
    "retry_failed": Option(
        "RETRY_FAILED", "false", switch, "bring back the work items that were set aside, then work off the backlog"
    ),
    "dry_run": Option("DRY_RUN", "false", switch, "look and print the plan, write nothing and take no message"),
    "json": Option("JSON", "false", switch, "print one JSON document with all reports; the log goes to stderr"),
}
LISTS: Mapping[str, Option] = {
    "studies": Option("STUDY", "", uids, "prepare these studies"),
    "series": Option("SERIES", "", uids, "prepare these series"),
}
