from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from smoke_tests.janitor import Sweep, sweep
from tests.smoke_tests.memory_store import MemoryStore, study

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
OLD, YOUNG = "SMOKE-20261122T113000Z-aaaaaa", "SMOKE-20261122T130000Z-bbbbbb"


def swept(store: MemoryStore) -> Sweep:
    return sweep(store.client(), older_than=timedelta(hours=2), now=NOW, seconds=5)


def test_old_runs_go_and_young_ones_stay() -> None:
    store = MemoryStore(study("1.1", OLD), study("1.2", YOUNG))

    done = swept(store)

    assert (done.removed, done.young, done.problems) == (["1.1"], ["1.2"], [])
    assert list(store.studies) == ["1.2"]


@pytest.mark.parametrize("patient", ["DEMO-demo", "12345", "", "smoke-1", f"X{OLD}"])
def test_no_other_patient_is_looked_at_twice(patient: str) -> None:
    store = MemoryStore(study("1.1", patient))

    assert swept(store).removed == []
    assert [line for line in store.log if line != "GET studies"] == []


def test_a_smoke_id_with_another_name_is_kept_and_reported() -> None:
    store = MemoryStore(study("1.1", OLD, name="Real^Person"))

    done = swept(store)

    assert done.removed == []
    assert done.problems == ["study 1.1 was not deleted: an instance in it is not of the synthetic patient"]
    assert "DELETE studies/1.1" not in store.log


@pytest.mark.parametrize("name", ["Real^Person", "SMOKE^SYNTHETIC"])
def test_one_foreign_instance_among_ours_saves_the_study(name: str) -> None:
    store = MemoryStore(study("1.1", OLD), study("1.1", "12345", name=name))

    assert swept(store).removed == []
    assert len(store.studies["1.1"]) == 2


def test_a_hand_named_run_is_dated_by_its_study_date() -> None:
    store = MemoryStore(study("1.1", "SMOKE-mine", date="20260102"), study("1.2", "SMOKE-mine", date="20261122"))
    store.studies["1.2"][0]["00080030"]["Value"] = ["133000"]

    assert swept(store).removed == ["1.1"]


def test_a_study_without_any_date_is_never_old_enough() -> None:
    store = MemoryStore(study("1.1", "SMOKE-mine", date=""))

    assert swept(store).young == ["1.1"]


def test_all_pages_are_swept() -> None:
    store = MemoryStore(*(study(f"1.{number}", OLD) for number in range(250)))

    done = swept(store)

    assert (len(done.removed), done.problems) == (250, [])
    assert store.studies == {}


def test_one_failure_does_not_stop_the_sweep() -> None:
    class Stubborn(MemoryStore):
        def answer(self, method: str, path: list[str], query: dict[str, str]) -> tuple[int, object]:
            if method == "DELETE" and path[1] == "1.1":
                return 500, {"error": {"message": "broken"}}
            return super().answer(method, path, query)

    store = Stubborn(study("1.1", OLD), study("1.2", OLD))

    done = swept(store)

    assert done.removed == ["1.2"]
    assert len(done.problems) == 1
    assert "study 1.1 could not be deleted" in done.problems[0]
