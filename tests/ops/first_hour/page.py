"""docs/first-hour.md: the words of a rehearsal. `python -m tests.ops.first_hour.page` writes it anew."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.ops.first_hour.rehearsal import ROOT, rehearsal

PAGE = ROOT / "docs/first-hour.md"
GITHUB = {"dicom-platform:githubRepository": "my-lab/platform"}
HEAD = """# The first hour

`make first-hour STACK=dev` goes from nothing to a proved stack. It asks before what costs or cannot be undone, stops at
what only a person can do, says the page and the values, and notices when it is done. Run again, after a stop, a refusal
or a killed terminal, it goes on from what it finds in the cloud. `PROJECT=ID` and `PARENT=folders/ID` say what it would
ask for, `YES=1` agrees beforehand. Without a terminal it ends at each stop with status 3, at a refusal with 1.

What follows is what a rehearsal printed: on the local cloud as a new organisation, by a test that plays the person's
answers and acts (`tests/ops/first_hour`), and kills it at every request to go on from there. The Pulumi CLI is stood in
for by the in-process engine, and the smoke tests are left out; ports are masked. Written by
`python -m tests.ops.first_hour.page`.

```
"""


def page(said: Sequence[str]) -> str:
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:PORT", "\n".join(said))
    body = "\n".join(wrapped(line) for line in text.splitlines())
    return f"{HEAD}{body}\n```\n"


def wrapped(line: str) -> str:
    """At most 118 characters a line, which goes on two columns further in."""
    margin, rest = len(line) - len(line.lstrip()), line
    lines: list[str] = []
    while len(rest) > 118 and (at := rest.rfind(" ", margin + 3, 118)) > 0:
        lines.append(rest[:at])
        rest = " " * (margin + 2) + rest[at + 1 :]
    return "\n".join([*lines, rest])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        with rehearsal(Path(folder), patch, **GITHUB) as made:
            made.run()
            text = page(made.person.said)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
