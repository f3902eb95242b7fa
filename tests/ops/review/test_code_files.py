"""The files that run and that no graph shows: found whatever Git calls the difference, and agreed to by content."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from ops.review.base import _git as git  # pyright: ignore[reportPrivateUsage]
from ops.review.base import permits_since, with_files
from ops.review.code_files import differing, judges_alike
from ops.review.compare import plan_of
from ops.review.dangers import dangers
from ops.review.exceptions_applied import judge
from policy.exceptions import Exceptions
from tests.ops.review.graphs import dataset, graph
from tests.ops.review.test_gate import git as write

DAY = date(2027, 1, 1)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path in ("delivery/deploy.yaml", "docs/a.md", "infra/a.py", "ops/x.py", "Pulumi.dev.yaml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"{path}\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    write(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, "add", ".")
    write(tmp_path, "commit", "-qm", "one")
    return tmp_path


def said(root: Path) -> list[str]:
    same = graph(dataset())
    return [danger.what for danger in dangers(with_files(plan_of(same, same), "HEAD", root))]


def test_nothing_differs_in_a_checkout_as_it_was(checkout: Path) -> None:
    os.utime(checkout / "delivery/deploy.yaml")

    assert (dict(differing(git, "HEAD", checkout)), said(checkout)) == ({}, [])


def test_what_changes_comes_goes_or_becomes_a_link_is_said(checkout: Path) -> None:
    (checkout / "delivery/deploy.yaml").write_text("steps: []\n")
    (checkout / "ops/x.py").unlink()
    (checkout / "sitecustomize.py").write_text("evil\n")
    (checkout / "engine").symlink_to("ops")
    (checkout / "docs/a.md").write_text("words\n")
    (checkout / "infra/a.py").write_text("shown by the graph\n")

    assert said(checkout) == [
        "`engine`, `sitecustomize.py` differ.", "`delivery/deploy.yaml` differs.", "`ops/x.py` differs.",
    ]  # fmt: skip


def test_what_is_committed_counts_like_what_is_not(checkout: Path) -> None:
    (checkout / "delivery/deploy.yaml").chmod(0o755)
    first = git(checkout, "rev-parse", "HEAD").decode().strip()
    write(checkout, "commit", "-qam", "run it")
    same = graph(dataset())

    assert [danger.kind for danger in dangers(with_files(plan_of(same, same), first, checkout))] == ["code"]


def test_agreeing_to_one_content_agrees_to_no_other_and_owners_may_agree_in_its_place(checkout: Path) -> None:
    same = graph(dataset())
    urns: list[str] = []
    for text in ("one", "two"):
        (checkout / "delivery/deploy.yaml").write_text(text)
        plan = with_files(plan_of(same, same), "HEAD", checkout)
        urns += [danger.urn for danger in dangers(plan)]
        by_owners = judge(plan, Exceptions(), DAY, owners_agree=True)
        assert (list(by_owners.stopped), len(by_owners.allowed)) == ([], 1)
        assert len(judge(plan, Exceptions(), DAY).stopped) == 1

    assert len(set(urns)) == 2


def test_another_judge_is_one_whose_code_or_lists_differ(checkout: Path) -> None:
    (checkout / "docs/a.md").write_text("words\n")
    (checkout / "Pulumi.dev.yaml").write_text("config: {}\n")
    assert judges_alike(git, "HEAD", checkout)

    (checkout / "infra/a.py").write_text("import evil\n")
    assert not judges_alike(git, "HEAD", checkout)


def test_a_change_agrees_to_nothing_itself(checkout: Path) -> None:
    """An entry that the commit before it had counts; one that comes with the change does not, nor one that it took."""
    file = checkout / "policy/exceptions.yaml"
    file.parent.mkdir()
    one, other = (
        f"  - {{rule: plan-code, urn: {urn}, reason: r, approved_by: owners, until: 2027-02-01}}\n" for urn in "ab"
    )
    file.write_text(f"exceptions:\n{one}")
    assert permits_since("HEAD", checkout).entries == []

    write(checkout, "add", ".")
    write(checkout, "commit", "-qm", "agreed")
    file.write_text(f"exceptions:\n{one}{other}")
    assert [entry.urn for entry in permits_since("HEAD", checkout).entries] == ["a"]

    file.write_text("exceptions: []\n")
    assert permits_since("HEAD", checkout).entries == []
