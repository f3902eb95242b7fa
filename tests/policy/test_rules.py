"""Each rule by itself: what breaks it, what keeps it, and how it says so."""

from __future__ import annotations

import re

import pytest

from policy.check import check
from policy.resource import UNKNOWN
from policy.rules import RULES
from tests.policy.fixtures import CASES, bucket, custom, grant, r
from tests.policy.fixtures_running import RUNNING_CASES, env, job

BY_NAME = {rule.name: rule for rule in RULES}
ALL = CASES | RUNNING_CASES


def test_every_rule_has_a_declaration_that_breaks_it_and_one_that_keeps_it() -> None:
    assert ALL.keys() == BY_NAME.keys()
    assert not CASES.keys() & RUNNING_CASES.keys()
    assert len(BY_NAME) == len(RULES)


@pytest.mark.parametrize("name", ALL)
def test_what_breaks_a_rule_is_said_in_a_sentence_with_a_remedy(name: str) -> None:
    bad, _ = ALL[name]

    report = check(bad, [BY_NAME[name]])

    found = report.violations + report.warnings
    assert found
    assert report.open == []
    for violation in found:
        assert violation.rule == name
        assert violation.controls == BY_NAME[name].controls
        assert re.fullmatch(r"(\w+ \S+|The stack) .{10,}\.", violation.message), violation.message
        assert violation.remedy
        assert violation.urn in {"", *(resource.urn for resource in bad)}


@pytest.mark.parametrize("name", ALL)
def test_what_keeps_a_rule_is_not_blamed(name: str) -> None:
    _, good = ALL[name]

    report = check(good, [BY_NAME[name]])

    assert report.violations + report.warnings == []
    assert report.open == []


def test_a_custom_role_that_no_rule_knows_is_a_finding() -> None:
    [violation] = check([custom("dicomAuditor", "healthcare.datasets.get")], [BY_NAME["role-fits-its-duty"]]).violations

    assert "dicomAuditor, which no rule knows" in violation.message


def test_every_rule_says_in_words_what_holds() -> None:
    assert [rule.name for rule in RULES if not re.fullmatch(r"[A-Z].{20,}\.", rule.words)] == []
    assert [rule.name for rule in RULES if not set(rule.controls) <= {str(number) for number in range(1, 39)}] == []


def test_an_unknown_value_leaves_a_rule_open_and_its_other_needs_judged() -> None:
    report = check([bucket(uniformBucketLevelAccess=UNKNOWN)], [BY_NAME["bucket-is-private"]])

    assert [violation.remedy for violation in report.violations] == ['Set publicAccessPrevention to "enforced".']
    assert [str(undecided) for undecided in report.open] == [
        "bucket-is-private: it is decided at up: uniformBucketLevelAccess is not known before"
    ]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("no-public-principal", grant("roles/x", UNKNOWN)),  # pyright: ignore[reportArgumentType]
        ("no-secret-in-the-environment", env("PASSWORD", UNKNOWN)),  # pyright: ignore[reportArgumentType]
        ("image-by-digest", job({"image": UNKNOWN})),
        ("labels-from-a-vocabulary", bucket(labels={"app": UNKNOWN})),
        ("stateful-is-protected", bucket(deletionPolicy=UNKNOWN)),
        ("audit-logs-have-a-sink", r("logging/projectSink:ProjectSink", filter=UNKNOWN)),
        ("runs-as-its-own-account", r("workflows/workflow:Workflow", serviceAccount=UNKNOWN)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_rule_passes_over_an_unknown_value(name: str, resource: object) -> None:
    report = check([resource], [BY_NAME[name]])  # pyright: ignore[reportArgumentType]

    assert [undecided.rule for undecided in report.open] == [name]


def test_whole_numbers_from_the_wire_are_numbers() -> None:
    """The engine hands every number over as a double."""
    kept = bucket(softDeletePolicy={"retentionDurationSeconds": 604800.0})

    assert check([kept], [BY_NAME["bucket-soft-deletes"]]).violations == []
