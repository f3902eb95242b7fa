"""Flags and environment: every problem at once, in a sentence that names the flag, the value and the rule."""

from __future__ import annotations

import pytest
from prepare.errors import CannotRun
from prepare.options import LISTS, OPTIONS, SWITCHES
from prepare.settings import load, parser

ROOT = "https://healthcare.example/v1/x/dicomWeb"
GOOD = {
    "DICOMWEB_ROOT": ROOT,
    "VIEWER_DICOMWEB_ROOT": "https://healthcare.example/v1/viewer/dicomWeb",
    "RECORDS_BUCKET": "records",
    "STAGED_BUCKET": "staged",
    "BACKLOG_SUBSCRIPTION": "projects/p/subscriptions/s",
}


def problems(arguments: list[str], **environment: str) -> str:
    with pytest.raises(CannotRun) as refused:
        load(arguments, GOOD | environment)
    return str(refused.value)


def test_the_platforms_environment_is_enough() -> None:
    settings = load([], GOOD)
    assert settings.from_backlog
    assert (settings.task_index, settings.task_count, settings.quiet_seconds) == (0, 1, 30.0)


def test_flags_win_and_empty_variables_count_as_unset() -> None:
    settings = load(["--quiet-seconds", "5"], GOOD | {"QUIET_SECONDS": "9", "VIEWER_URL": "", "WAIT_SECONDS": ""})
    assert (settings.quiet_seconds, settings.viewer_url, settings.wait_seconds) == (5.0, "", 300.0)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {"DICOMWEB_ROOT": ""}, "--dicomweb-root (or DICOMWEB_ROOT) is not set"),
        ([], {"DICOMWEB_ROOT": "healthcare"}, "must be a URL"),
        ([], {"BACKLOG_SUBSCRIPTION": "backlog"}, "projects/PROJECT/subscriptions/NAME"),
        ([], {"BACKLOG_SUBSCRIPTION": ""}, "or give --study, --series or --sweep"),
        ([], {"VIEWER_DICOMWEB_ROOT": ""}, "--viewer-dicomweb-root (or VIEWER_DICOMWEB_ROOT) is not set"),
        ([], {"VIEWER_DICOMWEB_ROOT": ROOT}, "must name another store"),
        (["--sweep"], {"VIEWER_DICOMWEB_ROOT": ROOT + "/"}, "must name another store"),
        ([], {"QUIET_SECONDS": "-1"}, "number of seconds"),
        ([], {"QUIET_SECONDS": "soon"}, "number of seconds"),
        ([], {"MAX_ATTEMPTS": "1.5"}, "whole number"),
        ([], {"CLOUD_RUN_TASK_INDEX": "4", "CLOUD_RUN_TASK_COUNT": "4"}, "must be below --task-count"),
        (["--study", "1.2.x"], {}, "a DICOM UID is digits and dots"),
        (["--series", "1" * 65], {}, "at most 64 characters"),
        (["--study"], {}, "expected at least one argument"),
        (["--frobnicate"], {}, "--frobnicate"),
        ([], {"LABEL_POLICY": "hide"}, "must be show or withhold"),
        (["--replay", "yesterday"], {}, "must be a time with its zone"),
        (["--replay", "2026-01-31T08:00:00"], {}, "must be a time with its zone"),
        (["--replay", "2026-01-31T08:00:00Z", "--study", "1.2"], {}, "--replay is about the backlog"),
        (["--retry-failed", "--dry-run"], {}, "--retry-failed changes the backlog"),
        (["--sweep", "--series", "1.2"], {}, "--sweep looks at every study"),
        ([], {"SWEEP": "yes"}, "must be true or false"),
        ([], {"STUDY": "1.2,x"}, "a DICOM UID is digits and dots"),
    ],
)
def test_a_wrong_setting_is_one_sentence(arguments: list[str], environment: dict[str, str], said: str) -> None:
    assert said in problems(arguments, **environment)


def test_a_store_may_be_its_own_viewers_one_where_studies_are_named() -> None:
    settings = load(["--study", "1.2"], GOOD | {"VIEWER_DICOMWEB_ROOT": ROOT})
    assert settings.viewer_dicomweb_root == settings.dicomweb_root


def test_all_problems_are_told_at_once() -> None:
    told = problems(["--study", "x"], RECORDS_BUCKET="", QUIET_SECONDS="no", MAX_ATTEMPTS="no")
    assert told.count(";") == 3


def test_everything_may_come_from_the_environment() -> None:
    settings = load([], GOOD | {"STUDY": "1.2, 1.3", "DRY_RUN": "true", "JSON": "false"})
    assert (settings.studies, settings.dry_run, settings.json) == (("1.2", "1.3"), True, False)
    assert not settings.from_backlog
    assert not load([], GOOD | {"SWEEP": "true"}).from_backlog


def test_help_names_every_setting_with_its_variable_and_default() -> None:
    text = " ".join(parser().format_help().split())
    for option in OPTIONS.values():
        assert f"{option.flag} VALUE" in text
        assert option.variable in text
    assert "seconds without a new instance" in text
    assert "default 30" in text
    for option in (*LISTS.values(), *SWITCHES.values()):
        assert option.flag in text
        assert option.variable in text
