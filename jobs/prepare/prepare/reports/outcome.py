"""What became of one series, and the words for what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import SeriesFailed


@dataclass(frozen=True)
class SeriesOutcome:
    """What became of a series: a report status, `unchanged` (the report stands) or `gone` (it left the store)."""

    study: str
    series: str
    status: str
    document: dict[str, Any] | None = None
    reason: str = ""
    note: str = ""
    """Something else worth a line of the log."""
    gone: bool = False
    """There is nothing (any more) to report on."""


def explain(error: Exception) -> str:
    """The reason to report for an error; only our own sentences, never a message that may quote an attribute."""
    if isinstance(error, SeriesFailed):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
    return f"unexpected {type(error).__name__} at {where}: this is a defect of the job, please report it"
