"""What people see: one line a series, and the plan as a table with its sentences."""

from __future__ import annotations

import io
import json

from prepare.log import Log
from prepare.reports.screen import Terminal, log_for, plan_table, plan_words

from tests.jobs.fakes import Bench, pyramid


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def outcomes(bench: Bench) -> list[object]:
    runner = bench.runner("--study", "1.2", "--dry-run")
    runner.prepare_named(["1.2"], [])
    return runner.outcomes


def test_the_table_says_what_would_be_done_to_each_series_and_why() -> None:
    bench = Bench()
    bench.store.add("1.2", *pyramid()[:2])
    bench.store.add("1.2", *pyramid("1.2.2", ContainerIdentifier="SLIDE-2", TotalPixelMatrixFocalPlanes=3))
    lines = plan_table(outcomes(bench)).splitlines()
    assert lines[0].split() == ["STUDY", "SERIES", "STATUS", "PLAN"]
    assert lines[1].endswith("ready_degraded  add_levels: make_level 3")
    assert lines[2].startswith("    R09 SLOW: The slide opens slowly")
    assert lines[3].endswith("blocked: z_stack")
    assert "several focal planes" in lines[4]


def test_an_empty_table_has_its_head() -> None:
    assert plan_table([]) == "STUDY  SERIES  STATUS  PLAN"


def test_a_plan_is_told_in_a_few_words() -> None:
    actions = [{"action": "transcode", "instances": ["1", "2"]}, {"action": "make_level", "instances": []}]
    assert plan_words({"plan": {"kind": "repair", "actions": actions}}) == "repair: transcode 2, make_level 1"
    assert plan_words({"plan": None}) == ""


def test_a_terminal_gets_lines_for_people_and_a_pipe_gets_json() -> None:
    terminal, pipe = Tty(), io.StringIO()
    for stream in (terminal, pipe):
        log_for(stream, {"task": 0}).line("INFO", "series 1.2: ready", status="ready", requests=3, seconds={"act": 1.5})
    assert terminal.getvalue() == "   1 + series 1.2: ready  3 requests  1.5 s\n"
    assert json.loads(pipe.getvalue())["task"] == 0


def test_errors_stand_out_at_a_terminal() -> None:
    terminal = Tty()
    log: Log = Terminal(terminal)
    log.line("ERROR", "no permission")
    assert terminal.getvalue() == "error: no permission\n"
