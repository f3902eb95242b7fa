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
    all_findings = findings(slide, label_policy) if slide else []
    if status(all_findings) == "blocked":
        worst = next(finding for finding in all_findings if finding.severity in ("BLOCK", "WRONG"))
        raise SeriesFailed(
            f"series {series}: what was made of it does not open as {target.name} tells it ({worst.rule}: "
            f"{worst.sentence.rstrip('.')}): correct the slide and send it again; if it is sound, report it"
        )
