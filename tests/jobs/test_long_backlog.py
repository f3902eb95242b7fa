"""A long backlog: acted on from its first study on, with as many requests for a study as a short one takes."""

from __future__ import annotations

from typing import Any

import pytest
from prepare.backlog.work_items import WorkBacklog

from tests.jobs.fakes import STORE, Bench, Bucket, pyramid


class Watched(Bucket):
    """Counts what is asked of it; `calls` are (verb, name)."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []

    def read(self, name: str) -> tuple[Any, int]:
        self.calls.append(("read", name))
        return super().read(name)

    def write(self, name: str, content: Any, generation: int) -> int:
        self.calls.append(("write", name))
        return super().write(name, content, generation)

    def names(self, prefix: str) -> list[str]:
        self.calls.append(("names", prefix))
        return super().names(prefix)


def worked_off(studies: int) -> tuple[Bench, Watched]:
    bucket = Watched()
    bench = Bench(bucket=bucket)
    for number in range(studies):
        study = f"1.{number:04d}"
        bench.store.add(study, *pyramid(f"{study}.1", 256))
        bench.messages.notify(study, f"{study}.1")
    runner = bench.runner("--quiet-seconds", "0")
    runner.work_off_backlog(WorkBacklog(bucket, bench.messages, STORE))
    assert [one.status for one in runner.outcomes] == ["ready"] * studies
    assert not any(one.document for one in runner.outcomes), "reports are kept although nobody prints them"
    return bench, bucket


def test_the_first_study_is_done_before_the_items_of_the_last_are_read() -> None:
    _, bucket = worked_off(12)
    first_report = bucket.calls.index(("write", "readiness/1.0000/1.0000.1.json"))
    last_item = bucket.calls.index(("read", "work/1.0011/1.0011.1.json"))
    assert first_report < last_item


@pytest.mark.parametrize("studies", [10, 100, 400])
def test_a_study_costs_as_much_in_a_long_backlog_as_in_a_short_one(studies: int) -> None:
    bench, bucket = worked_off(studies)
    listings = [call for call in bucket.calls if call[0] == "names"]
    assert len(listings) <= 2
    assert len(bucket.calls) - len(listings) <= 10 * studies
    assert bench.store.traffic.requests <= 3 * studies


def test_an_item_that_another_task_did_meanwhile_is_passed_over() -> None:
    bucket = Watched()
    bench = Bench(bucket=bucket)
    bench.store.add("1.2", *pyramid())
    bucket.put("work/1.2/1.2.1.json", "{}")
    listed = bucket.names

    def names(prefix: str) -> list[str]:
        found = listed(prefix)
        bucket.objects.pop("work/1.2/1.2.1.json", None)
        return found

    bucket.names = names
    runner = bench.runner("--quiet-seconds", "0")
    runner.work_off_backlog(WorkBacklog(bucket, bench.messages, STORE))
    assert runner.outcomes == []
    assert bench.store.traffic.requests == 0
