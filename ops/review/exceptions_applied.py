"""What of a plan's dangers stops it, and what a reviewed, expiring entry of `policy/exceptions.yaml` lets through.

An entry names the rule (`plan-delete`, `plan-replace`, `plan-code`, …) and the URN of the resource or grant, which for
a mere difference ends with its fingerprint. One of the rule `plan-whole` agrees to all mere differences of one plan. It
lets nothing else through, and nothing after its last day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ops.review.dangers import NAMED, Danger, dangers
from ops.review.differences import fingerprint
from ops.review.plan import FILES, Plan
from policy.exceptions import PLAN, Exceptions
from policy.resource import Violation


@dataclass(frozen=True, kw_only=True)
class Judgement:
    plan: Plan
    stopped: Sequence[Danger]
    allowed: Sequence[str]
    """Sentences about dangers that an entry lets through."""
    agreement: str = ""
    """URN of an entry of the rule `plan-whole` that would let through all that needs no entry by name."""


def judge(plan: Plan, exceptions: Exceptions, today: date, *, owners_agree: bool = False) -> Judgement:
    """`owners_agree`: GitHub merges nothing without a review by the owners of the files, so these need no entry."""
    stopped: list[Danger] = []
    allowed: list[str] = []
    seen = dangers(plan)
    if owners_agree:
        allowed += [f"code {danger.what}" for danger in seen if _is_of_files(danger)]
        seen = [danger for danger in seen if not _is_of_files(danger)]
    whole = agreement(plan, seen)
    agreed = exceptions.allow(Violation("plan-whole", (), whole, "", ""), today)
    for danger in seen:
        if (agreed and danger.kind not in NAMED) or (danger.urn and exceptions.allow(as_violation(danger), today)):
            allowed.append(f"{danger.kind} {danger.what}")
        else:
            stopped.append(danger)
    whole = whole if any(danger.kind not in NAMED for danger in stopped) else ""
    return Judgement(plan=plan, stopped=stopped, allowed=allowed, agreement=whole)


def _is_of_files(danger: Danger) -> bool:
    return f"::{FILES}::" in danger.urn


def agreement(plan: Plan, seen: Sequence[Danger]) -> str:
    """The URN under which a reviewer agrees to all differences of this plan, and to no others."""
    return f"urn:pulumi:{plan.stack}::plan::{fingerprint([danger.urn for danger in seen if danger.kind not in NAMED])}"


def as_violation(danger: Danger) -> Violation:
    rule = f"plan-{danger.kind}"
    assert rule in PLAN, rule
    return Violation(rule, ("10",) if danger.kind in ("delete", "replace", "unprotect") else ("14", "18"),
                     danger.urn, danger.what, danger.remedy)  # fmt: skip
