"""What a check at GitHub leaves behind when Pulumi fails: a reason that the comment can say."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver import reports
from ops.deliver.stack import Stack, load
from ops.review.gate import read
from ops.review.plan import Unreadable
from tests.ops.deliver.place import ROOT, stand_in


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Whose `pulumi` prints the file `printed` and ends with 255."""
    (tmp_path / "bin").mkdir()
    stand_in(tmp_path / "bin/pulumi", f"cat {tmp_path}/printed; exit 255")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr("ops.deliver.steps.settings", lambda _: None)
    return load("local", ROOT)


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ({"steps": [], "diagnostics": [{"severity": "error", "message": "403 on the bucket"}]}, "403 on the bucket"),
        ({"steps": []}, "a rule of the policy pack is broken"),
        (None, "no finished preview"),
    ],
)
def test_a_preview_that_fails_leaves_its_reason_in_place_of_a_plan(
    stack: Stack, tmp_path: Path, printed: object, why: str
) -> None:
    (tmp_path / "printed").write_text(json.dumps(printed) if printed else "error: no credentials")
    out = tmp_path / "plans" / "local.json"

    with pytest.raises(OpsRefused, match=f"pulumi preview --json ended with 255 on stack local.*{why}"):
        reports.preview(stack, out)

    with pytest.raises(Unreadable, match=f"the preview failed: .*{why}"):
        read(out.read_text())
    with pytest.raises(OpsRefused, match=f"drift of local: .*{why}"):
        reports.find_drift(stack, tmp_path / "drift.md")
    assert not (tmp_path / "drift.md").exists()


def test_a_comment_that_was_not_made_is_not_posted(tmp_path: Path) -> None:
    with pytest.raises(OpsRefused, match="there is no comment to post"):
        reports.comment(7, tmp_path / "none.md")
    (tmp_path / "other.md").write_text("hello")
    with pytest.raises(OpsRefused, match="is no comment of ours"):
        reports.comment(7, tmp_path / "other.md")
