from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from localcloud.logs.batches import Short, decode, encode
from localcloud.logs.journal import BATCH, Journal, Journals

LOG = "projects/p/logs/some%2Flog"


def spelled(log: str, record: Short) -> dict[str, Any]:
    return entry(record[1], f"projects/p/logs/{log}")


def short(number: int, resource: str = "a/b") -> Short:
    return (1_800_000_000.5, number, resource, ("who", 200))


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
    journals.note("some%2Flog", short(1))
    journals.close()
    [path] = tmp_path.iterdir()
    with path.open("a") as file:
        file.write('{"logName": "cut')

    again = Journals(tmp_path, spelled)
    again.write(entry(2))

    assert numbers(again) == [1, 2]


RESOURCES = ("stores/s/studies/1/frames/1", "stores/s/studies/1/frames/2", "stores/t", "nothing", "", "//host/x/")


def test_what_is_written_as_one_line_is_read_as_it_was() -> None:
    records: list[Any] = [entry(1), *(short(number, resource) for number, resource in enumerate(RESOURCES))]
    records.append((1_800_000_000.123456, 7, "stores/t", ("another", 403)))

    line = encode(records)

    assert "\n" not in line
    assert list(decode(line)) == records


def test_what_many_records_share_is_written_once() -> None:
    start = "projects/p/locations/l/datasets/d/dicomStores/s/dicomWeb/studies/1/series/2/instances/3/frames"

    line = encode(short(number, f"{start}/{number}") for number in range(1000))

    assert line.count(start) == 1
    assert len(line) < 40_000


def test_a_record_is_on_disk_soon_though_nothing_follows_and_nobody_reads(tmp_path: Path) -> None:
    Journals(tmp_path, spelled).note("some", short(1))

    deadline = time.monotonic() + 30
    while not (tmp_path / "some.jsonl").exists() and time.monotonic() < deadline:
        threading.Event().wait(0.01)

    assert numbers(Journals(tmp_path, spelled)) == [1]


def test_closing_writes_everything_in_its_order(tmp_path: Path) -> None:
    journals = Journals(tmp_path, spelled)
    for number in range(2 * BATCH + 17):
        journals.note("some", short(number))
    journals.close()

    again = Journal(tmp_path / "some.jsonl")
    assert [record[1] for record in again.records() if not isinstance(record, dict)] == list(range(2 * BATCH + 17))


def test_what_is_noted_after_closing_is_written_at_once(tmp_path: Path) -> None:
    journals = Journals(tmp_path, spelled)
    journals.note("some", short(1))
    journals.close()
    journals.note("some", short(2))

    lines = (tmp_path / "some.jsonl").read_text().splitlines()
    assert [record[1] for line in lines for record in decode(line) if not isinstance(record, dict)] == [1, 2]


def test_who_reads_sees_what_was_noted_before_whoever_writes_meanwhile(tmp_path: Path) -> None:
    journals, each, writers = Journals(tmp_path, spelled), 3000, 4
    behind: list[str] = []

    def note(writer: int) -> None:
        for number in range(each):
            journals.note("some", short(writer * each + number))
            if number % 1000 == 0 and writer * each + number not in numbers(journals):
                behind.append(f"{writer}: {number}")

    threads = [threading.Thread(target=note, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert behind == []
    assert numbers(journals) == list(range(writers * each))


def test_what_could_not_be_written_is_kept_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "some.jsonl")
    journal.write(short(1))

    def full(line: str) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "_append", full)
        with pytest.raises(OSError, match="No space"):
            journal.flush()
    journal.write(short(2))

    assert [record[1] for record in journal.records() if not isinstance(record, dict)] == [1, 2]


def test_who_reads_waits_for_what_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, inside, go = Journal(tmp_path / "some.jsonl"), threading.Event(), threading.Event()
    append, seen = journal._append, list[Any]()  # pyright: ignore[reportPrivateUsage]

    def slowly(line: str) -> int:
        inside.set()
        assert go.wait(30)
        return append(line)

    monkeypatch.setattr(journal, "_append", slowly)
    journal.write(short(1))
    assert inside.wait(30), "the timer did not write"
    reader = threading.Thread(target=lambda: seen.extend(journal.records()))
    reader.start()
    reader.join(0.2)  # long enough for one that does not wait
    go.set()
    reader.join()

    assert seen == [short(1)]
