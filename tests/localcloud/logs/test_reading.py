"""Who may see which entries: the project's, the private ones, and those of a view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.audit_trail import AUDIT_LOGS, KEPT_ELSEWHERE
from components.audit_trail import DATA_ACCESS as KEPT
from tests.localcloud.control.client import Client

BUCKET = "projects/p-1/locations/europe-west4/buckets/audit"
VIEW = f"{BUCKET}/views/data-access"
DATA_ACCESS, ACTIVITY = "cloudaudit.googleapis.com/data_access", "cloudaudit.googleapis.com/activity"


@pytest.fixture
def client(tmp_path: Path) -> Client:
    client = Client(tmp_path)
    client.ok("POST", f"logging/v2/{BUCKET.rpartition('/buckets/')[0]}/buckets:createAsync", {}, bucketId="audit")
    for number, log in enumerate((ACTIVITY, DATA_ACCESS, "other.googleapis.com/log")):
        log_name = f"projects/p-1/logs/{log.replace('/', '%2F')}"
        client.logs.write({"logName": log_name, "timestamp": f"2026-01-31T12:00:0{number}Z", "insertId": str(number)})
    return client


def sink(client: Client, filter: str, **more: Any) -> None:
    body = {"name": "s", "destination": f"logging.googleapis.com/{BUCKET}", "filter": filter, **more}
    client.ok("POST", "logging/v2/projects/p-1/sinks", body)


def view(client: Client, filter: str = "") -> None:
    client.ok("POST", f"logging/v2/{BUCKET}/views", {"filter": filter}, viewId="data-access")


def ids(client: Client, name: str = "projects/p-1", who: str | None = None, **body: Any) -> list[str]:
    """The entries of ours that somebody sees."""
    authorization = client.bearer(who) if who else None
    answer = client.ask(
        "POST", "logging/v2/entries:list", {"resourceNames": [name], **body}, authorization=authorization
    )
    assert answer.status == 200, answer.body
    return [one["insertId"] for one in answer.body["entries"] if len(one["insertId"]) == 1]


def test_the_data_access_log_takes_a_permission_of_its_own(client: Client) -> None:
    plain, private = client.account("plain-reader"), client.account("private-reader")
    client.grant("roles/logging.viewer", f"serviceAccount:{plain}")
    client.grant("roles/logging.privateLogViewer", f"serviceAccount:{private}")

    assert ids(client, who=plain) == ["0", "2"]
    assert ids(client, who=private) == ["0", "1", "2"]


def test_a_stranger_sees_nothing_of_a_project_or_view(client: Client) -> None:
    sink(client, "")
    view(client)
    stranger = client.bearer(client.account("stranger"))
    for name, permission in (("projects/p-1", "logging.logEntries.list"), (VIEW, "logging.views.access")):
        answer = client.ask("POST", "logging/v2/entries:list", {"resourceNames": [name]}, authorization=stranger)
        assert (answer.status, permission in answer.body["error"]["message"]) == (403, True)


def test_a_view_shows_what_a_sink_sends_to_its_bucket_and_its_filter_lets_through(client: Client) -> None:
    sink(client, f'log_id("{ACTIVITY}") OR log_id("{DATA_ACCESS}")')
    view(client, f'LOG_ID("{DATA_ACCESS}")')
    reader = client.account("the-reader")
    client.grant("roles/logging.viewAccessor", f"serviceAccount:{reader}", f"logging/v2/{VIEW}")

    assert ids(client, VIEW, who=reader) == ["1"]


@pytest.mark.parametrize(
    "more",
    [
        {"disabled": True},
        {"destination": "logging.googleapis.com/projects/p-1/locations/global/buckets/_Default"},
        {"exclusions": [{"name": "x", "filter": f'log_id("{DATA_ACCESS}")'}]},
    ],
)
def test_what_no_sink_sends_there_is_not_in_the_view(client: Client, more: dict[str, Any]) -> None:
    sink(client, f'log_id("{DATA_ACCESS}")', **more)
    view(client)

    assert ids(client, VIEW) == []


EVERYTHING = "projects/p-1/locations/global/buckets/_Default/views/_AllLogs"
STUDY = "projects/p-1/locations/europe-west4/datasets/d/dicomStores/raw/dicomWeb/studies/1.2.3"


def accessed(client: Client, key: str, method: str) -> None:
    log_name = f"projects/p-1/logs/{DATA_ACCESS.replace('/', '%2F')}"
    payload = {"serviceName": "healthcare.googleapis.com", "methodName": method, "resourceName": STUDY}
    entry = {"logName": log_name, "timestamp": "2026-01-31T13:00:00Z", "insertId": key, "protoPayload": payload}
    client.logs.write(entry)


def test_default_has_a_second_copy_of_who_read_which_study_until_it_is_excluded(client: Client) -> None:
    accessed(client, "r", "google.cloud.healthcare.v1.dicomweb.DicomWebService.RetrieveStudy")
    accessed(client, "e", "google.cloud.healthcare.v1.dicom.DicomService.ExportDicomData")
    sink(client, AUDIT_LOGS)
    view(client, KEPT)
    assert ids(client, EVERYTHING) == ["1", "2", "e", "r"]

    client.ok("POST", "logging/v2/projects/p-1/exclusions", {"name": "x", "filter": KEPT_ELSEWHERE})

    assert ids(client, EVERYTHING) == ["2", "e"]  # an alert looks for exports
    assert ids(client, VIEW) == ["1", "e", "r"]


def test_an_exclusion_that_is_off_leaves_nothing_out(client: Client) -> None:
    excluded = {"name": "x", "filter": KEPT_ELSEWHERE, "disabled": True}
    client.ok("POST", "logging/v2/projects/p-1/exclusions", excluded)

    assert ids(client, EVERYTHING) == ["1", "2"]


def test_entries_come_in_pages_in_either_order(client: Client) -> None:
    client.logs.write({"logName": "projects/p-1/logs/x", "timestamp": "2026-01-31T11:00:00Z", "insertId": "9"})
    everything = ids(client, pageSize=1000)

    assert everything == ["9", "0", "1", "2"]
    assert ids(client, orderBy="timestamp desc", pageSize=1000) == everything[::-1]
    page = client.ok("POST", "logging/v2/entries:list", {"resourceNames": ["projects/p-1"], "pageSize": 2})
    rest = ids(client, pageToken=page["nextPageToken"], pageSize=1000)
    assert [one["insertId"] for one in page["entries"]] + rest == everything


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "resourceNames is empty"),
        ({"resourceNames": ["projects/other"]}, 403, "projects/other"),
        ({"resourceNames": ["projects/p-1"], "orderBy": "severity"}, 400, "'severity'"),
        ({"resourceNames": ["projects/p-1"], "filter": "a ~ b"}, 400, "Unparseable filter"),
        ({"resourceNames": [VIEW]}, 404, "data-access does not exist"),
        ({"resourceNames": ["projects/p-1"], "pageToken": "x"}, 400, "pageToken 'x'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_words(
    client: Client, body: dict[str, Any], status: int, said: str
) -> None:
    code, message = client.refused("POST", "logging/v2/entries:list", body)

    assert code == status
    assert said in message
