"""Where encoded rows of tiles wait until their level is complete, outside of this process's memory.

A level's frames become complete row by row, all levels at once, and an instance is sent one at a time with the lengths
of its frames first. So finished rows go to a stage. Names are deterministic: a run that starts again overwrites them
with the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Stage(Protocol):
    def put(self, name: str, data: bytes) -> None:
        """Keeps `data`; what had this name before is replaced."""
        ...

    def get(self, name: str) -> bytes: ...

    def clear(self, prefix: str) -> None:
        """Forgets every name that begins with `prefix`; nothing to forget is no error."""
        ...


@dataclass(frozen=True)
class FolderStage:
    """On a disk that is one (a container's is memory). Names hold UIDs and numbers only, so they are file names."""

    folder: Path

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def clear(self, prefix: str) -> None:
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_file() and str(path.relative_to(self.folder)).startswith(prefix):
                path.unlink()
