"""What of a plan's dangers stops it, and what a reviewed, expiring entry of `policy/exceptions.yaml` lets through.

An entry names the rule (`plan-delete`, `plan-replace`, `plan-unprotect`, `plan-public`, `plan-widen`) and the URN of
the resource or grant; it lets nothing else through, and nothing after its last day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ops.review.dangers import Danger, dangers
from ops.review.plan import Plan
from policy.exceptions import PLAN, Exceptions
from policy.resource import Violation


@dataclass(frozen=True, kw_only=True)
class Judgement:
    plan: Plan
    stopped: Sequence[Danger]
    allowed: Sequence[str]
    """Sentences about dangers that an entry lets through."""


def judge(plan: Plan, exceptions: Exceptions, today: date) -> Judgement:
    stopped: list[Danger] = []
    allowed: list[str] = []
    for danger in dangers(plan):
        if danger.urn and exceptions.allow(as_violation(danger), today):
            allowed.append(f"{danger.kind} {danger.what}")
        else:
            stopped.append(danger)
    return Judgement(plan=plan, stopped=stopped, allowed=allowed)


def as_violation(danger: Danger) -> Violation:
    rule = f"plan-{danger.kind}"
    assert rule in PLAN, rule
    return Violation(rule, ("10",) if danger.kind in ("delete", "replace", "unprotect") else ("14", "18"),
                     danger.urn, danger.what, danger.remedy)  # fmt: skip
