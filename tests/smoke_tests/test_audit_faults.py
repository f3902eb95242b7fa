"""Check 13 proved: a log that keeps silent, names somebody else or somewhere else, or may not be read, is caught."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smoke_tests import context, runner
from smoke_tests.credentials import Credentials
from smoke_tests.http import Http
from smoke_tests.results import SuiteOutcome
from smoke_tests.target import Limits, from_outputs
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform
from tests.smoke_tests.faulty import Answered, Asked

Store = Callable[[Asked], Answered]


@pytest.fixture(autouse=True)
def only_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runner.EXPECTED, "full", (13,))
    monkeypatch.setitem(context.SIZES, "full", 1024)


def check(platform: Platform, fault: faulty.Fault) -> SuiteOutcome:
    with faulty.proxy(platform.target().log_entries, fault) as log_entries:
        limits = Limits(found=5, deleted=5, audited=0.5)
        return runner.run(platform.target(log_entries=log_entries, limits=limits), platform.token)


def changed(asked: Asked, store: Store, change: Callable[[dict[str, Any]], None]) -> Answered:
    """The answer with each payload changed."""
    answer = store(asked)
    found = json.loads(answer.body)
    for entry in found.get("entries", []):
        change(entry["protoPayload"])
    return replace(answer, body=json.dumps(found).encode())


def a_log_that_keeps_silent(asked: Asked, store: Store) -> Answered:
    return Answered(200, {"Content-Type": "application/json"}, b"{}")


def a_log_of_refusals_only(asked: Asked, store: Store) -> Answered:
    return changed(asked, store, lambda payload: payload.update(status={"code": 7}))


def a_log_that_names_somebody_else(asked: Asked, store: Store) -> Answered:
    return changed(asked, store, lambda payload: payload.update(authenticationInfo={"principalEmail": "a@b.example"}))


def a_log_that_names_another_study(asked: Asked, store: Store) -> Answered:
    return changed(asked, store, lambda payload: payload.update(resourceName="studies/1.2.3"))


def a_log_that_may_not_be_read(asked: Asked, store: Store) -> Answered:
    return Answered(403, {"Content-Type": "application/json"}, b'{"error": {"message": "logging.views.access"}}')


CAUGHT = [
    (a_log_that_keeps_silent, 2, r"an audit entry of storing study 2\.25\.\d+ did not come about within 0.5 s"),
    (a_log_of_refusals_only, 2, "did not come about within"),
    (a_log_that_names_somebody_else, 2, r"says that a@b.example stored, not imaging-smoke@"),
    (a_log_that_names_another_study, 1, r"says that studies/1.2.3 was read, not studies/2\.25"),
    (a_log_that_may_not_be_read, 2, "answered 403 .*logging.views.access"),
]


@pytest.mark.parametrize(("fault", "count", "said"), CAUGHT, ids=lambda case: getattr(case, "__name__", ""))
def test_each_fault_is_caught(platform: Platform, fault: faulty.Fault, count: int, said: str) -> None:
    outcome = check(platform, fault)

    failed = [one for one in outcome.results if one.status == "fail"]
    assert {one.id for one in failed} == {"13"}
    assert len(failed) == count
    assert re.search(said, failed[0].reason)
    assert outcome.leaks == []


def test_a_sound_log_passes_and_the_report_has_the_methods_names(platform: Platform) -> None:
    outcome = check(platform, faulty.sound)

    assert [one.status for one in outcome.results] == ["pass", "pass"]
    named = [method.rpartition(".")[2] for one in outcome.results for method in one.evidence["methods"]]
    assert named == ["StoreInstances", "RetrieveFrames"]


def test_the_reader_may_not_read_the_log(platform: Platform) -> None:
    target, http = platform.target(), Http()
    query = json.dumps({"resourceNames": [target.audit_view]}).encode()
    answer = http.send(
        "POST", target.log_entries, headers=Credentials(platform.token).headers(target.reader), body=query
    )

    assert answer.status == 403
    assert "logging.views.access" in answer.text


def test_a_stack_without_a_view_says_so(platform: Platform) -> None:
    target = from_outputs({key: value for key, value in platform.outputs.items() if key != "auditView"})

    assert "no view of its audit log" in target.missing["audit"]
