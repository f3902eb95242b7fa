"""Every slide of the matrix: what the rules find, what is planned, and how it ends, against the reviewed table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prepare.checks.rules import findings
from prepare.model.plan import SeriesPlan, copied
from prepare.planning.planner import Options
from prepare.planning.simulate import simulate_plan

from tests.jobs.matrix.judged import SHOW, WITHHOLD, judged, looked_at
from tests.jobs.matrix.whole import SLIDES

EXPECTED: dict[str, Any] = json.loads(Path(__file__).with_name("expected.json").read_text("utf-8"))
WHY: dict[str, str] = json.loads(Path(__file__).with_name("why.json").read_text("utf-8"))["slides"]
EVERY = pytest.mark.parametrize("name", list(SLIDES))
BOTH = pytest.mark.parametrize("options", [SHOW, WITHHOLD], ids=lambda options: options.label_policy)


def test_the_table_has_every_slide_and_at_least_32() -> None:
    assert list(EXPECTED["slides"]) == list(SLIDES)
    assert list(WHY) == list(SLIDES)
    assert len(SLIDES) >= 32


@EVERY
def test_each_row_says_why_and_names_every_rule_that_is_broken(name: str) -> None:
    broken = {found for row in EXPECTED["slides"][name] for found in re.findall(r"R\d\d", row[0])}
    assert broken <= set(re.findall(r"R\d\d", WHY[name]))
    assert WHY[name].endswith(".")


@EVERY
def test_findings_plan_and_final_status_are_those_of_the_table(name: str) -> None:
    seen = looked_at(name, SHOW)
    assert [list(row) for row in zip(seen.findings, seen.plans, seen.statuses, strict=True)] == EXPECTED["slides"][name]
    assert seen.followers == EXPECTED["followers"].get(name, 0)


@pytest.mark.parametrize("name", list(EXPECTED["withheld"]))
def test_labels_are_withheld_where_the_policy_says_so(name: str) -> None:
    seen = looked_at(name, WITHHOLD)
    assert [list(row) for row in zip(seen.plans, seen.statuses, strict=True)] == EXPECTED["withheld"][name]


@EVERY
@BOTH
def test_a_slide_that_is_not_blocked_has_nothing_left_that_keeps_it_from_opening(name: str, options: Options) -> None:
    result = judged(name, options)
    for plan in result.plan.series:
        if plan.kind != "blocked" and (slide := result.slides.get(plan.series)):
            left = findings(simulate_plan(slide, plan), options.label_policy)
            assert not [one for one in left if one.severity in ("BLOCK", "WRONG")]


@EVERY
def test_every_instance_is_copied_or_rewritten_or_absent_and_only_one_of_them(name: str) -> None:
    result = judged(name, SHOW)
    for plan in result.plan.series:
        slide = result.slides.get(plan.series)
        instances = [image.instance for image in (*slide.own, *slide.labels)] if slide else []
        tracker = (set(copied(plan, instances)), plan.rewritten, plan.absent)
        if plan.kind == "blocked":
            assert not any(tracker)
        elif slide:
            assert set().union(*tracker) == set(instances)
            assert sum(map(len, tracker)) == len(instances)


@EVERY
def test_levels_are_made_from_images_of_the_series_and_land_on_no_other_level(name: str) -> None:
    result = judged(name, SHOW)
    for plan in result.plan.series:
        slide = result.slides.get(plan.series)
        own = {image.instance: image for image in slide.own} if slide else {}
        sizes = {(path, *image.size) for image in own.values() for path in image.optical_paths}
        for level in plan.new_levels:
            assert set(level.sources) <= set(own)
            assert own[level.sources[0]].total_columns > level.columns
            assert level.factor & (level.factor - 1) == 0
            assert level.instances or not {(path, level.columns, level.rows) for path in level.optical_paths} & sizes


@EVERY
@BOTH
def test_a_blocked_slide_says_why_and_what_to_do(name: str, options: Options) -> None:
    for plan in judged(name, options).plan.series:
        if plan.kind == "blocked":
            assert plan.sentence.endswith(".")
            assert "{" not in plan.sentence
            assert plan.actions == ()


@EVERY
def test_a_plan_is_data_that_does_not_depend_on_the_order_of_the_listing(name: str) -> None:
    def told(plans: tuple[SeriesPlan, ...]) -> dict[str, str]:
        return {plan.series: json.dumps(plan.document(), sort_keys=True) for plan in plans}

    first = told(judged(name, SHOW).plan.series)
    judged.cache_clear()
    store = SLIDES[name]()
    for items in store.studies["1.2"].values():
        items.reverse()
    SLIDES[name], kept = lambda: store, SLIDES[name]
    try:
        assert told(judged(name, SHOW).plan.series) == first
    finally:
        SLIDES[name] = kept
        judged.cache_clear()
