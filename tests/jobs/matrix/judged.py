"""A study of the matrix, judged and planned without a server, in the few words of the table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from prepare.checks.rules import findings, status
from prepare.dicomweb.inspection import inspect
from prepare.model.actions import (
    Action,
    Complete,
    FixImageType,
    FullTiling,
    LeaveOut,
    MakeLevel,
    ShareProfile,
    Strip,
    Transcode,
    Withhold,
)
from prepare.model.plan import SeriesPlan
from prepare.planning.following import Judged, judge
from prepare.planning.planner import Options
from prepare.planning.simulate import simulate_plan

from tests.jobs.matrix.slides import STUDY
from tests.jobs.matrix.whole import SLIDES

SHOW, WITHHOLD = Options(), Options("withhold")


@dataclass(frozen=True)
class Seen:
    """Per series in order: what the rules find (`R01.missing`), the plan, the final status; objects that follow."""

    findings: tuple[str, ...]
    plans: tuple[str, ...]
    statuses: tuple[str, ...]
    followers: int


@cache
def judged(name: str, options: Options) -> Judged:
    store = SLIDES[name]()
    seen = inspect(store, STUDY, store.instances(STUDY))
    assert not seen.unreadable, seen.unreadable
    return judge(seen.study, seen.slides, options)


def looked_at(name: str, options: Options) -> Seen:
    result = judged(name, options)
    found = tuple(
        " ".join(sorted({f"{one.rule}.{one.problem}" for one in result.findings[plan.series]}))
        for plan in result.plan.series
    )
    plans = tuple(words(plan) for plan in result.plan.series)
    return Seen(found, plans, tuple(final(result, plan) for plan in result.plan.series), len(result.plan.followers))


def final(result: Judged, plan: SeriesPlan) -> str:
    """The status once the plan is carried out."""
    if plan.kind == "blocked":
        return "blocked"
    slide = result.slides.get(plan.series)
    return status(findings(simulate_plan(slide, plan))) if slide else "ready"


def words(plan: SeriesPlan) -> str:
    if plan.kind == "blocked":
        return f"blocked: {plan.reason}"
    return " ".join([plan.kind, *(_word(action) for action in plan.actions)])


def _word(action: Action) -> str:
    if isinstance(action, MakeLevel):
        return f"{'=' if action.instances else '+'}{action.columns}x{action.rows}/{action.factor}:{action.coding}"
    count = f"({len(action.instances)})"
    if isinstance(action, Complete):
        return f"complete:{'+'.join(action.attributes)}{'' if action.template else ':default'}{count}"
    if isinstance(action, Transcode):
        return ("unwrap" if action.unwrap else action.coding) + count
    names = {FullTiling: "full", ShareProfile: "icc", FixImageType: "type", LeaveOut: "leave", Withhold: "withhold"}
    return names.get(type(action), "strip" if isinstance(action, Strip) else "?") + count
