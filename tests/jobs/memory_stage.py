"""A stage that keeps its rows in memory, for levels of a few tiles."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class MemoryStage:
    """In a dict."""

    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def put(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    def get(self, name: str) -> bytes:
        return self.kept[name]

    def clear(self, prefix: str) -> None:
        for name in [name for name in self.kept if name.startswith(prefix)]:
            del self.kept[name]
