from __future__ import annotations

from pathlib import Path
from typing import Any

from components.monitoring.service_levels import BURNS, PREPARED_WITHIN, SECTION, ServiceLevels, ServiceLevelsArgs
from tests.components.looking import children, inputs, node
from tests.harness import Deploy, Graph

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


def levels(deploy: Deploy, **changes: Any) -> Graph:
    given: dict[str, Any] = {
        "project": "dicom-local",
        "backlog": "new",
        "job": "prepare",
        "viewer_host": "slides.example.org",
        "runbook": "docs/runbook.md",
        "channels": [],
        "labels": {"app": "x"},
    }
    return deploy(lambda: ServiceLevels("levels", ServiceLevelsArgs(**{**given, **changes})))


def test_each_promise_has_an_objective_and_two_alerts(deploy: Deploy) -> None:
    alert, objective = "monitoring/alertPolicy:AlertPolicy", "monitoring/slo:Slo"

    assert children(levels(deploy), "levels") == {
        "levels-service": "monitoring/customService:CustomService",
        "levels-check": "monitoring/uptimeCheckConfig:UptimeCheckConfig",
        "levels-prepared": objective,
        "levels-prepared-fast": alert,
        "levels-prepared-slow": alert,
        "levels-seconds-to-view": "logging/metric:Metric",
        "levels-shown": objective,
        "levels-shown-fast": alert,
        "levels-shown-slow": alert,
        "levels-viewer": objective,
        "levels-viewer-fast": alert,
        "levels-viewer-slow": alert,
    }


def test_a_viewer_that_nobody_without_an_account_reaches_is_not_checked_from_outside(deploy: Deploy) -> None:
    assert not [name for name in children(levels(deploy, viewer_host=None), "levels") if "viewer" in name]


def test_the_check_asks_the_viewers_host_over_https(deploy: Deploy) -> None:
    check = inputs(levels(deploy), "levels-check")

    assert check["monitoredResource"]["labels"] == {"project_id": "dicom-local", "host": "slides.example.org"}
    assert check["httpCheck"] == {"path": "/", "port": 443, "useSsl": True, "validateSsl": True}


def test_the_viewers_objective_counts_that_checks_results(deploy: Deploy) -> None:
    graph = levels(deploy)

    counted = inputs(graph, "levels-viewer")["windowsBasedSli"]["goodBadMetricFilter"]

    assert f'metric.labels.check_id="{node(graph, "levels-check").id.rpartition("/")[2]}"' in counted


def test_an_alert_burns_on_its_own_objective(deploy: Deploy) -> None:
    graph = levels(deploy)
    [condition] = inputs(graph, "levels-prepared-fast")["conditions"]

    threshold, (look_back, times, _) = condition["conditionThreshold"], BURNS["fast"]

    name = "projects/dicom-local/services/imaging/serviceLevelObjectives/prepared"
    assert threshold["filter"] == f'select_slo_burn_rate("{name}", "{look_back}")'
    assert threshold["thresholdValue"] == times


def test_images_count_as_taken_up_in_time_within_what_is_promised(deploy: Deploy) -> None:
    indicator = inputs(levels(deploy), "levels-prepared")["windowsBasedSli"]

    assert indicator["metricMeanInRange"]["range"] == {"min": 0, "max": PREPARED_WITHIN}
    assert 'subscription_id="new"' in indicator["metricMeanInRange"]["timeSeries"]


def test_the_alerts_lead_to_a_section_that_exists() -> None:
    titles = [line.lstrip("# ").lower().replace(" ", "-") for line in RUNBOOK.read_text().splitlines()]

    assert SECTION in titles
