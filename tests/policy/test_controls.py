"""docs/controls.md says what the rules say, of every control."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy.control_list import CONTROLS, PARTS
from policy.controls import PAGE, main, page
from policy.rules import RULES

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "run: python -m policy controls"


def test_each_of_the_38_controls_is_in_one_part() -> None:
    assert list(CONTROLS) == list(range(1, 39))
    assert sorted(number for numbers in PARTS.values() for number in numbers) == list(CONTROLS)


def test_a_control_without_a_rule_says_what_is_to_do_by_hand() -> None:
    ruled = {int(number) for rule in RULES for number in rule.controls}

    assert {number for number in CONTROLS if number not in ruled} == {6, 20, 21, 22, 35, 37}
    assert all("By hand" in CONTROLS[number].besides for number in CONTROLS if number not in ruled)


def test_what_must_hold_has_a_rule_that_refuses_or_a_reason() -> None:
    refusing = {int(number) for rule in RULES if rule.level == "must" for number in rule.controls}

    assert [
        number
        for number, control in CONTROLS.items()
        if control.level == "must" and number not in refusing and "By hand" not in control.besides
    ] == []


@pytest.mark.parametrize("number", CONTROLS)
def test_what_a_control_refers_to_exists(number: int) -> None:
    named = re.findall(r"`([a-z_]+/[\w./-]+)`", CONTROLS[number].besides)

    assert [path for path in named if not path.startswith("roles/") and not (ROOT / path).exists()] == []


def test_settings_that_are_named_exist() -> None:
    schema = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
    named = {
        key
        for control in CONTROLS.values()
        for sentence in re.findall(r"[Ss]ettings? (`[^.;(]*)", control.besides)
        for key in re.findall(r"`(\w+)`", sentence)
    }

    assert named >= {"auditRetentionDays", "datasetKey", "viewers"}
    assert [key for key in named if f"  {key}:" not in schema and f":{key}:" not in schema] == []


def test_a_page_that_is_behind_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()

    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
