"""The one comment: what comes first, what it holds, that it fits and that nobody can write into it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ops.review import base, comment, cost
from ops.review.comment import LONGEST, MARKER, reports_in, write
from ops.review.compare import plan_of
from ops.review.dangers import dangers
from ops.review.graph import Graph
from ops.review.parts import Reviewed
from ops.review.plan import failure
from policy.check import Report
from policy.resource import Violation
from tests.ops.review.graphs import STORE, TOPIC, dataset, digest, graph, node


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the judge of the merge base beside, who has a test of his own, and whatever this checkout changes."""
    monkeypatch.setattr(comment, "verdict_of", lambda *_: None)
    monkeypatch.setattr(comment, "with_files", lambda plan, *_: plan)
    monkeypatch.setattr(base, "with_files", lambda plan, *_: plan)


EVIL = f"x`y\n{MARKER}\n# Heading @someone <img src=x> [a](b)"
SMOKE: dict[str, Any] = {
    "verdict": "failed",
    "results": [
        {"name": "frames", "status": "fail", "reason": "two frames swapped"},
        {"name": "store", "status": "pass", "reason": ""},
    ],
}


def reviewed(before: Graph, after: Graph, *violations: Violation) -> Reviewed:
    plan = plan_of(before, after)
    return Reviewed(plan=plan, dangers=dangers(plan), controls=Report(violations=list(violations)))


def written(*items: Reviewed, **more: Any) -> str:
    return write(items, cost.usage(), **more)


def test_the_marker_is_the_first_line_and_the_only_one() -> None:
    said = written(reviewed(graph(dataset()), graph(dataset(timeZone=EVIL), node(TOPIC, EVIL))), smoke={EVIL: SMOKE})

    assert said.startswith(f"{MARKER}\n")
    assert said.count("<!--") == 1


def test_dangers_come_before_everything_else() -> None:
    said = written(reviewed(graph(dataset()), graph()))

    assert said.index("**To be agreed to: 1**") < said.index("| stack | plan |") < said.index("### `dev`: 1 deleted")


def test_nothing_dangerous_is_said_too() -> None:
    assert "**Nothing dangerous.**" in written(reviewed(graph(dataset()), graph(dataset())))


def test_it_has_plan_controls_matrix_cost_preview_and_smoke() -> None:
    broken = Violation("stores-are-kept", ("10",), "urn", "Dataset archive-dataset is not protected.", "Set protect.")
    store = node(STORE, "archive-viewer", name="viewer")

    said = written(
        reviewed(graph(dataset()), graph(dataset(), store), broken),
        preview_url="https://my-imaging-preview.web.app",
        smoke={"local": SMOKE, "dev": None},
    )

    assert re.search(r"\| `dev` \| 1 created \| 1 \| 1 \| \d+\.\d\d \(\+\d+\.\d\d\) \|", said)
    assert "`stores-are-kept` (10): Dataset archive-dataset is not protected. Set protect." in said
    assert "**Least privilege:** as it was." in said
    assert re.search(r"- `dev` `archive-viewer`: 0\.00 → \d+", said)
    assert "**Preview viewer:** <https://my-imaging-preview.web.app>" in said
    assert "- `local`: failed (1 pass, 1 fail); frames: two frames swapped" in said
    assert "- `dev`: the report cannot be read" in said


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://plain.example.org", "https://a b", "https://a>x", "https://a\n@someone"]
)
def test_an_odd_link_is_only_shown(url: str) -> None:
    said = written(reviewed(graph(), graph()), preview_url=url)

    assert "<https" not in said
    assert "<java" not in said
    assert "<http" not in said
    assert "**Preview viewer:** `" in said


def test_nothing_from_outside_acts_as_markup() -> None:
    broken = Violation(EVIL, (EVIL,), EVIL, EVIL, EVIL)
    report = {"verdict": EVIL, "results": [{"name": EVIL, "status": "fail", "reason": EVIL}]}

    said = written(reviewed(graph(dataset()), graph(node(TOPIC, EVIL)), broken), smoke={"local": report})

    bare = re.sub(r"`[^`\n]*`", "", said)
    for markup in ("@someone", "<img", "[a](b)", "\n# "):
        assert markup not in bare, markup


def test_it_fits_whatever_the_plan() -> None:
    many = graph(*(node(TOPIC, f"topic-{number}", labels={"a": "b" * 90}) for number in range(3000)))
    here, there = (Graph(stack="prod", nodes=(node,)) for node in (dataset(), dataset(timeZone="UTC")))
    small = reviewed(here, there)

    said = written(reviewed(graph(), many), small)

    assert len(said) <= LONGEST
    assert "Too long for a comment" in said
    assert "`timeZone`" in said
    assert "**Cost**" in said


def test_it_fits_with_ten_thousand_dangers() -> None:
    many = graph(*(node(STORE, f"store-{number}") for number in range(3000)))

    said = written(reviewed(graph(*many.nodes, dataset()), graph(dataset())))

    assert len(said) <= LONGEST
    assert said.rstrip().endswith("the whole text is in the check's artefacts, as comment.whole.md.")


def test_what_is_folded_is_closed_where_it_is_cut() -> None:
    broken = [Violation(f"rule-{number}", ("1",), "urn", "It is so. " * 20, "Mend it.") for number in range(500)]

    said = written(reviewed(graph(dataset()), graph(dataset()), *broken))

    assert len(said) <= LONGEST
    assert said.count("<details>") == said.count("</details>") == 1
    assert said.rstrip().endswith("comment.whole.md.")


def test_reports_are_read_where_the_smoke_tests_put_them(tmp_path: Path) -> None:
    for stack, text in (("dev", json.dumps(SMOKE)), ("prod", "{broken")):
        (tmp_path / stack).mkdir()
        (tmp_path / stack / "smoke.json").write_text(text)

    assert reports_in(tmp_path) == {"dev": SMOKE, "prod": None}
    assert reports_in(tmp_path / "none") == {}


def test_a_report_that_was_promised_and_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "smoke.json").write_text(json.dumps(SMOKE))
    smoke = ["--smoke", f"local={tmp_path / 'smoke.json'}", "--smoke", f"dev={tmp_path / 'gone.json'}"]

    comment.main(["--base", "HEAD", "--stack", "local", "--reports", "none", *smoke])

    said = capsys.readouterr().out
    assert "- `local`: failed (1 pass, 1 fail)" in said
    assert "- `dev`: the report cannot be read" in said


def test_the_command_takes_pulumis_plan_where_there_is_one(tmp_path: Path) -> None:
    plan, out = tmp_path / "dev.json", tmp_path / "comment.md"
    plan.write_text(digest(graph(dataset()), graph()))
    arguments = ["--base", "HEAD", "--stack", "dev", "--plan", f"dev={plan}", "--out", str(out), "--reports", "none"]

    assert comment.main(arguments) == 0
    assert comment.main([*arguments, "--gate"]) == 1
    assert "1 deleted, by Pulumi" in out.read_text()


def test_the_command_compares_with_the_merge_base(capsys: pytest.CaptureFixture[str]) -> None:
    assert comment.main(["--base", "HEAD", "--stack", "dev", "--reports", "none"]) == 0
    assert "| `dev` |" in capsys.readouterr().out


def test_the_whole_text_is_kept_beside_a_comment_that_is_too_long(tmp_path: Path) -> None:
    plan, out = tmp_path / "dev.json", tmp_path / "new" / "comment.md"
    many = graph(*(node(TOPIC, f"topic-{number}", labels={"a": "b" * 90}) for number in range(3000)))
    plan.write_text(digest(graph(), many))

    comment.main(["--base", "HEAD", "--stack", "dev", "--plan", f"dev={plan}", "--out", str(out), "--reports", "none"])

    whole = (tmp_path / "new" / "comment.whole.md").read_text()
    assert len(out.read_text()) <= LONGEST < len(whole)
    assert "`topic-2999`" in whole
    assert "`topic-2999`" not in out.read_text()


def test_it_says_of_which_commit_it_is(tmp_path: Path) -> None:
    out = tmp_path / "comment.md"

    comment.main(["--base", "HEAD", "--stack", "dev", "--out", str(out), "--commit", "c0ffee" * 6])

    assert re.search(r"\nCommit `c0ffeec0ff`, merged: `[0-9a-f]{10}`.*, against `[0-9a-f]{10}`", out.read_text())


@pytest.mark.parametrize("kept", ["", json.dumps(failure("403 on the bucket")), None])
def test_a_preview_that_failed_is_said_first_and_stops_the_gate(tmp_path: Path, kept: str | None) -> None:
    """Empty, in the words of the step that ran it, or not there at all."""
    plan, out = tmp_path / "dev.json", tmp_path / "comment.md"
    if kept is not None:
        plan.write_text(kept)
    arguments = ["--base", "HEAD", "--stack", "dev", "--plan", f"dev={plan}", "--out", str(out), "--reports", "none"]

    assert comment.main([*arguments, "--gate"]) == 1

    said = out.read_text()
    assert said.index("**Pulumi could not say what it would do**") < said.index("**Nothing dangerous.**")
    assert "no changes, not by Pulumi" in said
    assert "403 on the bucket" in said or not kept


@pytest.mark.parametrize("base", ["no-such-ref", "-h", "main..HEAD"])
def test_what_cannot_be_looked_at_takes_the_place_of_what_was_said_before(
    base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "comment.md"

    assert comment.main([f"--base={base}", "--out", str(out)]) == 2

    assert f"comment: git knows no {base} here" in capsys.readouterr().err
    assert out.read_text().startswith(f"{MARKER}\n")
    assert "**This change could not be looked at.**" in out.read_text()
