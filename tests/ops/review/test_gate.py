"""The gate as it is run: exit codes, what it writes, and the merge base in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.review import gate
from ops.review.base import describe, graphs_at, merge_base
from ops.review.compare import plan_of
from ops.review.graph import declare_graph
from ops.review.plan import Unreadable, to_json
from tests.harness import ROOT
from tests.ops.review.graphs import dataset, digest, graph

HARMLESS = digest(graph(dataset()), graph(dataset(description="new words")))
DEADLY = digest(graph(dataset()), graph())


def run(tmp_path: Path, text: str, *arguments: str) -> int:
    path = tmp_path / "plan.json"
    path.write_text(text)
    return gate.main([str(path), *arguments])


def test_a_harmless_plan_goes_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, HARMLESS) == gate.GO
    said = capsys.readouterr().out
    assert "1 changed" in said
    assert "**Nothing dangerous.**" in said


def test_a_dangerous_one_is_stopped_and_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, DEADLY) == gate.STOP
    assert "every image" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[]", '{"source": "graph", "version": 9}', '{"steps": [1]}'])
def test_what_cannot_be_read_is_no_permission(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, text) == gate.UNREAD
    assert "gate: " in capsys.readouterr().err


def test_a_file_that_is_not_there_is_no_permission(tmp_path: Path) -> None:
    assert gate.main([str(tmp_path / "none.json")]) == gate.UNREAD


def test_it_writes_words_and_a_plan_that_it_reads_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, plan = tmp_path / "words.md", tmp_path / "normal.json"

    run(tmp_path, DEADLY, "--out", str(words), "--plan-out", str(plan))

    assert words.read_text() == capsys.readouterr().out
    assert gate.main([str(plan)]) == gate.STOP
    assert json.loads(plan.read_text())["source"] == "pulumi preview"


def test_a_plan_of_our_own_program_goes_through(tmp_path: Path) -> None:
    plan = plan_of(declare_graph("dev"), declare_graph("dev"))

    assert run(tmp_path, json.dumps(to_json(plan))) == gate.GO


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a program that declares one bucket, and a branch on which it is another."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "Pulumi.yaml").write_text("name: imaging\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {gcp:project: my-imaging}\n")
    (folder / "infra").mkdir()
    (folder / "infra" / "__init__.py").write_text("NAME = 'one'\n")
    (folder / "review").mkdir()
    (folder / "review" / "__init__.py").write_text("raise RuntimeError('the base has tools of its own')\n")
    (folder / "__main__.py").write_text(
        "import pulumi_gcp as gcp\nfrom infra import NAME\ngcp.storage.Bucket(NAME, name=NAME, location='EU')\n"
    )
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "checkout", "-qb", "topic")
    (folder / "infra" / "__init__.py").write_text("NAME = 'two'\n")
    git(folder, "commit", "-qam", "two")
    return folder


def test_the_program_of_the_base_runs_with_the_tools_of_today(project: Path) -> None:
    commit = merge_base("main", project)

    found = graphs_at(commit, ["dev", "staging"], project, tools=ROOT)

    assert found["staging"] is None
    assert found["dev"] is not None
    assert [node.name for node in found["dev"].nodes if node.type.endswith(":Bucket")] == ["one"]
    assert git(project, "status", "--porcelain") == ""


def test_a_base_that_cannot_be_run_is_said(project: Path) -> None:
    with pytest.raises(Unreadable, match=r"no no-such-branch here, nor origin/.*: fetch it with git fetch origin no-"):
        merge_base("no-such-branch", project)
    with pytest.raises(Unreadable, match=r"fetch it with git fetch origin gone:refs/remotes/origin/gone$"):
        merge_base("origin/gone", project)


def cloned(project: Path, to: Path, *how: str) -> Path:
    git(project, "clone", "-q", *how, f"file://{project}", str(to))
    return to


def test_a_clone_without_the_base_branch_compares_with_the_remotes(project: Path, tmp_path: Path) -> None:
    there = cloned(project, tmp_path / "clone", "--branch", "topic")

    assert merge_base("main", there) == merge_base("main", project)
    git(there, "checkout", "-q", "--detach")
    assert merge_base("main", there) == merge_base("main", project)


def test_a_shallow_clone_says_what_it_lacks(project: Path, tmp_path: Path) -> None:
    there = cloned(project, tmp_path / "clone", "--depth=1", "--no-single-branch", "--branch", "topic")

    with pytest.raises(Unreadable, match="git fetch --unshallow"):
        merge_base("main", there)


def test_a_folder_without_a_history_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="git knows no main here"):
        merge_base("main", tmp_path)


def test_what_is_not_committed_is_named(project: Path, tmp_path: Path) -> None:
    there = cloned(project, tmp_path / "clone", "--branch", "topic")
    assert "not committed" not in describe("main", there)

    (there / "infra" / "__init__.py").write_text("NAME = 'three'\n")

    assert re.fullmatch(
        r"`\w{10}` and changes that are not committed, against `\w{10}`, .* `main`", describe("main", there)
    )


def test_a_stack_that_does_not_exist_is_no_permission(capsys: pytest.CaptureFixture[str]) -> None:
    assert gate.main(["--base", "HEAD", "--stack", "nowhere"]) == gate.UNREAD
    assert "Pulumi.nowhere.yaml" in capsys.readouterr().err


def test_the_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gate.main(["--help"])

    assert capsys.readouterr().out.startswith("usage: python -m ops gate ")


def test_the_command_line_says_what_there_is() -> None:
    done = subprocess.run([sys.executable, "-m", "ops"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 2
    assert "  gate " in done.stdout
