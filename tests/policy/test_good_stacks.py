"""The stacks as they are break no rule, and no rule is left undecided."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policy.check import check
from tests.harness import Graph
from tests.infra import stacks

GOOD: dict[str, Callable[[], Graph]] = {
    "local": stacks.local,
    "dev": stacks.empty_dev,
    "prod": stacks.prod,
    "phi": stacks.phi,
}


@pytest.mark.parametrize("stack", GOOD)
def test_a_good_stack_has_no_violation_and_nothing_is_undecided(stack: str) -> None:
    report = check(GOOD[stack]().declared)

    assert [str(violation) for violation in report.violations] == []
    assert [str(undecided) for undecided in report.open] == []


def test_what_a_good_stack_is_warned_of_is_known() -> None:
    warned = {(warning.rule, warning.message.split()[1]) for warning in check(stacks.prod().declared).warnings}

    assert warned == {
        ("images-are-attested", "jobs-job"),
        ("raw-images-are-cheap-to-read", "jobs-job"),
        ("secret-rotates", "vault-github-token"),
    }
