"""How long a study takes from its last instance until viewers see it, and what need not be waited for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from prepare.backlog.work_items import WorkBacklog
from prepare.reports.study_report import measure

from tests.jobs.fakes import STORE, Bench, item, pyramid
from tests.jobs.test_completeness import BASE, whole

OTHER = {"Modality": "OT", "SOPClassUID": "1.2.3"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def announce(bench: Bench, study: str, series: str) -> None:
    """A message as Pub/Sub gives it: published now."""
    bench.messages.notify(study, series)
    message = bench.messages.waiting[-1]["message"]
    message["publishTime"] = datetime.fromtimestamp(bench.time.now, UTC).isoformat()


def arrive(bench: Bench, study: str, *items: dict[str, Any]) -> None:
    for one in items:
        bench.store.add(study, one)
        announce(bench, study, one["0020000E"]["Value"][0])


def work(bench: Bench, *arguments: str) -> None:
    bench.runner("--quiet-seconds", "30", *arguments).work_off_backlog(WorkBacklog(bench.bucket, bench.messages, STORE))


def study_report(bench: Bench, study: str = "1.2") -> dict[str, Any]:
    return bench.bucket.json(f"readiness/{study}/study.json")


def test_a_slide_that_is_complete_is_not_waited_for(bench: Bench) -> None:
    arrive(bench, "1.2", *whole())
    work(bench)
    assert study_report(bench)["status"] == "ready"
    assert study_report(bench)["seconds_to_view"] == 0
    assert bench.time.slept == []


def test_one_that_may_be_incomplete_is_shown_once_it_is_quiet(bench: Bench) -> None:
    arrive(bench, "1.2", *pyramid())
    work(bench)
    assert study_report(bench)["seconds_to_view"] == pytest.approx(30, abs=3)
    lines = [json.loads(line) for line in bench.output.getvalue().splitlines()]
    assert [line["seconds_to_view"] for line in lines if "seconds_to_view" in line] == [
        study_report(bench)["seconds_to_view"]
    ]


def test_the_first_slide_is_ready_while_another_arrives(bench: Bench) -> None:
    arrive(bench, "1.2", *whole(), item("1.2.9.1", 256, "1.2.9", **OTHER))
    work(bench, "--wait-seconds", "1")
    assert bench.report()["status"] == "ready"
    assert study_report(bench)["status"] == "pending"
    assert study_report(bench)["seconds_to_view"] is None


def test_what_comes_while_it_waits_is_seen_within_seconds(bench: Bench) -> None:
    arrive(bench, "1.2", item("1.2.9.1", 256, "1.2.9", **OTHER))
    sleep = bench.time.sleep
    rest = whole()

    def slide_comes_meanwhile(seconds: float) -> None:
        sleep(seconds)
        if rest and len(bench.time.slept) >= 3:
            arrive(bench, "1.3", *[{**one} for one in rest])
            rest.clear()

    bench.time.sleep = slide_comes_meanwhile
    work(bench)
    assert study_report(bench, "1.3")["seconds_to_view"] <= 2
    assert study_report(bench)["seconds_to_view"] == pytest.approx(30, abs=3)


def test_a_study_that_waits_is_not_listed_at_each_look(bench: Bench) -> None:
    arrive(bench, "1.2", item("1.2.9.1", 256, "1.2.9", **OTHER))
    bench.store.traffic.requests = 0
    work(bench)
    assert len(bench.time.slept) >= 15
    assert bench.store.traffic.requests <= 6


def test_a_slide_that_is_sent_again_is_waited_for(bench: Bench) -> None:
    arrive(bench, "1.2", *whole())
    work(bench)
    bench.time.slept.clear()
    announce(bench, "1.2", "1.2.1")
    work(bench)
    assert sum(bench.time.slept) == pytest.approx(30, abs=3)


def test_a_base_that_waits_for_its_levels_is_not_taken_for_complete(bench: Bench) -> None:
    arrive(bench, "1.2", item("1.2.1.1", 4096, **BASE))
    work(bench, "--wait-seconds", "1")
    assert "readiness/1.2/1.2.1.json" not in bench.bucket.objects


@pytest.mark.parametrize(
    ("content", "before", "stored_at", "seconds"),
    [
        (("ready", "00:10"), None, "00:10", 50),
        (("pending", "00:10"), None, "00:10", None),
        (("ready", "00:10"), ("pending", "00:30", None), "00:30", 30),
        (("ready", "00:10"), ("ready", "00:05", 7), "00:10", 50),
        (("ready", ""), ("ready", "00:05", 7), "00:05", 7),
        (("ready", ""), ("pending", "00:30", None), "00:30", 30),
        (("blocked", "00:10"), None, "00:10", None),
    ],
)
def test_what_is_measured(
    content: tuple[str, str], before: tuple[str, str, Any] | None, stored_at: str, seconds: Any
) -> None:
    def at(time: str) -> str:
        return f"2026-11-30T08:{time}.000+00:00" if time else ""

    new = {"status": content[0], "stored_at": at(content[1]), "prepared_at": at("01:00"), "seconds_to_view": None}
    old = before and {"status": before[0], "stored_at": at(before[1]), "seconds_to_view": before[2]}
    measured = measure(new, old)
    assert (measured["stored_at"], measured["seconds_to_view"]) == (at(stored_at), seconds)
