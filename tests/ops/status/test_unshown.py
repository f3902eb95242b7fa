"""What is not shown is counted by reason from the job's records, a page at a time, and a series counts once."""

from __future__ import annotations

import pytest

from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.status import records
from ops.status.records import RecordsReader
from ops.status.unshown import Unshown, count_unshown
from tests.ops.status.bucket import BUCKET, Bucket


def rows(found: Unshown) -> list[tuple[str, str, int, int]]:
    return [(one.status, one.reason, one.series, len(one.studies)) for one in found.reasons]


def test_nothing_is_known_of_an_empty_bucket(bucket: Bucket) -> None:
    found = count_unshown(bucket.reader())

    assert (found.studies, found.shown, found.reasons) == (0, 0, ())
    assert list(found.lines()) == ["0 studies are known, 0 of them are shown whole."]


def test_each_reason_is_counted_with_its_series_and_studies(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE", 2)
    bucket.word("1.1", "ready", ("1.1.1", "ready", ""))
    bucket.word("1.2", "blocked", ("1.2.1", "blocked", "z_stack"), ("1.2.2", "ready_degraded", ""))
    bucket.word("1.3", "blocked", ("1.3.1", "blocked", "z_stack"), ("1.3.2", "blocked", "patients"))
    bucket.word("1.4", "withdrawn", sentence="It was taken away.")
    bucket.word("1.5", "failed", ("1.5.1", "failed", ""))
    bucket.put("readiness/1.5/1.5.1.json", {"reason": "series 1.2.826.0.1.3680043.8 lacks 3 of its instances"})
    bucket.item("work", "1.6", "1.6.1")
    bucket.item("work", "1.1", "1.1.2", attempts=2, reason="the store does not answer")
    bucket.item("failed", "1.7", "1.7.1", attempts=5, reason="the store does not answer")

    found = count_unshown(bucket.reader())

    assert (found.studies, found.shown) == (7, 0)
    assert rows(found) == [
        ("set aside", "the store does not answer", 1, 1),
        ("tried again", "the store does not answer", 1, 1),
        ("failed", "series … lacks 3 of its instances", 1, 1),
        ("blocked", "z_stack", 2, 2),
        ("blocked", "patients", 1, 1),
        ("waiting", "", 1, 1),
        ("withdrawn", "", 0, 1),
    ]
    text = "\n".join(found.lines())
    assert "  2 series, z_stack: z_stack is why. (study 1.2, 1.3)" in text
    assert "  1 studies, It was taken away. (study 1.4)" in text


def test_a_series_counts_once_by_the_latest_that_is_known_of_it(bucket: Bucket) -> None:
    bucket.word("1.2", "pending", sentence="It has arrived and is being prepared.")
    bucket.item("work", "1.2", "1.2.1")
    bucket.item("failed", "1.2", "1.2.1", attempts=5, reason="no permission")

    assert rows(count_unshown(bucket.reader())) == [("set aside", "no permission", 1, 1)]


def test_what_cannot_be_read_is_no_study_and_no_end(bucket: Bucket) -> None:
    bucket.put("viewer/1.2.json", ["no word"])
    bucket.word("1.1", "ready", ("1.1.1", "ready", ""))

    assert (count_unshown(bucket.reader()).studies, count_unshown(bucket.reader()).shown) == (1, 1)


def test_examples_are_few(bucket: Bucket) -> None:
    for number in range(5):
        bucket.word(f"1.{number}", "blocked", (f"1.{number}.1", "blocked", "z_stack"))

    found = count_unshown(bucket.reader())

    assert found.document()["not_shown"][0]["examples"] == ["1.0", "1.1", "1.2"]
    assert next(line for line in found.lines() if "z_stack" in line).endswith("(study 1.0, 1.1, 1.2 and 2 more)")


def test_a_bucket_that_may_not_be_read_is_one_sentence(bucket: Bucket) -> None:
    with pytest.raises(OpsRefused, match="was refused: 40"):
        count_unshown(RecordsReader(GoogleApi({"storage": bucket.root}, lambda: "nobody"), BUCKET))
