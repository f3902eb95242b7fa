"""A request that the store would cut off is not begun, and is told with what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from prepare.dicomweb.store import DicomStore
from prepare.errors import SeriesFailed
from prepare.execution.copying import Deliverer
from prepare.http.pace import MEASURED_BYTES, Pace
from prepare.http.retry import Traffic
from prepare.model.metadata import Row

ROW = Row("1.2", "1.2.3", "", "", 1, 0, 0, ("", "", ""))
MIB = 1 << 20


class Sent(Exception):
    """The file was read."""


@dataclass
class File:
    length: int | None

    def __iter__(self) -> Iterator[bytes]:
        raise Sent


def deliver(length: int | None, pace: Pace) -> None:
    target = DicomStore("http://127.0.0.1:9/stores/viewer", requests.Session())
    Deliverer(target, Traffic(), pace=pace).deliver("1", ROW, File(length))


def test_an_instance_that_would_take_longer_than_a_request_may_is_refused_before_it_is_sent() -> None:
    with pytest.raises(SeriesFailed, match=r"1\.2\.3: its 2\.1 GB would take 34 minutes .* import it .* from a bucket"):
        deliver(2_048 * MIB, Pace(100 * MIB, 100.0))


@pytest.mark.parametrize(
    ("length", "pace"),
    [
        (1_024 * MIB, Pace(100 * MIB, 100.0)),  # 17 minutes
        (1 << 40, Pace(MEASURED_BYTES - 1, 1e6)),  # too little was sent to say
        (None, Pace(100 * MIB, 100.0)),  # nobody knows how long it is
        (1 << 40, Pace()),
    ],
)
def test_others_are_sent(length: int | None, pace: Pace) -> None:
    with pytest.raises((Sent, SeriesFailed)) as raised:
        deliver(length, pace)
    assert "bucket" not in str(raised.value)


def test_the_pace_is_that_of_all_requests_so_far() -> None:
    pace = Pace()
    pace.add(100 * MIB, 10.0)
    pace.add(100 * MIB, 30.0)
    assert pace.seconds_for(50 * MIB) == 10.0
