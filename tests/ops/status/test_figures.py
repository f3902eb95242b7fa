"""Time to view and storage classes, from the job's records."""

from __future__ import annotations

from typing import Any

import pytest

from ops.status.raw_storage import count_moved_studies
from ops.status.time_to_view import measure_time_to_view
from tests.ops.status.bucket import Bucket


def report(bucket: Bucket, study: str, seconds: float | None) -> None:
    bucket.put(f"readiness/{study}/study.json", {"study": study, "status": "ready", "seconds_to_view": seconds})
    bucket.put(f"readiness/{study}/{study}.1.json", {"seconds_to_view": 9999.0})


def test_nothing_is_measured_of_an_empty_bucket(bucket: Bucket) -> None:
    time, storage = measure_time_to_view(bucket.reader()), count_moved_studies(bucket.reader())

    assert time.document() == {"studies": 0, "median_seconds": None, "p95_seconds": None}
    assert storage.document() == {"moved": {}, "due": 0, "reads": 0, "read_bytes": 0}
    assert [*time.lines(), *storage.lines()] == [
        "Time to view: not known of any study yet.",
        "Raw store: no study was moved to a cheaper storage class, and none is to be.",
    ]


@pytest.mark.parametrize(
    ("seconds", "median", "slow"),
    [([7.0], 7.0, 7.0), ([4.0, 8.0], 6.0, 8.0), ([float(one) for one in range(1, 41)], 20.5, 38.0)],
    ids=["one", "two", "forty"],
)
def test_the_95th_of_100_is_the_slow_one(bucket: Bucket, seconds: list[float], median: float, slow: float) -> None:
    for number, one in enumerate(seconds):
        report(bucket, f"1.{number}", one)
    report(bucket, "2.1", None)

    found: dict[str, Any] = measure_time_to_view(bucket.reader()).document()

    assert found == {"studies": len(seconds), "median_seconds": median, "p95_seconds": slow}


def test_moved_studies_are_counted_by_class_and_what_was_read_of_them_since(bucket: Bucket) -> None:
    for name in ("moved/archive/1.2", "moved/nearline/1.3", "due/2026-12-30/1.4"):
        bucket.put(f"archive/{name}.json", {})
    bucket.put("archive/moved/archive/1.1.json", {"reads": 3, "read_bytes": 5 << 30})

    found = count_moved_studies(bucket.reader())

    counts = {"reads": 3, "read_bytes": 5 << 30}
    assert found.document() == {"moved": {"archive": 2, "nearline": 1}, "due": 1, **counts}
    assert list(found.lines()) == [
        "Raw store: studies moved to a cheaper storage class: 2 in archive, 1 in nearline; 1 more will be.",
        "  The job read of them again 3 times, up to 5.0 GiB: retrieval was paid for.",
    ]
