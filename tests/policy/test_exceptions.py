"""What may break a rule on purpose: one resource, one rule, for a while, said in a reviewed file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from policy.check import Report, check
from policy.exceptions import load, parse
from policy.resource import Resource
from tests.infra import stacks
from tests.policy.mutations import changed

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2027, 1, 15)
STORE = next(resource for resource in stacks.prod().declared if resource.name == "archive-raw")
ENTRY = f"""
exceptions:
  - rule: stateful-is-protected
    urn: {STORE.urn}
    reason: the study is over
    approved_by: data owner
    until: 2027-02-01
"""


def judged(text: str, *, today: date = TODAY, also: Resource | None = None) -> Report:
    """Prod with the raw store unprotected (step one of removing it), and `also` in place of what has its URN."""
    bare = changed(changed(STORE, "protect"), "deletionPolicy", "DELETE")
    others = {resource.urn: resource for resource in stacks.prod().declared} | {STORE.urn: bare}
    if also:
        others[also.urn] = also
    return check(list(others.values()), exceptions=parse(text), today=today)


def test_an_exception_lets_its_resource_pass_its_rule_and_says_so() -> None:
    report = judged(ENTRY)

    assert report.violations == []
    assert [w.urn for w in report.warnings if w.rule == "stateful-is-protected"] == [STORE.urn, STORE.urn]


def test_without_one_both_layers_are_missed() -> None:
    assert [(found.rule, found.urn) for found in judged("").violations] == [("stateful-is-protected", STORE.urn)] * 2


def test_it_is_for_no_other_resource() -> None:
    bucket = next(resource for resource in stacks.prod().declared if resource.name == "records-bucket")

    report = judged(ENTRY, also=changed(bucket, "protect"))

    assert [(found.rule, found.urn) for found in report.violations] == [("stateful-is-protected", bucket.urn)]


def test_it_is_for_no_other_rule() -> None:
    report = judged(ENTRY.replace("stateful-is-protected", "bucket-is-private"))

    assert {found.rule for found in report.violations} == {"stateful-is-protected"}


@pytest.mark.parametrize(("today", "counts"), [(date(2027, 2, 1), True), (date(2027, 2, 2), False)])
def test_it_counts_up_to_its_last_day(today: date, counts: bool) -> None:
    rules = {found.rule for found in judged(ENTRY, today=today).violations}

    assert rules == (set() if counts else {"stateful-is-protected", "exceptions-are-in-order"})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("stateful-is-protected", "stateful"), "excepts from 'stateful', which is no rule"),
        (("until: 2027-02-01", "until: 2027-01-14"), "ended on 2027-01-14"),
        (("until: 2027-02-01", "until: 2027-04-16"), "lasts longer than 90 days"),
        (("until: 2027-02-01", "until: soon"), "Entry 1 of policy/exceptions.yaml needs a day in `until`"),
        (("reason: the study is over", "reason: ''"), "says nothing in reason"),
        (("    approved_by: data owner\n", ""), "and nothing else; mend approved_by"),
        (("until", "untill"), "mend until, untill"),
        (("exceptions:", "exception: [}"), "policy/exceptions.yaml is not YAML"),
        (("exceptions:\n  - ", "exceptions:\n    "), "needs a list under `exceptions`"),
    ],
)
def test_an_entry_that_is_over_unknown_or_unreadable_is_a_violation(change: tuple[str, str], sentence: str) -> None:
    faults = [found for found in judged(ENTRY.replace(*change)).violations if found.rule == "exceptions-are-in-order"]

    assert len(faults) == 1
    assert sentence in faults[0].message


def test_an_entry_that_lets_nothing_pass_is_a_warning() -> None:
    report = check(stacks.prod().declared, exceptions=parse(ENTRY), today=TODAY)

    assert report.violations == []
    assert [w.urn for w in report.warnings if w.rule == "exceptions-are-in-order"] == [STORE.urn]


def test_an_entry_for_another_stack_is_that_stack_s_business() -> None:
    report = check(stacks.empty_dev().declared, exceptions=parse(ENTRY), today=TODAY)

    assert [found for found in report.violations + report.warnings if found.rule == "exceptions-are-in-order"] == []


def test_the_file_of_this_repository_is_in_order() -> None:
    assert load(ROOT).problems == []
    assert load(ROOT).entries == []
