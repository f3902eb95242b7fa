"""Every slide of the matrix, in the order of its table: importing a part fills SLIDES."""

from __future__ import annotations

from importlib import import_module

from tests.jobs.matrix.slides import SLIDES

for part in ("places", "colours", "attributes", "sizes", "studies", "doubts", "pictures"):
    import_module(f"tests.jobs.matrix.{part}")

__all__ = ["SLIDES"]
