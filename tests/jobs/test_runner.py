"""What one execution does, around a store and a bucket in memory."""

from __future__ import annotations

import json

import pytest
from google.auth.exceptions import RefreshError
from prepare.backlog.work_items import WorkBacklog
from prepare.errors import CannotRun, SeriesFailed
from prepare.execution.preparation import write_end
from prepare.model.metadata import Row

from tests.jobs.fakes import RLE, STORE, Bench, item, pyramid


@pytest.fixture
def bench() -> Bench:
    return Bench()


def work(bench: Bench, *arguments: str) -> list[tuple[str, str]]:
    runner = bench.runner(*arguments)
    if runner.settings.from_backlog:
        runner.work_off_backlog(WorkBacklog(bench.bucket, bench.messages, STORE))
    else:
        runner.prepare_named(runner.settings.studies, runner.settings.series)
    return [(outcome.series, outcome.status) for outcome in runner.outcomes]


def test_a_good_slide_is_ready(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]
    report = bench.report()
    assert report["open_cost"]["frame_requests"] == 21
    assert report["viewer"] == "https://viewer.example/studies/1.2/series/1.2.1"
    assert [level["columns"] for level in report["levels"]] == [4096, 2048, 1024, 512, 256]


def test_a_bad_slide_is_blocked_and_has_no_cost_of_opening(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid(), frame=RLE)
    assert work(bench, "--study", "1.2") == [("1.2.1", "blocked")]
    assert [finding["rule"] for finding in bench.report()["findings"]] == ["R07"]
    assert bench.report()["open_cost"] is None


def test_a_second_run_finds_it_unchanged_in_two_requests_and_writes_nothing(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    work(bench, "--study", "1.2")
    bench.bucket.writes.clear()
    bench.store.traffic.requests = 0
    assert work(bench, "--study", "1.2") == [("1.2.1", "unchanged")]
    assert bench.bucket.writes == []
    assert bench.store.traffic.requests == 1  # the listing; the other one reads the report


def test_a_new_instance_makes_it_look_again(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid()[:2])
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready_degraded")]
    bench.store.add("1.2", *pyramid()[2:])
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]


@pytest.mark.parametrize("spoilt", ['{"schema_version": 0}', "not json", "[]", '{"status": "failed"}'])
def test_a_report_of_another_version_or_a_broken_one_is_replaced(bench: Bench, spoilt: str) -> None:
    bench.store.add("1.2", *pyramid())
    bench.bucket.put("readiness/1.2/1.2.1.json", spoilt)
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]
    assert bench.report()["status"] == "ready"


def test_two_runs_at_once_end_as_one(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    inner: list[tuple[str, str]] = []

    def other_run(_: str) -> None:
        bench.bucket.on_write = lambda name: None
        inner.extend(work(bench, "--study", "1.2"))

    bench.bucket.on_write = other_run
    assert work(bench, "--study", "1.2") == [("1.2.1", "unchanged")]
    assert inner == [("1.2.1", "ready")]
    assert bench.bucket.writes == ["readiness/1.2/1.2.1.json", "readiness/1.2/study.json", "viewer/1.2.json"]


def test_radiology_passes_through_without_being_looked_into(bench: Bench) -> None:
    bench.store.add("1.2", item("1.2.1.1", 0, SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"))
    bench.store.broken["1.2.1"] = AssertionError("metadata was read")
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]
    assert bench.report()["levels"] == []


def test_a_label_only_series_is_ready(bench: Bench) -> None:
    label = item("1.2.3.1", 256, "1.2.3", ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"])
    bench.store.add("1.2", *pyramid(), label)
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready"), ("1.2.3", "ready")]


def test_one_bad_series_does_not_stop_the_others(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid("1.2.1"), *pyramid("1.2.2", ContainerIdentifier="SLIDE-2"))
    bench.store.broken["1.2.1"] = SeriesFailed("no answer")
    assert work(bench, "--study", "1.2") == [("1.2.1", "failed"), ("1.2.2", "ready")]


def test_what_was_named_and_failed_has_a_report_that_says_why_and_is_tried_again(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = SeriesFailed("no answer")
    work(bench, "--study", "1.2")
    assert (bench.report()["status"], bench.report()["reason"]) == ("failed", "no answer")
    assert bench.bucket.json("readiness/1.2/study.json")["status"] == "failed"
    bench.store.broken.clear()
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]
    assert bench.report()["status"] == "ready"


def test_a_dry_run_that_fails_writes_nothing(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = SeriesFailed("no answer")
    assert work(bench, "--study", "1.2", "--dry-run") == [("1.2.1", "failed")]
    assert bench.bucket.writes == []


def test_what_is_not_in_the_store_fails_without_a_report(bench: Bench) -> None:
    assert work(bench, "--study", "9.9") == [("", "failed")]
    assert bench.bucket.writes == []


def test_a_defect_is_reported_without_its_message_which_may_quote_an_attribute(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = KeyError("DOE^JANE")
    assert work(bench, "--study", "1.2") == [("1.2.1", "failed")]
    assert "unexpected KeyError at fakes.py" in bench.output.getvalue()
    assert "DOE" not in bench.output.getvalue()


def test_no_permission_ends_the_run(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = CannotRun("no permission")
    with pytest.raises(CannotRun):
        work(bench, "--study", "1.2")


def test_unknown_uids_are_failures_in_a_sentence(bench: Bench) -> None:
    assert work(bench, "--study", "9.9", "--series", "8.8") == [("8.8", "failed"), ("", "failed")]
    assert "study 9.9 is not in" in bench.output.getvalue()


def test_series_are_found_without_their_study(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid("1.2.1"), *pyramid("1.2.2", ContainerIdentifier="SLIDE-2"))
    assert work(bench, "--series", "1.2.2") == [("1.2.2", "ready")]


def test_dry_run_says_what_it_would_and_writes_nothing(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid()[:2])
    assert work(bench, "--study", "1.2", "--dry-run") == [("1.2.1", "ready_degraded")]
    assert bench.bucket.objects == {}


def test_dry_run_of_the_backlog_takes_no_message_and_changes_no_item(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.messages.notify("1.2", "1.2.1")
    bench.bucket.put("work/1.2/1.2.1.json", "{}")
    before = dict(bench.bucket.objects)
    assert work(bench, "--dry-run", "--quiet-seconds", "0") == [("1.2.1", "ready")]
    assert bench.bucket.objects == before
    assert len(bench.messages.waiting) == 1


def test_the_backlog_waits_until_the_series_is_quiet(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.messages.notify("1.2", "1.2.1")
    assert work(bench, "--quiet-seconds", "30") == [("1.2.1", "ready")]
    assert sum(bench.time.slept) == 30
    assert bench.bucket.names("work/") == []


def test_instances_that_arrive_while_waiting_start_the_wait_anew(bench: Bench) -> None:
    levels = pyramid()
    bench.store.add("1.2", *levels[:-1])
    bench.messages.notify("1.2", "1.2.1")
    runner = bench.runner("--quiet-seconds", "30")
    sleep = bench.time.sleep

    def arrives(seconds: float) -> None:
        sleep(seconds)
        if len(bench.time.slept) == 1:
            bench.store.add("1.2", levels[-1])
            bench.messages.notify("1.2", "1.2.1")

    bench.time.sleep = arrives
    runner = bench.runner("--quiet-seconds", "30")
    runner.work_off_backlog(WorkBacklog(bench.bucket, bench.messages, STORE))
    assert [outcome.status for outcome in runner.outcomes] == ["ready"]
    assert sum(bench.time.slept) == 32  # seen after two seconds, and thirty more


def test_series_that_stay_noisy_are_left_for_the_next_run(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.messages.notify("1.2", "1.2.1")
    assert work(bench, "--quiet-seconds", "30", "--wait-seconds", "10") == []
    assert bench.bucket.names("work/") == ["work/1.2/1.2.1.json"]
    bench.time.now += 30
    assert work(bench, "--quiet-seconds", "30", "--wait-seconds", "10") == [("1.2.1", "ready")]


def test_a_series_that_left_the_store_is_dropped_from_the_backlog(bench: Bench) -> None:
    bench.messages.notify("1.2", "1.2.1")
    assert work(bench, "--quiet-seconds", "1") == [("1.2.1", "gone")]
    assert bench.bucket.names("work/") == []


def test_a_failing_series_is_tried_once_a_run_and_set_aside_in_the_end(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = SeriesFailed("metadata broke off")
    bench.messages.notify("1.2", "1.2.1")
    for _ in range(2):
        assert work(bench, "--quiet-seconds", "0", "--max-attempts", "3") == [("1.2.1", "failed")]
        assert bench.bucket.names("work/") == ["work/1.2/1.2.1.json"]
    assert work(bench, "--quiet-seconds", "0", "--max-attempts", "3") == [("1.2.1", "failed")]
    assert bench.bucket.names("work/") == []
    assert bench.bucket.json("failed/1.2/1.2.1.json")["reason"] == "metadata broke off"
    assert bench.report()["status"] == "failed"
    assert "set aside after 3 attempts" in bench.report()["reason"]


def test_a_twin_that_arrives_later_changes_the_report_of_the_first(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid("1.2.1"))
    work(bench, "--study", "1.2")
    bench.store.add("1.2", *pyramid("1.2.2"))
    bench.messages.notify("1.2", "1.2.2")
    assert work(bench, "--quiet-seconds", "0") == [("1.2.2", "blocked"), ("1.2.1", "blocked")]
    assert {finding["rule"] for finding in bench.report("1.2.1")["findings"]} == {"R03"}


def test_slides_of_the_same_study_on_other_glass_do_not_matter(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid("1.2.1"), *pyramid("1.2.2", ContainerIdentifier="SLIDE-2"))
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready"), ("1.2.2", "ready")]


def test_every_series_gives_one_log_line_of_json(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid(), frame=RLE)
    work(bench, "--study", "1.2")
    (line,) = map(json.loads, bench.output.getvalue().splitlines())
    assert (line["severity"], line["study"], line["series"]) == ("INFO", "1.2", "1.2.1")
    assert (line["status"], line["findings"]) == ("blocked", ["R07"])


def test_no_attribute_of_a_patient_or_specimen_reaches_report_item_or_log(bench: Bench) -> None:
    canary = "CANARY^JANE"
    keywords = ("PatientName", "PatientID", "ContainerIdentifier", "AccessionNumber", "StudyDescription")
    attributes = dict.fromkeys(keywords, canary)
    bench.store.add("1.2", *pyramid(**attributes), *pyramid("1.2.2", **attributes))
    bench.messages.notify("1.2", "1.2.1")
    bench.messages.notify("1.2", "1.2.2")
    work(bench, "--quiet-seconds", "0")
    everything = bench.output.getvalue() + json.dumps(bench.bucket.objects)
    assert "1.2.1" in everything
    assert canary not in everything


def test_a_failure_is_looked_at_again(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    write_end(bench.runner("--study", "1.2").preparation, "1.2", "1.2.1", "failed", "no answer")
    assert bench.report()["status"] == "failed"
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]


def test_of_several_tasks_each_does_the_named_studies_of_its_shard(bench: Bench) -> None:
    studies = [f"1.{number}" for number in range(12)]
    for number, study in enumerate(studies):
        bench.store.add(study, *pyramid(f"2.{number}", 256))
    done = [
        {series for series, _ in work(bench, "--study", *studies, "--task-index", str(task), "--task-count", "3")}
        for task in range(3)
    ]
    assert all(done)
    assert sum(map(len, done)) == len(set().union(*done)) == 12


def test_credentials_that_fail_in_the_middle_end_the_run(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = RefreshError("token CANARY")
    with pytest.raises(RefreshError):
        work(bench, "--study", "1.2")


def test_a_sweep_looks_at_every_study_with_slides(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.add("1.3", *pyramid("1.3.1"))
    bench.store.add("1.4", item("1.4.1.1", 0, "1.4.1", SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"))
    runner = bench.runner("--sweep")
    runner.sweep()
    assert [(one.study, one.status) for one in runner.outcomes] == [("1.2", "ready"), ("1.3", "ready")]


def test_items_set_aside_come_back_and_are_done(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.bucket.put("failed/1.2/1.2.1.json", "not json")
    runner = bench.runner("--retry-failed", "--quiet-seconds", "0")
    backlog = WorkBacklog(bench.bucket, bench.messages, STORE)
    runner.restore_backlog(backlog)
    runner.work_off_backlog(backlog)
    assert [(one.series, one.status) for one in runner.outcomes] == [("1.2.1", "ready")]
    assert bench.bucket.names("failed/") == []
    assert bench.bucket.names("work/") == []


@pytest.mark.parametrize("asked", [("--study", "1.2"), ("--quiet-seconds", "0")], ids=["by name", "by a message"])
def test_a_series_that_was_set_aside_is_no_longer_when_it_has_been_prepared(
    bench: Bench, asked: tuple[str, ...]
) -> None:
    bench.store.add("1.2", *pyramid())
    bench.store.broken["1.2.1"] = SeriesFailed("metadata broke off")
    bench.messages.notify("1.2", "1.2.1")
    work(bench, "--quiet-seconds", "0", "--max-attempts", "1")
    assert bench.bucket.names("failed/") == ["failed/1.2/1.2.1.json"]
    del bench.store.broken["1.2.1"]
    bench.messages.notify("1.2", "1.2.1")
    assert work(bench, *asked) == [("1.2.1", "ready")]
    assert bench.bucket.names("failed/") == []


def test_only_the_first_task_turns_the_subscription_back(bench: Bench) -> None:
    backlog = WorkBacklog(bench.bucket, bench.messages, STORE)
    for task in ("0", "1"):
        bench.runner("--replay", "2026-01-31T08:00:00Z", "--task-count", "2", "--task-index", task).restore_backlog(
            backlog
        )
    assert bench.messages.sought == ["2026-01-31T08:00:00Z"]


def test_a_report_of_an_older_version_is_said_in_the_log_and_written_anew(bench: Bench) -> None:
    bench.store.add("1.2", *pyramid())
    bench.bucket.put("readiness/1.2/1.2.1.json", '{"schema_version": 1}')
    assert work(bench, "--study", "1.2") == [("1.2.1", "ready")]
    assert "a report of another version (schema 1) was there" in bench.output.getvalue()
    assert bench.report()["schema_version"] == 3


def test_what_comes_during_a_sweep_does_not_wait_for_its_end() -> None:
    """While an execution runs nobody starts another one."""
    bench = Bench()
    for number in range(8):
        bench.store.add(f"1.2.{number}", *pyramid(f"1.2.{number}.1"))
    listed = bench.store.instances

    def slowly(study: str) -> list[Row]:
        if study == "1.2.1":
            bench.store.add("1.3", *pyramid("1.3.1"))
            bench.messages.notify("1.3", "1.3.1")
        bench.time.now += 20
        return listed(study)

    bench.store.instances = slowly
    bench.runner("--sweep").sweep(WorkBacklog(bench.bucket, bench.messages, STORE))
    done = [name.split("/")[1] for name in bench.bucket.writes if name.endswith("study.json")]
    assert done.index("1.3") < done.index("1.2.7")
    assert bench.messages.waiting == []
    assert bench.bucket.names("work/") == []
