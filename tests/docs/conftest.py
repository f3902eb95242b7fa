"""A deployed stack for each file of tests that follow the runbook, and what holds them to it: a section is typed whole.

One a file, because the tests of the job put its clock forward, which the tokens of commands do not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.docs.page import sections
from tests.docs.stack import Stack, deployed


class Walk:
    """The commands of a section, typed in their order; a call gives what the next one does."""

    def __init__(self, stack: Stack, heading: str) -> None:
        self.stack, self.heading = stack, heading
        self.left = sections()[heading]
        assert self.left, f"the section {heading} has no command"

    def __call__(self, stdin: str = "", **words: str) -> Any:
        """`words` are what is put for the words in capitals."""
        return self.stack.type(self.left.pop(0), words, stdin)


Follow = Callable[[str], Walk]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with deployed(tmp_path_factory.mktemp("runbook")) as stack:
        yield stack


@pytest.fixture
def follow(stack: Stack) -> Iterator[Follow]:
    """`follow(heading) -> Walk`. Fails when a test leaves a command of the section out."""
    walks: list[Walk] = []

    def start(heading: str) -> Walk:
        walks.append(Walk(stack, heading))
        return walks[-1]

    yield start
    for walk in walks:
        assert walk.left == [], f"the test of {walk.heading} did not type {walk.left}"
