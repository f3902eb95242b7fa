"""The study at a glance: the worst of its series, what is not looked at yet, and when it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prepare.model.metadata import Row
from prepare.reports.study_report import find_mismatches

from tests.jobs.fakes import Bench, pyramid
from tests.jobs.schema_check import STUDY_SCHEMA, VIEWER_SCHEMA, problems


def bench_with_two_slides() -> Bench:
    bench = Bench()
    bench.store.add("1.2", *pyramid())
    bench.store.add("1.2", *pyramid("1.2.2", ContainerIdentifier="SLIDE-2", TotalPixelMatrixFocalPlanes=3))
    return bench


def test_the_study_is_as_good_as_its_worst_series() -> None:
    bench = bench_with_two_slides()
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    made = bench.bucket.json("readiness/1.2/study.json")
    assert problems(made, STUDY_SCHEMA) == []
    assert (made["status"], made["instances"], made["delivered"]) == ("blocked", 10, None)
    assert [(one["series"], one["status"], one["plan"], one["reason"], one["rules"]) for one in made["series"]] == [
        ("1.2.1", "ready", "none", "", []),
        ("1.2.2", "blocked", "blocked", "z_stack", ["R02", "R05"]),
    ]
    assert made["viewer"] == "https://viewer.example/studies/1.2"


def test_viewers_have_a_word_of_their_own_that_says_no_more_than_they_may_know() -> None:
    bench = bench_with_two_slides()
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    made = bench.bucket.json("viewer/1.2.json")
    assert problems(made, VIEWER_SCHEMA, whole=VIEWER_SCHEMA) == []
    assert (made["study"], made["status"]) == ("1.2", "blocked")
    assert [(one["series"], one["status"], one["reason"]) for one in made["series"]] == [
        ("1.2.1", "ready", ""),
        ("1.2.2", "blocked", "z_stack"),
    ]
    assert "several focal planes" in made["series"][1]["sentence"]


def test_a_series_without_report_is_pending_and_one_of_before_is_read() -> None:
    bench = bench_with_two_slides()
    bench.runner("--series", "1.2.1").prepare_named([], ["1.2.1"])
    assert bench.bucket.json("readiness/1.2/study.json")["status"] == "pending"
    bench.runner("--series", "1.2.2").prepare_named([], ["1.2.2"])
    assert [one["status"] for one in bench.bucket.json("readiness/1.2/study.json")["series"]] == ["ready", "blocked"]


def test_it_is_not_written_when_nothing_changed_nor_in_a_dry_run() -> None:
    bench = bench_with_two_slides()
    bench.runner("--study", "1.2", "--dry-run").prepare_named(["1.2"], [])
    assert bench.bucket.objects == {}
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    bench.bucket.writes.clear()
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    assert bench.bucket.writes == []


def shown(**counts: int) -> list[Row]:
    row = Row("", "", "", "SM", 1, 0, 0, ("", "", ""))
    return [
        replace(row, series=series, instance=f"{series}.{n}") for series, count in counts.items() for n in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "wrong"), [(3, set[str]()), (2, {"a"}), (4, {"a"}), (0, {"a"})], ids=["equal", "fewer", "more", "none"]
)
def test_what_viewers_have_must_be_what_the_reports_say(count: int, wrong: set[str]) -> None:
    found = {"a": {"delivered": 3}, "blocked": {"delivered": 0}, "failed": {"delivered": None}, "pending": None}
    strays = find_mismatches(found, shown(a=count, theirs=1))
    assert set(strays) == wrong
    assert all(f"viewers have {count} instances of it and should have 3" in sentence for sentence in strays.values())
