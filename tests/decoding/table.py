"""What the pinned engine makes of each fixture, as a table; and what rule R07 makes of that table.

`decoding.json` is the evidence, one line a fixture; the rows `codestreams` of `rules.json` follow from it. Their titles
and consequences are written by people and kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from prepare.model import codestream
from prepare.model.codestream import header, identify

from tests.decoding.engine import Seen
from tests.decoding.fixtures import BIG, LOSSY, Fixture
from viewer.packages import LITE

RULES = Path(codestream.__file__).with_name("rules.json")
"""The preparation job's table of rules."""
TABLE = RULES.with_name("decoding.json")
ABOUT = (
    "What the viewer's engine makes of one tissue tile in each coding. Made by `python -m tests.decoding`. "
    "right: every sample equal, or PSNR of at least 30 dB where the coding loses. wrong: other pixels, and no error. "
    "error: no pixels."
)
BOUND = 30
"""PSNR in dB of a lossy picture, 4:2:2 included; colours in another space have at most 12."""
VIDEO = {
    "MPEG2": range(100, 102), "MPEG-4 AVC/H.264": range(102, 107), "HEVC/H.265": range(107, 109),
}  # fmt: skip
WITHOUT = {
    f"1.2.840.10008.1.2.4.{end}": f"{name} is video: it has no frames that a viewer could ask for one by one"
    for name, ends in VIDEO.items()
    for end in ends
}
SILENT = "it shows wrong pixels, without an error"
Row = dict[str, Any]


def engine_version() -> str:
    """Name and version that the lite page locks."""
    lock = json.loads((LITE / "package-lock.json").read_text())
    return f"dicom-microscopy-viewer {lock['packages']['node_modules/dicom-microscopy-viewer']['version']}"


def row(fixture: Fixture, seen: Seen) -> Row:
    outcome, judged = judge(fixture, seen)
    return {
        "transfer_syntax": fixture.syntax,
        "coding": coding(fixture),
        "photometric": fixture.photometric,
        "bits": f"{fixture.stored} in {fixture.allocated}",
        "outcome": outcome,
        "judged": judged,
    }


def judge(fixture: Fixture, seen: Seen) -> tuple[str, str]:
    """Outcome, and how it was judged."""
    if seen.pixels is None:
        return "error", seen.error
    got = np.frombuffer(seen.pixels[: len(seen.pixels) // 2 * 2], "<u2" if fixture.allocated == 16 else np.uint8)
    if got.size != fixture.truth.size:
        return "wrong", "the frame's own bytes are taken for pixels"
    difference = got.reshape(fixture.truth.shape).astype(float) - fixture.truth
    if not difference.any():
        return "right", "every sample equal"
    found = 10 * np.log10((2**fixture.stored - 1) ** 2 / (difference**2).mean())
    good = found >= BOUND and fixture.syntax in LOSSY
    return "right" if good else "wrong", f"PSNR {int(found)} dB"


def coding(fixture: Fixture) -> str:
    """As the job calls it, which tells most from the bytes, and the rest from the attributes."""
    told = identify(fixture.frame, fixture.truth.size * fixture.allocated // 8)
    if told == "raw" and fixture.planar:
        return "raw-by-plane"
    return "raw-big-endian" if told == "raw" and fixture.syntax == BIG and fixture.allocated > 8 else told


def evidence(rows: Mapping[str, Row]) -> dict[str, Any]:
    return {"about": ABOUT, "engine": engine_version(), "fixtures": dict(rows), "no_fixture": WITHOUT}


def codestreams(before: Mapping[str, Row], rows: Iterable[Row]) -> dict[str, Row]:
    """The rows of R07, from the evidence that is R07's: see `of_another_precision`."""
    by_coding: dict[str, list[Row]] = {}
    for one in rows:
        by_coding.setdefault(one["coding"], []).append(one)
    return {name: _codestream(old, by_coding.get(name, [])) for name, old in before.items()}


def _codestream(old: Row, tried: list[Row]) -> Row:
    outcomes: dict[str, set[str]] = {}
    for one in tried:
        outcomes.setdefault(one["photometric"], set()).add(one["outcome"])
    right = sorted(name for name, found in outcomes.items() if found == {"right"})
    wrong = sorted(set(outcomes) - set(right))
    new = {key: old[key] for key in ("title", "transfer_syntaxes")}
    new |= {"decodes": bool(right), "right": right, "wrong": wrong}
    if not right:
        silent = any("wrong" in found for found in outcomes.values())
        new["severity"] = "WRONG" if silent else "BLOCK"
        new["consequence"] = old.get("consequence") or (SILENT if silent else "the slide stays blank")
    return new


def of_another_precision(fixture: Fixture) -> bool:
    """The codestream has another precision than the metadata says: R08's, except where no precision decodes."""
    told = header(fixture.frame, coding(fixture))
    return coding(fixture) != "jpeg-extended" and told is not None and told.bits != fixture.allocated


def written_rules(text: str, rows: Mapping[str, Row]) -> str:
    """`rules.json` with other rows of codestreams, a line each, and the engine's version."""
    table = json.loads(text)
    start = text.index('  "codestreams": {')
    lines = ",\n".join(f'    "{name}": {json.dumps(one, ensure_ascii=False)}' for name, one in rows.items())
    head = text[:start].replace(json.dumps(table["engine"]), json.dumps(engine_version()), 1)
    return f'{head}  "codestreams": {{\n{lines}\n  }}\n}}\n'


def written_evidence(table: Mapping[str, Any]) -> str:
    """A line a fixture."""
    parts = [f'  "about": {json.dumps(table["about"])}', f'  "engine": {json.dumps(table["engine"])}']
    for key in ("fixtures", "no_fixture"):
        lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(one)}" for name, one in table[key].items())
        parts.append(f'  "{key}": {{\n{lines}\n  }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def read(path: Path = TABLE) -> dict[str, Any]:
    return json.loads(path.read_text())
