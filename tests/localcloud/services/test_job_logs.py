"""What a job prints is found in Cloud Logging, as Cloud Run writes it there."""

from __future__ import annotations

from localcloud.runner.entries import entry

EXECUTION = "projects/p/locations/europe-west4/jobs/prepare/executions/prepare-abcde"


def test_a_line_of_json_is_a_structured_entry_with_its_severity_outside() -> None:
    made = entry(EXECUTION, 2, 1, '{"severity": "ERROR", "message": "no bucket", "status": "failed"}', 1_800_000_000.0)

    assert made["severity"] == "ERROR"
    assert made["jsonPayload"] == {"message": "no bucket", "status": "failed"}
    assert made["logName"] == "projects/p/logs/run.googleapis.com%2Fstdout"
    assert made["resource"]["type"] == "cloud_run_job"
    assert made["resource"]["labels"] == {"project_id": "p", "location": "europe-west4", "job_name": "prepare"}
    assert made["labels"] == {
        "run.googleapis.com/execution_name": "prepare-abcde",
        "run.googleapis.com/task_index": "2",
        "run.googleapis.com/task_attempt": "1",
    }
    assert made["timestamp"] == "2027-01-15T08:00:00.000000Z"


def test_a_message_that_is_left_alone_is_text() -> None:
    made = entry(EXECUTION, 0, 0, '{"severity": "ERROR", "message": "no credentials"}', 0.0)

    assert (made["severity"], made["textPayload"]) == ("ERROR", "no credentials")
    assert "jsonPayload" not in made


def test_any_other_line_is_text() -> None:
    for line in ("Traceback", "[1]", ""):
        made = entry(EXECUTION, 0, 0, line, 0.0)
        assert (made["severity"], made["textPayload"]) == ("DEFAULT", line)


def test_two_lines_of_one_moment_keep_their_order() -> None:
    first, second = (entry(EXECUTION, 0, 0, line, 1.0)["insertId"] for line in "ab")

    assert first < second
