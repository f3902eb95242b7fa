from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.monitoring.watch import WAITING, Watch, WatchArgs, signs, time_in_words
from tests.components.looking import children, inputs
from tests.harness import Deploy, Graph

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


def args(**changes: Any) -> WatchArgs:
    given: dict[str, Any] = {
        "project": "dicom-local",
        "backlog": "new",
        "dead_letters": "new-dead",
        "job": "prepare",
        "job_exists": True,
        "runbook": "docs/runbook.md",
        "channels": ["projects/dicom-local/notificationChannels/1"],
        "labels": {"app": "x"},
    }
    return WatchArgs(**{**given, **changes})


def watch(deploy: Deploy, **changes: Any) -> Graph:
    return deploy(lambda: Watch("watch", args(**changes)))


def test_it_declares_an_alert_a_sign_and_a_board(deploy: Deploy) -> None:
    assert children(watch(deploy), "watch") == {
        **{f"watch-{key}": "monitoring/alertPolicy:AlertPolicy" for key in signs(args())},
        "watch-board": "monitoring/dashboard:Dashboard",
    }


def test_without_a_job_nothing_is_expected_of_it(deploy: Deploy) -> None:
    assert {name for name in children(watch(deploy, job_exists=False), "watch") if "board" not in name} == {
        "watch-backlog",
        "watch-dead-letters",
    }


@pytest.mark.parametrize("key", signs(args()))
def test_an_alert_reaches_somebody_and_leads_to_a_section_that_exists(deploy: Deploy, key: str) -> None:
    alert = inputs(watch(deploy), f"watch-{key}")
    section = alert["documentation"]["content"].partition("#")[2]

    titles = [line.lstrip("# ") for line in RUNBOOK.read_text().splitlines() if line.startswith("#")]

    assert alert["notificationChannels"] == ["projects/dicom-local/notificationChannels/1"]
    assert section in {title.lower().replace(" ", "-") for title in titles}


def test_waiting_images_are_told_after_as_long_as_the_title_says(deploy: Deploy) -> None:
    alert = inputs(watch(deploy), "watch-backlog")
    [condition] = alert["conditions"]

    threshold = condition["conditionThreshold"]

    assert threshold["comparison"] == "COMPARISON_GT"
    assert alert["displayName"].endswith(f" for {time_in_words(int(threshold['thresholdValue']))}")
    assert alert["documentation"]["content"].endswith(f"#{WAITING.section}")
    assert 'metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"' in threshold["filter"]
    assert 'resource.labels.subscription_id="new"' in threshold["filter"]


def test_a_silent_job_is_looked_for_as_far_back_as_google_looks(deploy: Deploy) -> None:
    [condition] = inputs(watch(deploy), "watch-job-silent")["conditions"]

    absent = condition["conditionAbsent"]

    assert absent["duration"] == "84600s"
    assert 'metric.labels.result="succeeded"' in absent["filter"]


def test_only_the_alert_on_log_lines_has_a_rate_limit(deploy: Deploy) -> None:
    graph = watch(deploy)

    limited = [
        key for key in signs(args()) if "notificationRateLimit" in inputs(graph, f"watch-{key}")["alertStrategy"]
    ]

    assert limited == ["set-aside"]


def test_the_board_shows_four_charts_whether_or_not_there_is_a_job(deploy: Deploy) -> None:
    with_job = inputs(watch(deploy), "watch-board")["dashboardJson"]

    assert len(json.loads(with_job)["mosaicLayout"]["tiles"]) == 4
    assert inputs(watch(deploy, job_exists=False), "watch-board")["dashboardJson"] == with_job


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1800, "30 minutes"),
        (3600, "an hour"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (60, "a minute"),
        (90, "90 seconds"),
        (86400, "a day"),
        (172800, "2 days"),
    ],
)
def test_a_limit_is_said_in_words(seconds: int, words: str) -> None:
    assert time_in_words(seconds) == words


def test_the_board_leaves_zeros_out_as_google_does(deploy: Deploy) -> None:
    """Google answers without them, and every later plan would show a difference."""
    tiles = json.loads(inputs(watch(deploy), "watch-board")["dashboardJson"])["mosaicLayout"]["tiles"]

    assert [tile for tile in tiles if 0 in (tile.get("xPos"), tile.get("yPos"))] == []
    assert [(tile.get("xPos"), tile.get("yPos")) for tile in tiles] == [(None, None), (24, None), (None, 16), (24, 16)]
