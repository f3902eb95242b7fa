"""Images that arrive after levels were made in their place: what is made stays, and they follow it."""

from __future__ import annotations

from typing import Any

from prepare.dicomweb.inspection import inspect
from prepare.planning.following import Judged, judge
from prepare.planning.new_uids import level_uid, successors
from prepare.planning.planner import Options

from tests.jobs.fakes import Store, optical_path
from tests.jobs.matrix import frames
from tests.jobs.matrix.judged import words
from tests.jobs.matrix.slides import ANN, DEEP, SERIES, STUDY, annotation, having, levels, put

MADE = "add_levels +512x512/2:jpeg-baseline +256x256/4:jpeg-baseline"


def judged(*items: dict[str, Any], standing: frozenset[str] = frozenset(), frame: bytes = frames.jpeg()) -> Judged:
    store: Store = put(*items, frame=frame)
    seen = inspect(store, STUDY, store.instances(STUDY))
    return judge(seen.study, seen.slides, Options(), standing)


def made_level_uids(result: Judged) -> dict[int, str]:
    """The UIDs of new levels by their width."""
    plan = result.plan.of(SERIES)
    images = {image.instance: image for image in result.slides[SERIES].images}
    return {level.columns: level_uid(level, plan, images) for level in plan.new_levels}


def first(frame: bytes = frames.jpeg(), **more: Any) -> frozenset[str]:
    """What a run adds to a slide of one level."""
    return frozenset(made_level_uids(judged(*levels(1024, **more), frame=frame)).values())


def test_the_plan_stays_when_nothing_new_came() -> None:
    result = judged(*levels(1024), standing=first())
    assert words(result.plan.of(SERIES)) == MADE
    assert frozenset(made_level_uids(result).values()) == first()


def test_a_run_that_was_ended_between_levels_is_continued() -> None:
    """Without the finest of them the pyramid would do; but then its levels would depend on when the run was ended."""
    whole = made_level_uids(judged(*levels(4096)))
    for some in ([256], [1024, 512, 256], [2048], [512]):
        result = judged(*levels(4096), standing=frozenset(whole[width] for width in some))
        assert made_level_uids(result) == whole


def test_a_late_level_is_left_out_and_said() -> None:
    result = judged(*levels(1024, 512), standing=first())
    plan = result.plan.of(SERIES)
    assert words(plan) == f"repair leave(1) {MADE.removeprefix('add_levels ')}"
    assert frozenset(made_level_uids(result).values()) == first()
    (finding,) = [one for one in result.findings[SERIES] if one.rule == "R03"]
    assert (finding.problem, finding.severity, finding.instances) == ("late", "WARN", (f"{SERIES}.2",))


def test_what_refers_to_a_late_level_follows_to_the_one_that_is_shown() -> None:
    result = judged(*levels(1024, 512), annotation(ANN, "ANN", f"{SERIES}.2"), standing=first())
    (follower,) = result.plan.followers
    images = {image.instance: image for image in result.slides[SERIES].images}
    assert follower.refers_to == (f"{SERIES}.2",)
    assert successors(result.plan, images)[f"{SERIES}.2"].uid == made_level_uids(result)[512]


def test_a_late_level_that_nothing_stands_for_is_shown() -> None:
    result = judged(*levels(4096, 2048), standing=frozenset(made_level_uids(judged(*levels(2048))).values()))
    assert "leave" not in words(result.plan.of(SERIES))


def test_a_late_level_in_a_coding_to_repair_is_left_out_unrepaired() -> None:
    store: Store = put(*levels(1024, 512), each={f"{SERIES}.2": frames.RLE})
    seen = inspect(store, STUDY, store.instances(STUDY))
    plan = judge(seen.study, seen.slides, Options(), first()).plan.of(SERIES)
    assert words(plan) == f"repair leave(1) {MADE.removeprefix('add_levels ')}"


def test_a_repaired_base_keeps_its_uid_when_another_level_comes_to_be_repaired() -> None:
    """Its UID is made by what is done to it, not by what else the same is done to."""
    lossless = {"LossyImageCompression": "00"}
    alone = judged(*levels(1024, **lossless), frame=frames.RLE)
    both = judged(*levels(1024, 64, **lossless), frame=frames.RLE)
    names = [
        successors(one.plan, {image.instance: image for image in one.slides[SERIES].images})[f"{SERIES}.1"].uid
        for one in (alone, both)
    ]
    assert names[0] == names[1]


def test_another_channel_of_the_same_size_is_not_late() -> None:
    def channel(path: str, *sizes: int) -> list[dict[str, Any]]:
        made = levels(*sizes, OpticalPathSequence=[optical_path(path)], **DEEP)
        for number, one in enumerate(made):
            having(made, number, SOPInstanceUID=f"{SERIES}.{path}.{number}")
            assert one
        return made

    frame = frames.jpeg_ls(1, 16)
    one = judged(*channel("1", 1024), frame=frame)
    both = judged(
        *channel("1", 1024), *channel("2", 1024, 512), standing=frozenset(made_level_uids(one).values()), frame=frame
    )
    assert "leave" not in words(both.plan.of(SERIES))
