from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.logs.journal import Journals

LOG = "projects/p/logs/some%2Flog"


def spelled(log: str, record: list[Any]) -> dict[str, Any]:
    return entry(record[0], f"projects/p/logs/{log}")


def entry(number: int, log: str = LOG) -> dict[str, Any]:
    return {
        "logName": log,
        "timestamp": f"2026-01-31T12:{number // 60:04}:{number % 60:02}Z",
        "insertId": f"{number:08}",
    }


def numbers(journals: Journals) -> list[int]:
    return [int(one["insertId"]) for one in journals.entries()]


def test_entries_of_all_logs_come_by_time(tmp_path: Path) -> None:
    journals = Journals(tmp_path, spelled)
    for number, log in ((2, LOG), (1, "projects/p/logs/other"), (3, LOG)):
        journals.write(entry(number, log))

    assert numbers(journals) == [1, 2, 3]


def test_a_log_is_bounded_on_disk_and_its_newest_entries_stay(tmp_path: Path) -> None:
    journals = Journals(tmp_path, spelled, largest=300_000)
    for number in range(10_000):
        journals.write(entry(number))
    journals.close()

    assert 100_000 < sum(path.stat().st_size for path in tmp_path.iterdir()) <= 400_000
    kept = numbers(Journals(tmp_path, spelled))
    assert kept[-1] == 9999
    assert len(kept) < 4500


def test_one_log_does_not_push_out_another(tmp_path: Path) -> None:
    journals = Journals(tmp_path, spelled, largest=10_000)
    journals.write(entry(1, "projects/p/logs/activity"))
    for number in range(1000):
        journals.write(entry(number + 2))

    assert 1 in numbers(journals)


def test_entries_outlive_a_restart_and_a_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    journals = Journals(tmp_path, spelled)
    journals.note("some%2Flog", (1,))
    journals.close()
    [path] = tmp_path.iterdir()
    with path.open("a") as file:
        file.write('{"logName": "cut')

    again = Journals(tmp_path, spelled)
    again.write(entry(2))

    assert numbers(again) == [1, 2]
