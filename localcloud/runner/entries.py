"""What a task prints, as entries of Cloud Logging.

A line that is a JSON object is a structured entry: its `severity` becomes the entry's own, and a `message` that is
left alone becomes text. Differences: output and errors of a task come through one pipe, so that all of it is in the
log `run.googleapis.com/stdout`, and Cloud Run's own lines (a container that exited) are not written.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from localcloud.forms import timestamp

LOG = "run.googleapis.com%2Fstdout"
_numbers = itertools.count()


def entry(execution: str, index: int, number: int, line: str, seconds: float) -> dict[str, Any]:
    """The log entry of one line of a task (`index`, attempt `number`);
    `execution` is its full name, `seconds` are since 1970.
    """
    _, project, _, location, _, job, _, name = execution.split("/")
    now = timestamp(seconds)
    return {
        "insertId": f"{int(seconds * 1e6):x}-{next(_numbers):08x}",
        "logName": f"projects/{project}/logs/{LOG}",
        "timestamp": now,
        "receiveTimestamp": now,
        "resource": {
            "type": "cloud_run_job",
            "labels": {"project_id": project, "location": location, "job_name": job},
        },
        "labels": {
            "run.googleapis.com/execution_name": name,
            "run.googleapis.com/task_index": str(index),
            "run.googleapis.com/task_attempt": str(number),
        },
        **_payload(line),
    }


def _payload(line: str) -> dict[str, Any]:
    try:
        payload = json.loads(line)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        return {"severity": "DEFAULT", "textPayload": line}
    severity = str(payload.pop("severity", "DEFAULT"))
    if list(payload) == ["message"]:
        return {"severity": severity, "textPayload": payload["message"]}
    return {"severity": severity, "jsonPayload": payload}
