"""Work that is done without Python's garbage collector: of what a short command makes nothing would go before its end.

Pulumi's provider is some ten thousand classes, at which a collector that runs looks again and again: a quarter of the
time of `python -m ops cost`.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Generator[None]:
    """It is on again afterwards, where it was before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
