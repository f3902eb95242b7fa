from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery import drift
from delivery.drift import Finding, fingerprint, report
from delivery.github import GitHub
from delivery.google import Refused
from tests.delivery.fake_github import FakeGitHub, fake_github

EXTRA = Finding("member", "projects/p", "user:a@b.org has roles/viewer")
IMAGE = Finding("image", "jobs/prepare", "runs sha256:1, the record says sha256:2")


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


def test_a_pull_request_has_one_comment_however_often_it_is_written(github: FakeGitHub) -> None:
    mine = GitHub(github.environment)
    for number in range(150):
        github.comments[number + 1] = {"id": number + 1, "issue": 7, "body": f"somebody's {number}", "html_url": ""}

    mine.stick(7, "<!-- m -->", "<!-- m -->\nfirst")
    mine.stick(7, "<!-- m -->", "<!-- m -->\nsecond")
    mine.stick(8, "<!-- m -->", "<!-- m -->\nof another")

    assert [one["body"] for one in github.comments.values() if "<!-- m -->" in one["body"]] == [
        "<!-- m -->\nsecond",
        "<!-- m -->\nof another",
    ]


def track(github: FakeGitHub, *found: Finding, stack: str = "dev") -> str:
    text = report(stack, found) if found else None
    return GitHub(github.environment).track(drift.marker(stack), f"Drift of stack {stack}", text)


def test_drift_opens_one_issue_that_follows_it_and_is_closed_when_it_is_gone(github: FakeGitHub) -> None:
    assert track(github) == "nothing to say, no issue open"
    assert track(github, EXTRA) == "opened issue 1"
    before = len(github.writes)
    assert track(github, EXTRA) == "issue 1 says this already"
    assert len(github.writes) == before
    assert track(github, EXTRA, IMAGE) == "updated issue 1"
    assert fingerprint([IMAGE, EXTRA]) in github.issues[1]["body"]
    assert track(github) == "closed issue 1"
    assert github.issues[1]["state"] == "closed"
    assert track(github, EXTRA) == "opened issue 2"


def test_each_stack_has_an_issue_of_its_own(github: FakeGitHub) -> None:
    track(github, EXTRA)
    track(github, EXTRA, stack="prod")
    track(github, stack="dev")

    assert [issue["state"] for issue in github.issues.values()] == ["closed", "open"]


def test_a_fingerprint_is_of_what_was_found_not_of_when_or_in_which_order() -> None:
    assert fingerprint([EXTRA, IMAGE]) == fingerprint([IMAGE, EXTRA])
    assert len({fingerprint(found) for found in ([EXTRA], [IMAGE], [EXTRA, IMAGE], [])}) == 4


def test_nothing_in_a_report_is_markdown_of_somebody_else() -> None:
    text = report("dev", [Finding("member", "projects/p", "`@everybody` <img src=x>\n# hello")])

    assert "- `projects/p`: `@everybody <img src=x> # hello`\n" in text


def test_a_refusal_is_one_sentence(github: FakeGitHub) -> None:
    with pytest.raises(Refused, match=r"^GET .*/issues was refused: 401"):
        GitHub(github.environment | {"GITHUB_TOKEN": "wrong"}).track("m", "t", "x")
    with pytest.raises(Refused, match="GITHUB_TOKEN is not set"):
        GitHub({"GITHUB_REPOSITORY": "lab/platform"})
