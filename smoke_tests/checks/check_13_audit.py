"""What this run stored and retrieved is in the Data Access audit log, under the identity that did it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smoke_tests.context import Context
from smoke_tests.dicomweb import FRAMES
from smoke_tests.http import HttpAnswer, until
from smoke_tests.plugin import Notes

READ, WRITE = (f"healthcare.dicomStores.dicomWeb{duty}" for duty in ("Read", "Write"))
pytestmark = pytest.mark.needs("audit", "stow", "frames")
Entry = dict[str, Any]


def entries(run: Context, agent: str, permission: str) -> list[Entry]:
    """Audit entries of this run's requests, found by the `User-Agent` they carried: nobody else's has the run's id."""
    wanted = (
        'protoPayload.serviceName="healthcare.googleapis.com"',
        f'protoPayload.requestMetadata.callerSuppliedUserAgent:"{agent}"',
        f'protoPayload.authorizationInfo.permission="{permission}"',
    )
    query = {"resourceNames": [run.target.audit_view], "filter": " AND ".join(wanted), "pageSize": 1000}
    answer = ask(run, json.dumps(query).encode())
    return [entry["protoPayload"] for entry in json.loads(answer.body).get("entries", [])]


def ask(run: Context, query: bytes) -> HttpAnswer:
    headers = {"Content-Type": "application/json", **run.credentials.headers(run.target.writer)}
    answer = run.http.send("POST", run.target.log_entries, headers=headers, body=query)
    assert answer.status == 200, str(answer)
    return answer


def wait_for_entries(run: Context, note: Notes, agent: str, permission: str, what: str) -> list[Entry]:
    """The entries of requests that were allowed; the log may be minutes behind."""

    def look() -> list[Entry] | None:
        return [entry for entry in entries(run, agent, permission) if not entry.get("status", {}).get("code")] or None

    began = run.http.clock()
    logged_entries = until(look, f"an audit entry of {what}", run.target.limits.audited, pause=run.pause)
    note(methods=sorted({entry["methodName"] for entry in logged_entries}), seconds=round(run.http.clock() - began, 1))
    return logged_entries


def check_what_was_stored_is_in_the_audit_log(run: Context, note: Notes) -> None:
    assert run.stored.status == 200, str(run.stored)
    logged_entries = wait_for_entries(run, note, run.agent, WRITE, f"storing study {run.study}")
    who = {entry["authenticationInfo"]["principalEmail"] for entry in logged_entries}
    assert who == {run.target.writer}, (
        f"the audit log says that {', '.join(sorted(who))} stored, not {run.target.writer}"
    )


def check_what_was_retrieved_is_in_the_audit_log(run: Context, note: Notes) -> None:
    assert run.stored.status == 200, str(run.stored)
    agent = f"{run.agent} retrieves"
    path = f"{run.path(run.instances[0])}/frames/1"
    answer = run.reader.send("GET", path, accept=FRAMES, headers={"User-Agent": agent})
    assert answer.status == 200, str(answer)
    logged_entries = wait_for_entries(run, note, agent, READ, f"retrieving {path}")
    who = {entry["authenticationInfo"]["principalEmail"] for entry in logged_entries}
    assert who == {run.target.reader}, f"the audit log says that {', '.join(sorted(who))} read, not {run.target.reader}"
    wrong = [entry["resourceName"] for entry in logged_entries if run.study not in entry["resourceName"]]
    assert not wrong, f"the audit log says that {wrong[0]} was read, not {path}"
