"""Looks at what was stored as if it had just come: metadata, a frame of each level as the viewer asks, the rules."""

from __future__ import annotations

from collections.abc import Iterable

from ..checks.rules import LabelPolicy, findings, status
from ..dicomweb.inspection import inspect
from ..dicomweb.store import DicomStore
from ..errors import SeriesFailed
from ..model.metadata import Row


def verify(target: DicomStore, study: str, series: str, rows: Iterable[Row], label_policy: LabelPolicy) -> None:
    """`rows` is what `target` lists of the study. Raises SeriesFailed when the series would not open."""
    seen = inspect(target, study, rows)
    if series in seen.unreadable:
        raise seen.unreadable[series]
    slide = seen.slides.get(series)
    found = findings(slide, label_policy) if slide else ()
    if status(found) == "blocked":
        wrong = ", ".join(sorted({one.rule for one in found if one.severity in ("BLOCK", "WRONG")}))
        raise SeriesFailed(
            f"series {series}: what was stored in {target.name} does not open ({wrong}): this is a defect of the job, "
            "please report it"
        )
