"""Check 12 proved: an instance that is not announced is caught, and what belongs to another run is left to it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from smoke_tests import context, runner
from smoke_tests.credentials import Credentials
from smoke_tests.http import Http
from smoke_tests.results import SuiteOutcome
from smoke_tests.target import Limits
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform
from tests.smoke_tests.faulty import Answered, Asked

Store = Callable[[Asked], Answered]


@pytest.fixture(autouse=True)
def only_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runner.EXPECTED, "quick", (12,))
    monkeypatch.setitem(context.SIZES, "quick", 512)


def check(platform: Platform, fault: faulty.Fault = faulty.sound) -> SuiteOutcome:
    with faulty.proxy(platform.target().announcements, fault) as announcements:
        limits = Limits(found=5, deleted=5, announced=0.5)
        return runner.run(platform.target(announcements=announcements, limits=limits), platform.token, profile="quick")


def silence(asked: Asked, store: Store) -> Answered:
    return Answered(200, {"Content-Type": "application/json"}, b"{}") if asked.path.endswith(":pull") else store(asked)


def another_store(asked: Asked, store: Store) -> Answered:
    """As when the store's notifications are those of another one."""
    answer = store(asked)
    if not asked.path.endswith(":pull"):
        return answer
    got = json.loads(answer.body)
    for one in got.get("receivedMessages", []):
        name = base64.b64decode(one["message"]["data"]).replace(b"/smoke/", b"/other/")
        one["message"]["data"] = base64.b64encode(name).decode()
    return replace(answer, body=json.dumps(got).encode())


def test_a_store_that_announces_passes(platform: Platform) -> None:
    outcome = check(platform)

    assert [(one.id, one.status, one.reason) for one in outcome.results] == [("12", "pass", "")]
    assert outcome.results[0].evidence["instances"] == 2


@pytest.mark.parametrize("fault", [silence, another_store])
def test_a_store_that_does_not_is_caught(platform: Platform, fault: faulty.Fault) -> None:
    outcome = check(platform, fault)

    assert outcome.exit_code == 1
    words = r"announcement of 2 stored instances did not come .* 2 are missing, such as projects/\S+/smoke/dicomWeb/st"
    assert re.search(words, outcome.results[0].reason), outcome.results[0].reason


def test_what_another_run_stored_is_given_back(platform: Platform) -> None:
    target, credentials = platform.target(), Credentials(platform.token)
    topic = f"{target.announcements.partition('/v1/')[0]}/v1/projects/dicom-local/topics/dicom-smoke"
    foreign = base64.b64encode(b"projects/p/dicomWeb/studies/2.25.7/series/2.25.8/instances/2.25.9").decode()
    headers = {"Content-Type": "application/json", **credentials.headers(target.owner)}

    def ask(url: str, body: object) -> dict[str, list[dict[str, dict[str, str]]]]:
        return json.loads(Http().send("POST", url, headers=headers, body=json.dumps(body).encode()).body)

    while waiting := ask(f"{target.announcements}:pull", {"maxMessages": 100}).get("receivedMessages"):
        ask(f"{target.announcements}:acknowledge", {"ackIds": [one["ackId"] for one in waiting]})
    ask(f"{topic}:publish", {"messages": [{"data": foreign}]})

    outcome = check(platform)
    left = ask(f"{target.announcements}:pull", {"maxMessages": 100})["receivedMessages"]

    assert outcome.exit_code == 0
    assert [one["message"]["data"] for one in left if one["message"]["data"] == foreign] == [foreign]
