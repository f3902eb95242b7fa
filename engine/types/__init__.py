"""The table of resource types that the in-process deployer knows, one row each, grouped by what they are for."""

from __future__ import annotations

from engine.types import compute, data, project, site, watch
from engine.types.row import Row

ROWS: dict[str, Row] = {**project.ROWS, **data.ROWS, **compute.ROWS, **site.ROWS, **watch.ROWS}

__all__ = ["ROWS", "Row"]
