"""Errors that dicom3tools, which nobody here wrote, finds in DICOM files: told so that two files can be compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests import needs

PATIENCE = 120
INSTALL = "apt-get install dicom3tools"


def errors_of(file: bytes, folder: Path) -> set[str]:
    """Errors of one instance (dciodvfy), without what differs from file to file: numbers, UIDs, places in sequences."""
    path = folder / "instance.dcm"
    path.write_bytes(file)
    return _errors([str(needs.program("dciodvfy", install=INSTALL)), str(path)])


def errors_between(files: Iterable[bytes], folder: Path) -> set[str]:
    """Errors between the instances of a study (dcentvfy)."""
    paths = [folder / f"{number}.dcm" for number, _ in enumerate(files)]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    return _errors([str(needs.program("dcentvfy", install=INSTALL)), *map(str, paths)])


def _errors(command: list[str]) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return {_general(line) for line in lines if line.startswith("Error")}


def _general(line: str) -> str:
    """Without numbers of items, and values that are numbers or UIDs."""
    return re.sub(r"\b\d+(\.\d+)+\b|<[-\d.e ]+>", "…", re.sub(r"\[\d+\]", "[]", line))
