"""Structured log: one JSON object a line, as Cloud Logging reads it. Callers pass UIDs, figures, our own sentences."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from dataclasses import dataclass, field
from typing import Any, Literal, TextIO


@dataclass
class Log:
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    fixed: dict[str, Any] = field(default_factory=dict[str, Any])
    """Fields that every line carries, e.g. the execution."""

    def line(self, severity: Literal["INFO", "WARNING", "ERROR"], message: str, **fields: Any) -> None:
        entry = {"severity": severity, "message": message, **self.fixed, **fields}
        print(json.dumps(entry, ensure_ascii=False), file=self.stream, flush=True)


def hush_libraries() -> None:
    """Libraries may quote attribute values in warnings and log records; none of those reach our output."""
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    logging.disable(logging.CRITICAL)
