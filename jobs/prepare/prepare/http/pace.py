"""How fast instances were sent in this run, so that a request the store would cut off is not begun.

One request stores one instance, and a store ends a request after half an hour. An instance cannot be parted over
requests; parted into a concatenation, the viewer's engine would show its tiles in wrong places. So it is refused.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

LONGEST_SECONDS = 25 * 60.0
"""Google ends a request after 30 minutes."""
MEASURED_BYTES = 64 << 20
"""Sent before a prediction is made: small instances say more of latency than of the line."""


@dataclass
class Pace:
    """Bytes sent and the seconds that each request took, summed. Several threads count."""

    bytes: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, sent: int, seconds: float) -> None:
        with self._lock:
            self.bytes += sent
            self.seconds += seconds

    def seconds_for(self, length: int) -> float:
        """What a request of `length` bytes is expected to take; 0 when too little was sent to say."""
        return length * self.seconds / self.bytes if self.bytes >= MEASURED_BYTES else 0.0
