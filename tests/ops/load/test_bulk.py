"""The store's own import, followed to the end: done is not success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from ops.load.bulk import BulkImport, Counters, uri
from ops.load.outcome import CannotLoad, Outcome, Verdict
from ops.load.target import LoadTarget

STORE = "projects/p/locations/l/datasets/d/dicomStores/raw"
OPERATION = "projects/p/locations/l/datasets/d/operations/77"
TARGET = LoadTarget(
    root="https://h.example/v1/x/dicomWeb",
    store=STORE,
    healthcare="https://h.example/",
    logging="https://l.example/",
    project="p",
)


class Answer:
    def __init__(self, body: Any, status: int = 200) -> None:
        self.body, self.status_code, self.ok = body, status, status < 400

    def json(self) -> Any:
        return self.body


class Api:
    """Answers to start, polls and log pages, in order; remembers the requests."""

    def __init__(self, *operations: dict[str, Any], log: Any = (), start: int = 200, log_status: int = 200) -> None:
        self.operations, self.log, self.start, self.log_status = list(operations), list(log), start, log_status
        self.posts: list[tuple[str, Any]] = []

    def request(self, method: str, url: str, json: Any, timeout: Any) -> Answer:
        if method == "GET":
            assert url == f"https://h.example/v1/{OPERATION}"
            return Answer(self.operations.pop(0))
        self.posts.append((url, dict(json)))
        if url.endswith(":import"):
            return Answer(self.operations.pop(0) if self.operations else {}, self.start)
        return Answer(self.log.pop(0), self.log_status)


def operation(done: bool = True, **counter: int) -> dict[str, Any]:
    counters = {key: str(value) for key, value in counter.items()}
    return {"name": OPERATION, "done": done, "metadata": {"counter": counters, "logsUrl": "https://logs.example"}}


def run(api: Any, source: str = "gs://b/slides", progress: Callable[[Counters], None] = lambda _: None) -> Any:
    waits: list[float] = []
    counters, outcomes = BulkImport(TARGET, api, waits.append, poll_seconds=7).run(source, progress)
    assert set(waits) <= {7}
    return counters, outcomes, len(waits)


def test_it_is_polled_to_the_end_with_its_counters() -> None:
    seen: list[Counters] = []
    api = Api(operation(False, pending=3), operation(False, pending=1, success=2), operation(True, success=3))
    assert run(api, progress=seen.append) == (Counters(0, 3, 0), [], 2)
    assert seen == [Counters(3, 0, 0), Counters(1, 2, 0), Counters(0, 3, 0)]
    assert api.posts == [
        (f"https://h.example/v1/{STORE}:import", {"gcsSource": {"uri": "gs://b/slides/**"}}),
    ]


def entry(source: str, message: str) -> dict[str, Any]:
    return {"jsonPayload": {"source": source, "error": {"code": 3, "message": message}}}


def test_done_with_failures_inside_is_a_failure_with_each_files_reason() -> None:
    pages = [
        {"entries": [entry("gs://b/1.dcm", "not DICOM")], "nextPageToken": "more"},
        {"entries": [entry("gs://b/2.dcm", "differs"), {"textPayload": "other"}]},
    ]
    api = Api(operation(True, success=1, failure=2), log=pages)
    _, outcomes, _ = run(api)
    assert outcomes == [
        Outcome("gs://b/1.dcm", Verdict.REFUSED, reason="not DICOM"),
        Outcome("gs://b/2.dcm", Verdict.REFUSED, reason="differs"),
    ]
    assert api.posts[1][0] == "https://l.example/v2/entries:list"
    assert 'operation.id:"77"' in api.posts[1][1]["filter"]
    assert api.posts[2][1]["pageToken"] == "more"


@pytest.mark.parametrize("log", [{"log": [{}]}, {"log": [{}], "log_status": 403}])
def test_failures_that_the_log_does_not_name_are_failures_too(log: Any) -> None:
    _, outcomes, _ = run(Api(operation(True, success=1, failure=2), **log))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REFUSED]
    assert "2 files failed" in outcomes[0].reason
    assert "https://logs.example" in outcomes[0].reason


def test_an_operation_that_ends_in_an_error_says_what_to_look_at() -> None:
    ended = operation(True) | {"error": {"code": 7, "message": "…"}}
    _, outcomes, _ = run(Api(ended))
    assert "add b to importBuckets" in outcomes[0].reason


def test_an_import_of_nothing_is_a_failure() -> None:
    _, outcomes, _ = run(Api(operation(True)))
    assert "no file was imported" in outcomes[0].reason


@pytest.mark.parametrize(
    ("status", "words"), [(403, "healthcare.dicomStores.import"), (401, "credentials"), (400, "not accepted")]
)
def test_an_import_that_may_not_start_names_permission_and_setting(status: int, words: str) -> None:
    with pytest.raises(CannotLoad, match=words) as error:
        run(Api(start=status))
    assert "importBuckets" in str(error.value)


def test_an_import_that_is_refused_says_why_in_googles_words() -> None:
    said = {"error": {"code": 400, "message": "The URI names no object."}}
    with pytest.raises(CannotLoad, match=r"was not accepted \(400: The URI names no object\)\. The store's agent"):
        run(Api(said, start=400))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("gs://b", "gs://b/**"),
        ("gs://b/", "gs://b/**"),
        ("gs://b/x/y", "gs://b/x/y/**"),
        ("gs://b/x/*.dcm", "gs://b/x/*.dcm"),
        ("gs://b/x/1.dcm", "gs://b/x/1.dcm"),
    ],
)
def test_a_prefix_means_everything_below_it(source: str, expected: str) -> None:
    assert uri(source) == expected


@pytest.mark.parametrize("source", ["gs://", "gs:///x", "gs://*/x", "gs:/b"])
def test_what_is_no_bucket_is_said(source: str) -> None:
    with pytest.raises(CannotLoad, match="gs://bucket/prefix"):
        uri(source)


def test_an_api_that_is_not_there_is_said() -> None:
    class Dead(Api):
        def request(self, method: str, url: str, json: Any, timeout: Any) -> Answer:
            raise requests.ConnectionError("no route")

    with pytest.raises(CannotLoad, match=r"raw:import could not be reached \(ConnectionError\)"):
        run(Dead())
