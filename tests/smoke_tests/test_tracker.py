from __future__ import annotations

import pytest

from smoke_tests.dicomweb import DicomwebRefused
from smoke_tests.tracker import Tracker, absent, remove
from tests.smoke_tests.memory_store import MemoryStore, study


def test_what_was_announced_is_removed() -> None:
    store = MemoryStore(study("1.1", "SMOKE-a"), study("1.2", "SMOKE-b"))
    tracker = Tracker(store.client(), can_delete=True, seconds=5)
    tracker.expect("1.1")
    tracker.expect("1.1")

    assert tracker.clean_up() == []
    assert list(store.studies) == ["1.2"]
    assert tracker.studies == []


def test_a_study_that_was_never_stored_is_no_leak() -> None:
    tracker = Tracker(MemoryStore().client(), can_delete=True, seconds=5)
    tracker.expect("1.1")

    assert tracker.clean_up() == []


def test_a_failed_operation_is_a_leak_that_names_study_and_operation() -> None:
    store = MemoryStore(study("1.1", "SMOKE-a"), study("1.2", "SMOKE-b"))
    store.operation_error = "the store is busy"
    tracker = Tracker(store.client(), can_delete=True, seconds=5)
    tracker.expect("1.1")
    tracker.expect("1.2")

    leaks = tracker.clean_up()

    assert len(leaks) == 2
    assert "study 1.1 is left in http://store.invalid" in leaks[0]
    assert "operations/1 ended with an error: the store is busy" in leaks[0]


def test_removal_waits_for_the_operation() -> None:
    store = MemoryStore(study("1.1", "SMOKE-a"))
    store.polls_until_done = 2

    remove(store.client(), "1.1", 5)

    assert store.log.count("GET projects/p/locations/l/datasets/d/operations/1") == 2
    assert store.studies == {}


def test_a_refused_delete_of_a_study_that_is_there_is_an_error() -> None:
    class ReadOnly(MemoryStore):
        def answer(self, method: str, path: list[str], query: dict[str, str]) -> tuple[int, object]:
            return (403, {"error": {"message": "no"}}) if method == "DELETE" else super().answer(method, path, query)

    with pytest.raises(DicomwebRefused, match=r"DELETE .*answered 403"):
        remove(ReadOnly(study("1.1", "SMOKE-a")).client(), "1.1", 5)


def test_a_study_that_can_still_be_retrieved_is_not_absent() -> None:
    class Stale(MemoryStore):
        def search(self, query: dict[str, str]) -> list[dict[str, object]]:
            return []

    assert not absent(Stale(study("1.1", "SMOKE-a")).client(), "1.1")
    assert absent(MemoryStore().client(), "1.1")
