"""Who runs the first hour: what they are told, asked, and waited for. Plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console

from ops.client.refusal import OpsRefused

PAUSE = 5.0
"""Seconds between two looks at what is waited for."""
A_LINE_EVERY = 60.0
"""Seconds between two lines about waiting where there is no terminal."""


class PersonNeeded(OpsRefused):
    """Only a person can go on: at a page in a browser, or by an answer that nobody gave."""


class Person(Protocol):
    """`is_there` says whether somebody can answer and act now."""

    is_there: bool

    def tell(self, line: str) -> None: ...

    def answer(self, question: str) -> str:
        """What was typed, without spaces around it."""
        ...

    def wait(self, what: str, is_done: Callable[[], bool], seconds: float) -> bool:
        """Looks until it is done; False when `seconds` went by before."""
        ...


class AtTheTerminal:
    """Reads answers from standard input when it is a terminal."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self.is_there = sys.stdin.isatty() and self._console.is_terminal

    def tell(self, line: str) -> None:
        self._console.print(line, markup=False)

    def answer(self, question: str) -> str:
        return input(f"{question} ").strip()

    def wait(self, what: str, is_done: Callable[[], bool], seconds: float) -> bool:
        began, said = time.monotonic(), 0.0
        with self._console.status(what):
            while not is_done():
                waited = time.monotonic() - began
                if waited > seconds:
                    return False
                if not self._console.is_terminal and (not said or waited - said >= A_LINE_EVERY):
                    self.tell(f"  {what} ({waited:.0f} s)")
                    said = waited or PAUSE
                time.sleep(PAUSE)
        return True
