"""The retry layer on a fake clock: what is repeated, how long it waits, when it stops."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from prepare.http.retry import RetryingAdapter, RetryPolicy, Traffic
from requests.adapters import BaseAdapter
from requests.exceptions import ChunkedEncodingError, ConnectionError
from urllib3.response import HTTPResponse

from tests.jobs.fakes import Time


def answer(status: int, body: bytes = b"ok", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
    return response


class Broken(requests.Response):
    """A response whose body breaks off."""

    status_code = 200

    @property
    def content(self) -> bytes:
        raise ChunkedEncodingError("broke off")

    def close(self) -> None:
        pass


class Line(BaseAdapter):
    """Gives prepared answers in order, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sent = 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.sent += 1
        one = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(one, Exception):
            raise one
        return one

    def close(self) -> None:
        pass


@pytest.fixture
def time() -> Iterator[Time]:
    return Time()


def send(line: Line, time: Time, jitter: float = 0.5, **policy: Any) -> requests.Response:
    adapter = RetryingAdapter(line, RetryPolicy(**policy), time.clock, lambda: jitter, Traffic())
    return adapter.send(requests.Request("GET", "http://x/").prepare())


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_troubles_are_repeated(status: int, time: Time) -> None:
    line = Line(answer(status), answer(status), answer(200))
    assert send(line, time).status_code == 200
    assert line.sent == 3


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 406, 409, 412, 501])
def test_answers_that_repeating_cannot_change_are_not_repeated(status: int, time: Time) -> None:
    line = Line(answer(status))
    assert send(line, time).status_code == status
    assert (line.sent, time.slept) == (1, [])


@pytest.mark.parametrize("trouble", [ConnectionError(), requests.Timeout(), ChunkedEncodingError(), Broken()])
def test_broken_connections_and_broken_bodies_are_repeated(trouble: Any, time: Time) -> None:
    assert send(Line(trouble, answer(200)), time).content == b"ok"


def test_waits_double_up_to_their_bound_with_full_jitter(time: Time) -> None:
    line = Line(*[answer(503)] * 8, answer(200))
    send(line, time, jitter=0.5, first_seconds=1, longest_seconds=8, deadline_seconds=1000)
    assert time.slept == [0.5, 1, 2, 4, 4, 4, 4, 4]


def test_retry_after_is_obeyed(time: Time) -> None:
    send(Line(answer(429, Retry_After="7"), answer(200)), time, jitter=0)
    assert time.slept == [7]


def test_the_last_answer_is_given_when_the_deadline_would_pass(time: Time) -> None:
    line = Line(answer(503))
    assert send(line, time, jitter=0.999, deadline_seconds=60).status_code == 503
    assert sum(time.slept) <= 60


def test_the_trouble_is_raised_when_the_deadline_would_pass(time: Time) -> None:
    with pytest.raises(ConnectionError):
        send(Line(ConnectionError("down")), time, deadline_seconds=5)


def test_repeats_and_bytes_are_counted(time: Time) -> None:
    adapter = RetryingAdapter(Line(answer(500, b"no"), answer(200, b"yes!")), RetryPolicy(), time.clock, lambda: 0.0)
    adapter.send(requests.Request("GET", "http://x/").prepare())
    assert (adapter.traffic.requests, adapter.traffic.bytes) == (2, 6)
