from __future__ import annotations

from pathlib import Path

import pytest

from components.monitoring.audit_alerts import DEEDS, AuditAlerts, AuditAlertsArgs
from tests.components.looking import children, inputs, node
from tests.harness import Deploy, Graph

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


def alerts(deploy: Deploy, *emails: str) -> Graph:
    args = AuditAlertsArgs(project="dicom-local", emails=emails, runbook="docs/runbook.md", labels={"app": "x"})
    return deploy(lambda: AuditAlerts("alerts", args))


def test_each_deed_has_an_alert(deploy: Deploy) -> None:
    assert children(alerts(deploy), "alerts") == {
        f"alerts-{deed}": "monitoring/alertPolicy:AlertPolicy"
        for deed in ("grants", "audit-config", "deletion", "export", "keys")
    }


@pytest.mark.parametrize("deed", DEEDS)
def test_an_alert_tells_everybody_who_did_what_at_most_every_five_minutes(deploy: Deploy, deed: str) -> None:
    graph = alerts(deploy, "a@example.org", "b@example.org")
    policy = inputs(graph, f"alerts-{deed}")
    [condition] = policy["conditions"]

    assert policy["notificationChannels"] == [node(graph, f"alerts-to-{who}@example.org").id for who in "ab"]
    assert condition["conditionMatchedLog"]["filter"] == DEEDS[deed].filter
    assert set(condition["conditionMatchedLog"]["labelExtractors"]) == {"principal", "method"}
    assert policy["alertStrategy"]["notificationRateLimit"] == {"period": "300s"}


def test_with_nobody_to_tell_the_alerts_are_there_all_the_same(deploy: Deploy) -> None:
    graph = alerts(deploy)

    assert inputs(graph, "alerts-keys")["notificationChannels"] == []


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_the_runbook_says_what_to_do(deed: object) -> None:
    assert isinstance(deed, type(DEEDS["keys"]))
    headings = [line.lstrip("# ") for line in RUNBOOK.read_text().splitlines() if line.startswith("#")]

    assert deed.section in {heading.lower().replace(",", "").replace(" ", "-") for heading in headings}
