"""A store that lies, files that are none: each ends in a report or a sentence, soon, in little memory.

Each case has a process of its own: memory that other tests took, and give back or do not, is not the job's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import hostile_bombs
from tests.jobs.hostile_cases import SLIDES

SEEDS = 5_000 if os.environ.get("SLOW") else 240
MEMORY = 384 << 20
"""Bytes that any number of hostile inputs may add to IMPORTED: 512 MiB."""
IMPORTED = 128 << 20


class Alone:
    """The process that a case is forked from: it holds what the cases import, and no more."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, str(Path(__file__).with_name("hostile_process.py"))]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, case: str, *arguments: Any) -> str:
        """What the job said; it broke nowhere and kept to its memory."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([case, arguments]), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        assert not answer["broke"], answer["broke"]
        assert answer["memory"] < MEMORY, f"{answer['memory'] >> 20} MiB"
        return answer["said"]

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def alone() -> Iterator[Alone]:
    process = Alone()
    yield process
    process.close()


def test_the_job_itself_takes_little() -> None:
    told = "import prepare.__main__; print(open('/proc/self/status').read())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"VmHWM:\s+(\d+)", answer.stdout)
    assert found
    assert int(found[1]) * 1024 < IMPORTED


@pytest.mark.parametrize("slide", SLIDES)
def test_a_store_that_does_not_lie_gets_every_slide_ready(alone: Alone, slide: str) -> None:
    assert alone("honest", slide) == "ready 3"


def test_answers_spoilt_at_random_end_in_a_report_or_a_sentence(alone: Alone) -> None:
    assert alone("answers", [*range(SEEDS), 3_383]) == ""  # the last one found something once


def test_spoilt_files_are_refused_in_a_sentence_or_read(alone: Alone) -> None:
    assert alone("files", list(range(SEEDS))) == ""


@pytest.mark.parametrize("name", hostile_bombs.FILES)
def test_a_file_that_asks_for_much_gets_little(alone: Alone, name: str) -> None:
    alone("bomb", name)


@pytest.mark.parametrize("name", sorted({*hostile_bombs.FILES} - {"pixels that break off", "fragments that break off"}))
def test_nothing_is_made_of_a_file_that_asks_for_much(alone: Alone, name: str) -> None:
    assert re.search(r"send it|not read|too many|otherwise", alone("copy of bomb", name))


@pytest.mark.parametrize("syntax", hostile_bombs.FRAMES)
def test_a_frame_that_announces_much_is_refused(alone: Alone, syntax: str) -> None:
    for number in range(len(hostile_bombs.FRAMES[syntax])):
        assert "a frame of" in alone("frame", syntax, number)


@pytest.mark.parametrize("kind", ["rows", "metadata"])
@pytest.mark.parametrize("name", hostile_bombs.DOCUMENTS)
def test_an_answer_that_is_no_dicom_json_is_told_in_a_sentence(alone: Alone, name: str, kind: str) -> None:
    assert " " in alone("document", name, kind)
