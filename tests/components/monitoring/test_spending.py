from __future__ import annotations

from components.monitoring.spending import Spending, SpendingArgs
from tests.components.looking import inputs
from tests.harness import Deploy, Graph

CHANNEL = "projects/dicom-local/notificationChannels/1"


def spending(deploy: Deploy, *channels: str) -> Graph:
    args = SpendingArgs(
        billing_account="012345-6789AB-CDEF01",
        project_number="123456789012",
        monthly_amount=800,
        runbook="docs/runbook.md",
        channels=channels,
    )
    return deploy(lambda: Spending("spending", args))


def test_the_budget_is_of_this_project_alone(deploy: Deploy) -> None:
    budget = inputs(spending(deploy), "spending-budget")

    assert budget["budgetFilter"]["projects"] == ["projects/123456789012"]
    assert budget["amount"] == {"specifiedAmount": {"units": "800"}}
    assert budget["billingAccount"] == "012345-6789AB-CDEF01"


def test_it_tells_at_half_nearly_all_all_and_when_all_is_foreseen(deploy: Deploy) -> None:
    rules = inputs(spending(deploy), "spending-budget")["thresholdRules"]

    assert [(rule["thresholdPercent"], rule["spendBasis"]) for rule in rules] == [
        (0.5, "CURRENT_SPEND"),
        (0.9, "CURRENT_SPEND"),
        (1.0, "CURRENT_SPEND"),
        (1.0, "FORECASTED_SPEND"),
    ]


def test_the_on_call_is_told_beside_the_accounts_administrators(deploy: Deploy) -> None:
    assert inputs(spending(deploy, CHANNEL), "spending-budget")["allUpdatesRule"] == {
        "monitoringNotificationChannels": [CHANNEL]
    }
    assert "allUpdatesRule" not in inputs(spending(deploy), "spending-budget")


def test_its_name_which_is_all_that_a_mail_shows_leads_to_the_runbook(deploy: Deploy) -> None:
    name = inputs(spending(deploy), "spending-budget")["displayName"]

    assert name == "Imaging: docs/runbook.md#the-budget-is-nearly-spent"
    assert len(name) <= 60
