"""The golden study: seeded once, recorded, and what read-only runs hold the viewers' store to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from smoke_tests import golden, slide
from smoke_tests.credentials import Credentials
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.golden import NoGolden, recall
from smoke_tests.http import READ_ONLY, Http, NotAllowed, WaitTimedOut
from smoke_tests.results import SuiteOutcome
from smoke_tests.runner import run
from smoke_tests.seeding import Seeder
from smoke_tests.slide import Instance
from smoke_tests.target import Limits, SmokeTarget
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform
from tests.smoke_tests.faulty import Answered, Asked
from tests.smoke_tests.test_faults import failed, two_frames_swapped

Store = Callable[[Asked], Answered]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "SIZE", 1024)


def seeder(platform: Platform, target: SmokeTarget | None = None, said: list[str] | None = None) -> Seeder:
    seen = target or platform.target()
    say = (said if said is not None else list[str]()).append
    return Seeder(Http(), Credentials(platform.token), seen.owner, seen, say)


def raw(platform: Platform) -> DicomWeb:
    target = platform.target()
    return DicomWeb(Http(), target.raw_root, Credentials(platform.token), target.owner)


def forget(platform: Platform, study: str) -> None:
    """Take the golden study and its record away again."""
    store, target = raw(platform), platform.target()
    store.finish_delete(store.send("DELETE", f"studies/{study}"), 5)
    headers = store.credentials.headers(target.owner)
    Http().send("DELETE", f"{target.records}/o/golden%2Fstudy.json", headers=headers)


@pytest.fixture
def seeded(platform: Platform) -> Iterator[Platform]:
    study = seeder(platform).seed()
    yield platform
    forget(platform, study)


def read_only(platform: Platform, **changes: Any) -> SuiteOutcome:
    return run(platform.target(**changes), platform.token, profile="readonly")


def changing(records: str, change: Callable[[dict[str, Any]], None]) -> faulty.Fault:
    def fault(asked: Asked, store: Store) -> Answered:
        answer = store(asked)
        if "golden" not in asked.path or answer.status != 200:
            return answer
        kept = json.loads(answer.body)
        change(kept)
        return replace(answer, body=json.dumps(kept).encode())

    return fault


def test_a_seeded_study_passes_and_nothing_but_reading_is_sent(seeded: Platform) -> None:
    methods: set[str] = set()

    def watched(asked: Asked, store: Store) -> Answered:
        methods.add(asked.method)
        return store(asked)

    with faulty.proxy(str(seeded.target().main_root), watched) as main:
        outcome = read_only(seeded, main_root=main)

    assert (failed(outcome), outcome.problem, outcome.leaks) == ({}, "", [])
    assert {one.id for one in outcome.results if one.status == "pass"} == {"0", "1", "3", "4", "6", "7"}
    assert methods == {"GET", "OPTIONS"}


def test_a_method_that_changes_something_never_leaves_the_machine(platform: Platform) -> None:
    target = platform.target()
    reached: list[str] = []

    def watched(asked: Asked, store: Store) -> Answered:
        reached.append(asked.method)
        return store(asked)

    with faulty.proxy(target.dicomweb_root, watched) as root:
        store = DicomWeb(Http(methods=READ_ONLY), root, Credentials(platform.token), target.writer)
        with pytest.raises(NotAllowed, match=r"POST http\S+/studies was not sent: this run may only send GET"):
            store.stow([b"DICM"])
        with pytest.raises(NotAllowed, match="DELETE"):
            store.send("DELETE", "studies/2.25.1")

    assert reached == []


def test_without_a_golden_study_a_read_only_run_says_how_to_seed_one(platform: Platform) -> None:
    outcome = read_only(platform)

    assert outcome.exit_code == 2
    assert re.search(r"has no golden/study.json: no golden study was seeded; run: make seed-golden", outcome.problem)
    assert outcome.results == []


def test_other_frames_than_those_recorded_are_caught(seeded: Platform) -> None:
    with faulty.proxy(str(seeded.target().main_root), two_frames_swapped) as main:
        outcome = read_only(seeded, main_root=main)

    assert outcome.exit_code == 1
    assert re.search("frame 1 of instance .* is frame 2 of the same instance", failed(outcome)["6"])


def test_a_golden_study_that_is_gone_is_caught(seeded: Platform) -> None:
    def gone(asked: Asked, store: Store) -> Answered:
        answer = store(asked)
        return replace(answer, status=204, body=b"") if "StudyInstanceUID" in asked.path else answer

    with faulty.proxy(str(seeded.target().main_root), gone) as main:
        outcome = read_only(seeded, main_root=main)

    assert "finding the stored study" in failed(outcome)["3"]


def test_the_record_decides_and_not_what_this_version_would_draw(seeded: Platform) -> None:
    def other_frames(kept: dict[str, Any]) -> None:
        kept["instances"][0]["frames"] = ["0" * 64 for _ in kept["instances"][0]["frames"]]

    target = seeded.target()
    with faulty.proxy(target.records, changing(target.records, other_frames)) as records:
        outcome = read_only(seeded, records=records)

    assert "is not the one sent" in failed(outcome)["6"]


def test_a_record_of_another_version_is_refused_in_words(seeded: Platform) -> None:
    target = seeded.target()
    with faulty.proxy(target.records, changing(target.records, lambda kept: kept.update(schema=9))) as records:
        outcome = read_only(seeded, records=records)

    assert outcome.exit_code == 2
    assert "has schema 9, this version reads 1" in outcome.problem


def test_seeding_again_changes_nothing(seeded: Platform) -> None:
    target, said = seeded.target(), list[str]()
    sent: list[str] = []

    def watched(asked: Asked, store: Store) -> Answered:
        sent.append(asked.method)
        return store(asked)

    with faulty.proxy(target.raw_root, watched) as root:
        study = seeder(seeded, replace(target, raw_root=root, main_root=root), said).seed()

    assert set(sent) == {"GET"}
    assert said == [f"Recorded before: study {study}."]


def test_seeding_that_was_cut_short_is_finished_by_the_next(platform: Platform) -> None:
    drawn = golden.draw()
    assert raw(platform).stow([one.data for one in drawn]).status == 200

    study = seeder(platform).seed()

    assert read_only(platform).exit_code == 0
    forget(platform, study)


def test_a_study_of_the_same_name_and_other_frames_is_not_recorded(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = golden.draw()
    assert raw(platform).stow([one.data for one in honest]).status == 200
    other = [replace(one, frames=("0" * 64, *one.frames[1:])) for one in honest]
    monkeypatch.setattr(golden, "draw", lambda: other)

    with pytest.raises(NoGolden, match=r"has other frames than this version draws"):
        seeder(platform).seed()

    assert read_only(platform).exit_code == 2
    forget(platform, honest[0].study)


def test_seeding_waits_until_viewers_can_see_the_study(platform: Platform) -> None:
    target = replace(platform.target(), main_root=platform.target().dicomweb_root, limits=Limits(job=0.2))
    study = golden.draw()[0].study

    with pytest.raises(WaitTimedOut, match=rf"the golden study {study} in \S+/smoke/dicomWeb did not come about"):
        seeder(platform, target).seed()

    forget(platform, study)


def test_a_record_gives_back_the_slide_without_its_pixels() -> None:
    drawn = slide.make("1", size=512, purpose="golden")

    kept = json.loads(json.dumps(golden.record(drawn)))
    again = recall(kept)

    def facts(instances: list[Instance]) -> list[Instance]:
        return [replace(one, data=b"") for one in instances]

    assert facts(again) == facts(drawn)
    assert again[-1].data == drawn[-1].data
    assert len(again[0].data) < 10_000 < len(drawn[0].data)


def test_a_record_without_a_part_says_which() -> None:
    kept = golden.record(slide.make("1", size=512, purpose="golden"))
    del kept["instances"][0]["frames"]

    with pytest.raises(NoGolden, match="no usable 'frames'; seed it anew"):
        recall(kept)
