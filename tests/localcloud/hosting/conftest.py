from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.hosting.platform import Platform, platform


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as made:
        yield made
