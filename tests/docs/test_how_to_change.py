"""Each recipe of docs/how-to-change.md is followed on a copy of the checkout, as a newcomer would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.recipes import PAGE, Step, follow, recipes, scratch_copy

RECIPES = recipes(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_goes_through(heading: str, tmp_path: Path) -> None:
    checkout = scratch_copy(tmp_path)

    for step in RECIPES[heading]:
        follow(step, checkout)


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_changes_something_and_proves_it(heading: str) -> None:
    openings = [step.opening for step in RECIPES[heading]]

    assert openings[0] != "sh"
    assert openings[-1] == "sh"
    assert "pytest" in RECIPES[heading][-1].body


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step('py file=a.py after="gone"', "x\n", "in `a.py`"), "0 lines with 'gone'"),
        (Step('py file=a.py after="line"', "x\n", "in `a.py`"), "2 lines with 'line'"),
        (Step("py file=a.py new", "x\n", "in `a.py`"), "is there already"),
        (Step('py file=a.py after="line 1"', "x\n", "somewhere"), "does not name a.py"),
        (Step("python", "x\n", ""), "neither sh nor where"),
        (Step("sh", "true\nfalse\n", ""), "false"),
    ],
)
def test_a_stale_recipe_is_red(step: Step, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("line 1\nline 2\n")

    with pytest.raises(AssertionError, match=said):
        follow(step, tmp_path)


def test_blocks_are_put_where_they_say(tmp_path: Path) -> None:
    page = '## R\n1. In `a.py`:\n\n   ```py file=a.py HOW="line 1"\n   x = 1\n       y\n   ```\n'
    placed: dict[str, str] = {}
    for how in ("before", "after", "replace"):
        (tmp_path / "a.py").write_text("line 1\nline 2\n")
        for step in recipes(page.replace("HOW", how))["R"]:
            follow(step, tmp_path)
        placed[how] = (tmp_path / "a.py").read_text()

    assert placed == {
        "before": "x = 1\n    y\nline 1\nline 2\n",
        "after": "line 1\nx = 1\n    y\nline 2\n",
        "replace": "x = 1\n    y\nline 2\n",
    }
