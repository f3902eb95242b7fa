"""Every instance that was stored is announced: without that, no study would ever be prepared.

Read from the smoke store's own subscription. Several runs share it, so what belongs to others is put back."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from smoke_tests.context import Context
from smoke_tests.http import until
from smoke_tests.plugin import Notes

AT_ONCE = 100
pytestmark = [pytest.mark.writes, pytest.mark.needs("events", "stow")]


def ask(run: Context, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **run.credentials.headers(run.target.writer)}
    url = f"{run.target.announcements}:{verb}"
    answer = run.http.send("POST", url, headers=headers, body=json.dumps(body).encode())
    assert answer.status == 200, str(answer)
    return json.loads(answer.body)


def give_back(run: Context, leases: Sequence[str]) -> None:
    if leases:
        ask(run, "modifyAckDeadline", {"ackIds": list(leases), "ackDeadlineSeconds": 0})


def check_every_stored_instance_is_announced(run: Context, note: Notes) -> None:
    run.slide_is_there()
    store = run.target.dicomweb_root.partition("/v1/")[2]
    due = {f"{store}/{run.path(instance)}" for instance in run.instances}
    awaited, strangers = set(due), list[str]()

    def pull() -> bool | None:
        got = ask(run, "pull", {"maxMessages": AT_ONCE}).get("receivedMessages", [])
        names = {received["ackId"]: base64.b64decode(received["message"].get("data", "")).decode() for received in got}
        if own := [lease for lease, name in names.items() if f"/studies/{run.study}/" in name]:
            ask(run, "acknowledge", {"ackIds": own})
        strangers.extend(lease for lease in names if lease not in own)
        awaited.difference_update(names.values())
        return not awaited or None

    began = run.http.clock()
    try:
        until(pull, f"the announcement of {len(due)} stored instances", run.target.limits.announced, pause=run.pause)
    except AssertionError as problem:
        raise AssertionError(f"{problem}: {len(awaited)} are missing, such as {min(awaited)}") from None
    finally:
        give_back(run, strangers)
    note(instances=len(due), seconds=round(run.http.clock() - began, 2))
