"""Which builds of SLIM the browser suite has passed for. A release to prod needs one; the record is in the repository.

An entry is about one ref and one digest (the archive's hash, or the digest of a build from source).
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from viewer.slim_pin import SLIM, Pin, SlimError

PASSES = SLIM / "passes.json"
SUITE = (
    ".venv/bin/python -m pytest tests/browser -m slim --junit-xml=slim.xml && "
    ".venv/bin/python -m ops viewer record-pass --junit slim.xml"
)


def key(pin: Pin, digest: str) -> str:
    return f"{pin.tag}@{pin.commit} {digest}"


def require(pin: Pin, digest: str, passes: Path = PASSES) -> None:
    """Raises SlimError when the browser suite has not passed for this very build."""
    if key(pin, digest) not in _read(passes):
        raise SlimError(
            f"{pin.ref} ({digest[:12]}) may not go to prod: "
            f"no pass of the browser suite is recorded for it; run: {SUITE}"
        )


def record(pin: Pin, digest: str, junit: Path, when: str, passes: Path = PASSES) -> int:
    """Write down a pass, `when` in RFC 3339; gives the number of tests. Raises SlimError when the report is no pass."""
    try:
        report = ElementTree.parse(junit)  # noqa: S314 - pytest wrote it a moment ago
    except (OSError, ElementTree.ParseError) as error:
        raise SlimError(f"{junit} is not a JUnit report: {error}") from error
    suites = list(report.iter("testsuite"))
    count = {
        what: sum(int(suite.get(what, "0")) for suite in suites) for what in ("tests", "failures", "errors", "skipped")
    }
    if count["failures"] or count["errors"] or count["skipped"] or not count["tests"]:
        told = ", ".join(f"{number} {what}" for what, number in count.items())
        raise SlimError(f"{junit} is not a pass ({told}); every test must run and pass")
    known: dict[str, Any] = {**_read(passes), key(pin, digest): {"passed": when, "tests": count["tests"]}}
    draft = passes.with_name(f".{passes.name}.new")
    draft.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(passes)
    return count["tests"]


def _read(passes: Path) -> dict[str, Any]:
    return json.loads(passes.read_text(encoding="utf-8")) if passes.exists() else {}
