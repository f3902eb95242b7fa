"""An entry of the exceptions lets one danger of one resource through, until its day."""

from __future__ import annotations

import re
import textwrap
from datetime import date
from pathlib import Path

import pytest

from ops.review.compare import plan_of
from ops.review.exceptions_applied import judge
from ops.review.words import in_words
from policy.exceptions import parse
from tests.ops.review.graphs import BUCKET, dataset, graph, node

DAY = date(2027, 3, 1)
PLAN = plan_of(graph(dataset(), node(BUCKET, "records")), graph())


def entry(rule: str = "plan-delete", urn: str = dataset().urn, until: str = "2027-03-01") -> str:
    return f"""
exceptions:
  - rule: {rule}
    urn: "{urn}"
    reason: The archive moves to another region
    approved_by: security officer
    until: {until}
"""


def stopped(text: str, today: date = DAY) -> list[str]:
    return [danger.urn.rpartition("::")[2] for danger in judge(PLAN, parse(text), today).stopped]


def test_without_an_entry_everything_dangerous_stops_the_plan() -> None:
    assert stopped("exceptions: []") == ["archive-dataset", "records"]


def test_an_entry_lets_its_own_resource_through_and_no_other() -> None:
    judgement = judge(PLAN, parse(entry()), DAY)

    assert [danger.urn.rpartition("::")[2] for danger in judgement.stopped] == ["records"]
    assert "- allowed: delete `archive-dataset`" in in_words(PLAN, judgement.stopped, judgement.allowed)


@pytest.mark.parametrize(
    "text",
    [
        entry(rule="plan-replace"),
        entry(urn="urn:other"),
        entry(until="2027-02-28"),
        entry().replace("security officer", ""),
    ],
)
def test_another_rule_another_resource_a_day_that_is_past_or_no_approval_lets_nothing_through(text: str) -> None:
    assert stopped(text) == ["archive-dataset", "records"]


def test_entries_for_the_gate_are_in_order_for_the_rules_too() -> None:
    permits = parse(entry(until="2027-03-02"))

    assert permits.faults([], DAY) == []
    assert permits.idle({dataset().urn}, [], DAY) == []
    assert [fault.rule for fault in permits.faults([], date(2027, 3, 3))] == ["exceptions-are-in-order"]


def test_the_entry_on_the_page_lets_its_resource_be_removed() -> None:
    """Its first step names the rule of the policy and both of the gate."""
    page = (Path(__file__).parents[3] / "docs/removing-on-purpose.md").read_text()
    entries = textwrap.dedent(page.partition("```yaml\n")[2].partition("```")[0])
    urn = re.findall(r"urn: (\S+)", entries)[0]
    permits = parse(entries.replace(urn, dataset().urn))
    guarded, bare = graph(dataset()), dataset(protect=False, deletionPolicy="DELETE")

    for before, after in ((guarded, graph(bare)), (graph(bare), graph())):
        plan = plan_of(before, after)
        assert judge(plan, parse("exceptions: []"), DAY).stopped
        assert judge(plan, permits, DAY).stopped == []
    assert {permit.rule for permit in permits.entries} == {"stateful-is-protected", "plan-unprotect", "plan-delete"}
