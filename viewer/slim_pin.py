"""Which SLIM: tag, commit and the archive's hash in `slim/pin.toml`, and what the browser suite says of it.

Owns both files of `slim/`. Getting the archive is `viewer.slim_archive`; finding a release is `ops.viewer.pin`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer.capabilities import (
    BUILD,
    LEFT_OUT,
    ReportUnusable,
    lines_of_suite,
    not_passed,
    properties,
    read_report,
    results_by_case,
)

SLIM = Path(__file__).parent / "slim"
PIN = SLIM / "pin.toml"
PASSES = SLIM / "passes.json"
OVERLAY = SLIM / "overlay"
EDIT = "edit viewer/slim/pin.toml"
SUITE = (
    ".venv/bin/python -m pytest tests/browser -m slim --junit-xml=slim.xml && "
    ".venv/bin/python -m ops viewer record-pass --junit slim.xml"
)
SAVES = "draw, save, reload"
"""The capability without which no drawing tools are offered."""
_FORM = {
    "repository": (r"https://\S+|http://127\.0\.0\.1\S*", "the repository's URL"),
    "tag": (r"v?\d+(?:\.\d+)+(?:[-+][\w.+-]+)?", "a release's tag such as v1.2.3"),
    "commit": (r"[0-9a-f]{40}", "40 hexadecimal digits"),
    "sha256": (r"[0-9a-f]{64}|", "64 hexadecimal digits"),
}


class SlimError(Exception):
    """SLIM cannot be released as things are; one sentence with the remedy."""


@dataclass(frozen=True, kw_only=True)
class SlimPin:
    """`sha256` is empty until an archive was recorded."""

    repository: str
    tag: str
    commit: str
    sha256: str

    @property
    def ref(self) -> str:
        return f"slim {self.tag} {self.commit[:12]}"

    @property
    def build(self) -> str:
        """Names this very build, in passes and in reports."""
        return f"{self.tag}@{self.commit} {self.sha256}"

    @property
    def archive(self) -> str:
        """The asset's name on the release page."""
        return f"slim-{self.tag}.zip"

    @property
    def archive_url(self) -> str:
        return f"{self.repository}/releases/download/{self.tag}/{self.archive}"


def read_pin(path: Path = PIN) -> SlimPin:
    """The pin. Raises SlimError naming the first field that is missing or malformed."""
    values = _fields(path)
    for field in ("tag", "commit"):
        if not values[field]:
            raise SlimError(f"no SLIM is pinned yet: {field} is empty; run: make viewer-pin")
    return SlimPin(**values)


def repository_of(path: Path = PIN) -> str:
    """Whose releases are used, also where nothing is pinned yet. Raises SlimError."""
    return _fields(path)["repository"]


def _fields(path: Path) -> dict[str, str]:
    try:
        values = {key: str(value) for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SlimError(f"viewer/slim/pin.toml cannot be read: {error}") from None
    if unknown := sorted(set(values) - set(_FORM)):
        raise SlimError(f"viewer/slim/pin.toml has the unknown field {unknown[0]}; known: {', '.join(_FORM)}")
    for field, (pattern, words) in _FORM.items():
        value = values.setdefault(field, "")
        if not re.fullmatch(pattern, value) and (value or field == "repository"):
            raise SlimError(f"{field} = {value!r} in viewer/slim/pin.toml must be {words}; {EDIT}")
    return values


def write_pin(path: Path = PIN, **changes: str) -> None:
    """Set fields, keeping the comments; whole or not at all. Raises SlimError for a malformed value."""
    text = path.read_text(encoding="utf-8")
    for field, value in changes.items():
        pattern, words = _FORM[field]
        if not value or not re.fullmatch(pattern, value):
            raise SlimError(f"{field} {value!r} must be {words}")
        line = rf"""^{field}\s*=\s*(["']).*?\1"""
        text, written = re.subn(line, f'{field} = "{value}"', text, flags=re.MULTILINE)
        if not written:
            raise SlimError(f'{path} has no line {field} = "…" to write {value} to; add it')
    _replace(path, text)


def require_pass(pin: SlimPin, passes: Path = PASSES) -> None:
    """Raises SlimError when the browser suite has not passed for this very build."""
    if pin.build not in _read_passes(passes):
        raise SlimError(
            f"{pin.ref} ({pin.sha256[:12]}) may not go to prod: "
            f"no pass of the browser suite is recorded for it; run: {SUITE}"
        )


def can_save(pin: SlimPin, passes: Path = PASSES) -> bool:
    """Whether the suite drew, saved and found again after a reload with this build: else it gets no drawing tools."""
    entry = _read_passes(passes).get(pin.build)
    return entry is not None and SAVES in entry["can"]


def record_pass(pin: SlimPin, junit: Path, when: str, passes: Path = PASSES) -> dict[str, Any]:
    """Write down what the suite's report says of this build, `when` in RFC 3339; gives the entry.

    Raises SlimError when the report is of another build, of a part of the suite, or no pass: a test failed, or was
    skipped for want of something. What the viewer may lack (`xfail`) is no failure; it is
    recorded under `cannot`, with why.
    """
    try:
        report = read_report(junit)
    except ReportUnusable as error:
        raise SlimError(str(error)) from error
    built = properties(report, BUILD)
    if built != [pin.build]:
        of = " and ".join(built) or "no build that it names"
        raise SlimError(f"{junit} is about {of}, pinned is {pin.build}; run the suite on the pinned one: {SUITE}")
    cases = list(report.iter("testcase"))
    bad = not_passed(cases)
    if bad:
        raise SlimError(f"{junit} is not a pass ({len(cases)} tests; not passed: {', '.join(bad)})")
    results, lines = results_by_case(cases), lines_of_suite()
    _require_whole(junit, lines, lines - set(results), properties(report, LEFT_OUT))
    entry = {
        "passed": when,
        "tests": len(cases),
        "lines": len(results),
        "can": sorted(name for name in results if not results[name]),
        "cannot": {name: why for name, why in results.items() if why},
    }
    known = {**_read_passes(passes), pin.build: entry}
    _replace(passes, json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return entry


def _require_whole(junit: Path, lines: set[str], missing: set[str], left_out: list[str]) -> None:
    """Raises SlimError for a run of a part of the suite, which names no lack that stands in another part."""
    said = [f"{len(lines) - len(missing)} of {len(lines)} lines; missing: {', '.join(sorted(missing))}"] * bool(missing)
    said += [f"{len(left_out)} tests were chosen away, such as {left_out[0]}"] if left_out else []
    if said:
        raise SlimError(f"{junit} did not run the whole suite ({'; '.join(said)}); run all of it: {SUITE}")


def _read_passes(passes: Path) -> Mapping[str, Any]:
    return json.loads(passes.read_text(encoding="utf-8")) if passes.exists() else {}


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
