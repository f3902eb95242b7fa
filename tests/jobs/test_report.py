"""The report's shape, and what its fingerprint depends on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prepare.checks import rules
from prepare.errors import SeriesFailed
from prepare.execution.preparation import write_end
from prepare.model.metadata import Row
from prepare.reports import report

from tests.jobs.fakes import RLE, Bench, image, pyramid
from tests.jobs.schema_check import problems

ROW = Row("1.2.1", "1.2.1.1", "1.2.840.10008.5.1.4.1.1.77.1.6", "SM", 256, 4096, 4096, ("1.2.77", "SLIDE-1", ""))


@pytest.mark.parametrize("frame", [b"\xff\xd8\xff\xc0" + bytes(20), RLE])
def test_reports_of_ready_and_blocked_slides_keep_to_the_schema(frame: bytes) -> None:
    bench = Bench()
    bench.store.add("1.2", *pyramid(), frame=frame)
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    assert problems(bench.report()) == []


def test_the_report_of_a_failure_keeps_to_the_schema() -> None:
    bench = Bench()
    outcome = write_end(bench.runner("--study", "1.2").preparation, "1.2", "1.2.1", "failed", "no answer")
    assert problems(outcome.document) == []


@pytest.mark.parametrize(
    "spoil",
    [
        {"status": "fine"},
        {"patient": "DOE"},
        {"study": "1.2.x"},
        {"fingerprint": "md5:1"},
        {"requests": -1},
        {"findings": [{}]},
        {"open_cost": {}},
        {"levels": None},
    ],
)
def test_the_schema_refuses_what_is_no_report(spoil: dict[str, Any]) -> None:
    bench = Bench()
    bench.store.add("1.2", *pyramid())
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    assert problems(bench.report() | spoil) != []


def test_the_fingerprint_does_not_depend_on_the_order_of_the_listing() -> None:
    rows = [replace(ROW, instance=f"1.2.1.{number}") for number in range(5)]
    assert report.fingerprint(rows, {}) == report.fingerprint(rows[::-1], {})


@pytest.mark.parametrize(
    "change",
    [
        {"instance": "1.9"},
        {"series": "1.9"},
        {"frames": 1},
        {"columns": 1},
        {"slide": ("1.2.77", "SLIDE-2", "")},
        {"version": "1"},
    ],
)
def test_the_fingerprint_depends_on_what_is_listed(change: dict[str, Any]) -> None:
    assert report.fingerprint([ROW], {}) != report.fingerprint([replace(ROW, **change)], {})


def test_the_fingerprint_depends_on_version_rules_and_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    first = report.fingerprint([ROW], {"viewer_url": "a"})
    assert report.fingerprint([ROW], {"viewer_url": "b"}) != first
    monkeypatch.setattr(report, "VERSION", "other")
    assert report.fingerprint([ROW], {"viewer_url": "a"}) != first
    monkeypatch.undo()
    monkeypatch.setattr(report, "table", lambda: rules.table() | {"engine": "other"})
    assert report.fingerprint([ROW], {"viewer_url": "a"}) != first


def test_a_report_does_not_hold_the_container_identifier() -> None:
    bench = Bench()
    bench.store.add("1.2", *pyramid(ContainerIdentifier="S26-12345"))
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    assert "S26-12345" not in str(bench.bucket.objects)


def test_stages_requests_and_bytes_are_counted() -> None:
    bench = Bench()
    bench.store.add("1.2", *pyramid())
    bench.runner("--study", "1.2").prepare_named(["1.2"], [])
    made = bench.report()
    assert set(made["seconds"]) == {"discover", "compare", "inspect", "plan"}
    assert (made["requests"], made["bytes"]) == (6, 5 * len(bench.store.samples["1.2.1.1"]))
    assert image().raw_frame_bytes == 256 * 256 * 3


def test_a_failure_is_told_by_its_reason() -> None:
    bench = Bench()
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = SeriesFailed("frame 7 broke off")
    runner = bench.runner("--study", "1.2")
    runner.prepare_named(["1.2"], [])
    assert [outcome.reason for outcome in runner.outcomes] == ["frame 7 broke off"]
