from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver import drift
from ops.deliver.drift import DriftFinding, fingerprint, report
from ops.deliver.github import BOT, GitHub
from tests.ops.deliver.fake_github import FakeGitHub, fake_github

EXTRA = DriftFinding("member", "projects/p", "user:a@b.org has roles/viewer")
IMAGE = DriftFinding("image", "jobs/prepare", "runs sha256:1, the record says sha256:2")


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


def somebodys(github: FakeGitHub, issue: int, body: str, login: str = "somebody") -> None:
    number = len(github.comments) + 1
    made = {"id": number, "issue": issue, "body": body, "html_url": "", "user": {"login": login}}
    github.comments[number] = made


def bodies(github: FakeGitHub) -> list[str]:
    return [one["body"] for one in github.comments.values()]


def test_a_pull_request_has_one_comment_however_often_it_is_written(github: FakeGitHub) -> None:
    mine = GitHub(github.environment)
    for number in range(150):
        somebodys(github, 7, f"somebody's {number}")

    mine.stick(7, "<!-- m -->", "<!-- m -->\nfirst")
    mine.stick(7, "<!-- m -->", "<!-- m -->\nsecond")
    mine.stick(8, "<!-- m -->", "<!-- m -->\nof another")

    assert [one["body"] for one in github.comments.values() if "<!-- m -->" in one["body"]] == [
        "<!-- m -->\nsecond",
        "<!-- m -->\nof another",
    ]


def test_what_somebody_else_wrote_is_never_taken_for_ours(github: FakeGitHub) -> None:
    """They could write into it afterwards."""
    somebodys(github, 7, "<!-- m -->\nNothing dangerous.")

    GitHub(github.environment).stick(7, "<!-- m -->", "<!-- m -->\nDangerous: 1")

    assert bodies(github) == ["<!-- m -->\nNothing dangerous.", "<!-- m -->\nDangerous: 1"]


def test_two_comments_of_ours_become_one_again(github: FakeGitHub) -> None:
    for text in ("<!-- m -->\nfirst", "<!-- m -->\nsecond", "another bot's"):
        somebodys(github, 7, text, BOT)

    GitHub(github.environment).stick(7, "<!-- m -->", "<!-- m -->\nthird")

    assert bodies(github) == ["<!-- m -->\nthird", "another bot's"]


def test_of_two_runs_that_find_none_at_the_same_moment_one_comment_is_left(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, others = github.answer, ["<!-- m -->\nof the other run"]

    def between(verb: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        if verb == "POST" and others:
            somebodys(github, 7, others.pop(), BOT)
        return answer(verb, path, query, body)

    monkeypatch.setattr(github, "answer", between)
    GitHub(github.environment).stick(7, "<!-- m -->", "<!-- m -->\nof this run")

    assert bodies(github) == ["<!-- m -->\nof this run"]


def test_a_person_with_a_token_of_their_own_finds_their_comment_again(github: FakeGitHub) -> None:
    github.writer = "somebody"
    environment = {key: value for key, value in github.environment.items() if key != "GITHUB_ACTIONS"}

    for text in ("<!-- m -->\nfirst", "<!-- m -->\nsecond"):
        GitHub(environment).stick(7, "<!-- m -->", text)

    assert bodies(github) == ["<!-- m -->\nsecond"]


def track(github: FakeGitHub, *found: DriftFinding, stack: str = "dev") -> str:
    text = report(stack, found) if found else None
    key = drift.fingerprint_of(text or "")
    return GitHub(github.environment).track(drift.marker(stack), f"Drift of stack {stack}", text, key)


def test_drift_opens_one_issue_that_follows_it_and_is_closed_when_it_is_gone(github: FakeGitHub) -> None:
    assert track(github) == "nothing to say, no issue open"
    assert track(github, EXTRA) == "opened issue 1"
    github.issues[1]["body"] += "\r\n\r\nI look at it. S.\r\n"
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
    text = report("dev", [DriftFinding("member", "projects/p", "`@everybody` <img src=x>\n# hello")])

    assert "- `projects/p`: `@everybody <img src=x> # hello`\n" in text


def test_a_report_fits_into_an_issue_and_says_what_it_leaves_out() -> None:
    many = [DriftFinding(kind, f"projects/{number}", "x" * 5000) for kind in drift.HEADS for number in range(100)]

    text = report("dev", many)

    assert len(text) < 65_000
    assert text.count("- and 60 more, in the log of the workflow") == len(drift.HEADS)


def test_a_report_says_when_what_it_compares_with_is_not_deployed_yet() -> None:
    assert "Deployed is `aaaaaaaaaaaa`" in report("dev", [EXTRA], "a" * 40)
    assert fingerprint([EXTRA]) == drift.fingerprint_of(report("dev", [EXTRA], "a" * 40))
    assert drift.fingerprint_of("") == ""


def test_a_refusal_is_one_sentence(github: FakeGitHub) -> None:
    with pytest.raises(OpsRefused, match=r"^GET .*/issues was refused: 401"):
        GitHub(github.environment | {"GITHUB_TOKEN": "wrong"}).track("m", "t", "x")
    with pytest.raises(OpsRefused, match="GITHUB_TOKEN is not set"):
        GitHub({"GITHUB_REPOSITORY": "lab/platform"})
