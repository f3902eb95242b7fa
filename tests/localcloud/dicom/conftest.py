from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.dicom.pictures import jpeg_slide
from tests.localcloud.dicom.support import Served, instance_path, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as one:
        yield one


@pytest.fixture
def tiles(served: Served) -> tuple[str, list[bytes]]:
    """Path and frames of a stored JPEG slide."""
    ds, frames = jpeg_slide()
    assert served.store(ds).status_code == 200
    return instance_path(ds), frames
