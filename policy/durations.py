"""Google's durations (`7776000s`) as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

DAY = 86_400


def seconds(text: Any) -> float | None:
    """Seconds; None for what is no duration."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(text))
    return float(match[1]) if match else None


def at_most(days: int) -> Callable[[Any], bool]:
    """Accepts a duration that is there and not longer."""
    return lambda text: (length := seconds(text)) is not None and 0 < length <= days * DAY


def at_least(days: int) -> Callable[[Any], bool]:
    """Accepts a duration that is there and not shorter."""
    return lambda text: (length := seconds(text)) is not None and length >= days * DAY
