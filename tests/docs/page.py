"""The runbook as tests read it: its sections, their commands, and what a reader puts for the words in capitals."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
WORD = re.compile(r"(?<!\$)\b[A-Z][A-Z_]{2,}\b(?!=)")
"""Something to fill in; what stands before a `=` is a variable of make's."""
PLAIN = {"AND", "DELETE", "ERROR"}
"""Words in capitals that are part of a command."""


def sections(text: str | None = None) -> dict[str, list[str]]:
    """The commands of each section, one a line, by heading; those before the first have the page's title."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^##? ", text or RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        blocks: list[str] = re.findall(r"^```sh\n(.*?)^```", body, re.DOTALL | re.MULTILINE)
        found[heading] = "".join(blocks).replace("\\\n", "").splitlines()
    return found


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def typed(line: str, variables: Mapping[str, str], words: Mapping[str, str]) -> list[str]:
    """A command as a shell splits it, with `variables` of the shell and `words` in place. Fails for what is left."""
    assert "`" not in line, f"{line}: a shell would run what is between the backticks"
    filled = WORD.sub(lambda word: words.get(word[0], word[0]), line)
    parts = shlex.split(re.sub(r"(?<!\\)\$(\w+)", lambda name: variables[name[1]], filled))
    left = {word for word in WORD.findall(line) if word not in words} - PLAIN
    assert not left, f"{line}: nothing is given for {', '.join(sorted(left))}"
    return parts


def split(command: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words, and options by name without dashes; an option without a value is "true"."""
    words = [word for word in command if not word.startswith("--")]
    options = (word[2:].partition("=") for word in command if word.startswith("--"))
    return words, {name: value if equals else "true" for name, equals, value in options}
