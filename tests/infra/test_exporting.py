"""The scheduled copy: not there unless it is wanted, and then nobody but its own account may export."""

from __future__ import annotations

from policy.check import check
from tests.components.looking import inputs, resources
from tests.infra import stacks

WEEKLY = {"exportSchedule": "0 3 * * 0", "rawStorageReads": "accepted"}


def test_without_a_schedule_nobody_may_export() -> None:
    declared = resources(stacks.prod()).values()

    assert not [one.name for one in declared if "export" in one.name and one.name != "alerts-export"]
    assert not [one for one in declared if "healthcare.dicomStores.export" in str(one.inputs)]


def test_with_one_the_exporter_may_and_only_on_the_raw_store() -> None:
    graph = stacks.prod(**WEEKLY)

    granted = [one for one in resources(graph).values() if str(one.inputs.get("role", "")).endswith("/dicomExport")]

    assert [one.inputs["member"] for one in granted] == [
        "serviceAccount:imaging-exporter@my-imaging.iam.gserviceaccount.com"
    ]
    assert granted[0].inputs["dicomStoreId"].endswith("/dicomStores/raw")
    assert inputs(graph, "export-schedule")["schedule"] == WEEKLY["exportSchedule"]


def test_the_rules_have_nothing_against_it() -> None:
    report = check(stacks.prod(**WEEKLY).declared)

    assert (report.violations, report.open) == ([], [])
