"""What a person sees of a load: lines and a table anywhere, a bar at a terminal only."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ops.load.bulk import Counters
from ops.load.outcome import Outcome, Verdict
from ops.load.view import View, summary

STORED = Outcome("/data/[bold]1.dcm", Verdict.STORED, 2_500_000)
REFUSED = Outcome("/data/2.dcm", Verdict.REFUSED, 500_000, "damaged")


def shown(terminal: bool, name: str = "xterm") -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None, highlight=False,
                      _environ={"TERM": name})  # fmt: skip
    with View(console, 3_000_000, "storing") as view:
        view.advance(1_500_000)
        view.outcome(STORED)
        view.outcome(REFUSED)
    summary(console, [STORED, REFUSED])
    return out.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_every_file_has_its_line_with_its_name_as_it_is(terminal: bool) -> None:
    text = shown(terminal)
    assert "stored         /data/[bold]1.dcm\n" in text
    assert "refused        /data/2.dcm: damaged\n" in text


def test_a_bar_is_drawn_at_a_terminal_only() -> None:
    assert "storing" in shown(terminal=True)
    assert "storing" not in shown(terminal=False)


def test_a_terminal_that_cannot_move_its_cursor_gets_lines_in_place_of_a_bar() -> None:
    assert "storing" not in shown(terminal=True, name="dumb")
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None, _environ={"TERM": "dumb"})
    with View(console, 0, "importing") as view:
        view.counters(Counters(pending=2, success=5, failure=1))
    assert "5 imported, 1 failed, 2 to go" in out.getvalue()


def test_the_sum_counts_files_and_megabytes_of_what_occurred() -> None:
    rows = [line.split() for line in shown(terminal=False).splitlines()[-2:]]
    assert rows == [["stored", "1", "2.5"], ["refused", "1", "0.5"]]


def test_an_import_counts_its_files() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, highlight=False)
    with View(console, 0, "importing") as view:
        view.counters(Counters(pending=2, success=5, failure=1))
    summary(console, [], imported=5)
    assert "5 imported, 1 failed, 2 to go" in out.getvalue()
    assert out.getvalue().splitlines()[-1].split() == ["stored", "5", "0.0"]
