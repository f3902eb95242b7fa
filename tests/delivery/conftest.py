from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.place import Place, place


@pytest.fixture
def delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A checkout of its own with the local stack deployed, whose job's image belongs to Cloud Build."""
    with place(tmp_path, monkeypatch) as made:
        yield made
