"""Pages can be read in a terminal and in a review: lines of 120 columns, cells of tables of 200 characters."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 120
CELL = 200


def pages() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    # The changelog is read by searching it.
    return [ROOT / name for name in listed.stdout.split("\0") if name not in ("", "CHANGELOG.md")]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def too_wide(text: str) -> Iterator[str]:
    """Rows of tables cannot be broken, so their cells are measured; nor can a line of one word or one `command`."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("|"):
            yield from (f"{number}: a cell of {len(cell)}: {cell[:60]}" for cell in cells(line) if len(cell) > CELL)
        elif len(line) > COLUMNS and " " in re.sub(r"^([-*+] |\d+\. |\w+: )|`[^`]*`", "", line.strip()):
            yield f"{number}: {len(line)} columns: {line[:60]}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_not_too_wide(page: Path) -> None:
    assert list(too_wide(page.read_text(encoding="utf-8"))) == []


def test_what_is_too_wide_is_seen() -> None:
    words = "word " * 30
    table = f"| a | {'b' * 201} |\n"
    long_row = f"| {'a' * 199} | {'b' * 199} |\n"
    one_word = f"   urn: {'u' * 200}\n"

    assert [line[:2] for line in too_wide(f"short\n{words}\n{table}{long_row}{one_word}")] == ["2:", "3:"]
