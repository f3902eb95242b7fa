"""Check 11 proved: a job that fails, hangs, keeps silent or judges wrongly is caught."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from smoke_tests import context, runner
from smoke_tests.results import SuiteOutcome
from smoke_tests.target import Limits
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform
from tests.smoke_tests.faulty import Answered, Asked

Store = Callable[[Asked], Answered]
RUN = "20261122T131500Z-1f2e3d"


@pytest.fixture(autouse=True)
def only_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runner.EXPECTED, "full", (11,))
    monkeypatch.setitem(context.SIZES, "full", 2048)
    monkeypatch.setattr(runner, "new_run_id", lambda now: RUN)


def check(platform: Platform, fault: faulty.Fault, seconds: float = 60) -> SuiteOutcome:
    sound = platform.target()
    with faulty.proxy(sound.run_url, fault) as run_url, faulty.proxy(sound.records, fault) as records:
        limits = Limits(found=5, deleted=5, job=seconds)
        target = platform.target(run_url=run_url, records=records, limits=limits)
        return runner.run(target, platform.token)


def reported(asked: Asked, store: Store, change: Callable[[dict[str, object]], None]) -> Answered:
    """The answer with its JSON changed, when it is a readiness report."""
    answer = store(asked)
    if "/o/readiness" not in asked.path:
        return answer
    report = json.loads(answer.body)
    change(report)
    return replace(answer, body=json.dumps(report).encode())


def a_slide_called_ready_that_is_not(asked: Asked, store: Store) -> Answered:
    return reported(asked, store, lambda report: report.update(status="ready", findings=[], mended=[]))


def an_instance_overlooked(asked: Asked, store: Store) -> Answered:
    return reported(asked, store, lambda report: report.update(instances=0))


def a_report_that_names_the_patient(asked: Asked, store: Store) -> Answered:
    return reported(asked, store, lambda report: report.update(label=f"SMOKE-{RUN}"))


def a_slide_taken_away(asked: Asked, store: Store) -> Answered:
    taken = {"at": "2026-11-30T08:00:00+00:00", "instances": 3, "reason": "it was deleted"}
    return reported(asked, store, lambda report: report.update(withdrawals=[taken]))


def no_report(asked: Asked, store: Store) -> Answered:
    if "/o/readiness" in asked.path:
        return Answered(404, {"Content-Type": "application/json"}, b'{"error": {"message": "No such object"}}')
    return store(asked)


def a_failed_task(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    if "/executions/" not in asked.path or b"completionTime" not in answer.body:
        return answer
    return replace(answer, body=json.dumps({**json.loads(answer.body), "failedCount": 1}).encode())


def an_execution_without_an_end(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    return replace(answer, body=answer.body.replace(b"completionTime", b"updateTime"))


def test_a_sound_job_passes(platform: Platform) -> None:
    outcome = check(platform, faulty.sound)

    assert [(one.id, one.status, one.reason) for one in outcome.results] == [("11", "pass", "")]


@pytest.mark.parametrize(
    ("fault", "words", "seconds"),
    [
        (
            a_slide_called_ready_that_is_not,
            r"the report on the base-only slide says ready \[\], not ready \['R09'\]",
            60,
        ),
        (an_instance_overlooked, r"the report on the complete slide counts 0 instances", 60),
        (a_report_that_names_the_patient, r"the report on the complete slide holds the PatientID", 60),
        (a_slide_taken_away, r"of the complete slide, which nobody changed, the job took back what it showed", 60),
        (no_report, r"answered 404 .*No such object", 60),
        (a_failed_task, r"executions/\S+ failed; its log: ", 60),
        (an_execution_without_an_end, r"the end of http://\S+ did not come about within 1 s", 1),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_job_is_caught(platform: Platform, fault: faulty.Fault, words: str, seconds: float) -> None:
    outcome = check(platform, fault, seconds)

    assert outcome.exit_code == 1
    assert re.search(words, outcome.results[0].reason), outcome.results[0].reason
