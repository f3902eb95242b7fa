"""What the pinned engine demands between images, read from its own source: what R04, R11 and R19 mirror."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.decoding.table import RULES

SOURCES = Path("dicom-microscopy-viewer/src")
COMPARED = re.compile(r"pyramid\.(\w+), refPyramid\.\1")
SAME = re.compile(r"metadata\[0\]\.(\w+) !== metadata\[i\]\.\1")
TOLERANCE = re.compile(r"function are2DArraysAlmostEqual\(a, b, eps = ([\d.e-]+)\)")
REFUSED = re.compile(r"'(Found [\w ]+\.)'")


def engine_checks(packages: Path) -> dict[str, Any]:
    """`packages` is the folder of the npm packages. Raises LookupError where the engine's source is not as it was."""
    pyramid, utils, viewer = (
        (packages / SOURCES / f"{name}.js").read_text("utf-8") for name in ("pyramid", "utils", "viewer")
    )
    tolerance = TOLERANCE.search(utils)
    compared, same, refused = (
        sorted(set(pattern.findall(text)))
        for pattern, text in ((COMPARED, pyramid), (SAME, pyramid), (REFUSED, viewer))
    )
    if not (tolerance and compared and same and refused):
        raise LookupError("the engine's checks between images are not where they were: read its source again")
    return {
        "equal_in_all_optical_paths": compared,
        "tolerance": float(tolerance[1]),
        "equal_in_all_levels": same,
        "refused": refused,
        "counted_alike_in_all_levels": ["numberOfChannels"] if "pyramidNumberOfChannels !==" in pyramid else [],
    }


def write_engine_checks(packages: Path) -> None:
    text = RULES.read_text("utf-8")
    line = f'  "engine_checks": {json.dumps(engine_checks(packages))},\n'
    text = re.sub(r'  "engine_checks": .*\n', "", text)
    at = text.index('  "severities"')
    RULES.write_text(text[:at] + line + text[at:], "utf-8")
