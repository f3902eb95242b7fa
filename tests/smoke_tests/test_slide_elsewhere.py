"""A reader of whole slides that is none of ours opens the synthetic slide and finds each tile where it says it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from wsidicom import WsiDicom

from smoke_tests import slide
from smoke_tests.slide.grid import Mark, read_mark, run_number


@pytest.mark.parametrize("variant", ["complete", "sparse"])
def test_wsidicom_reads_levels_scale_and_tiles(tmp_path: Path, variant: slide.Variant) -> None:
    slide.write(slide.make("elsewhere", size=1024, variant=variant), tmp_path)

    with WsiDicom.open(tmp_path) as opened:
        assert [level.size.width for level in opened.levels] == [1024, 512, 256]
        assert [level.mpp.width for level in opened.levels] == [0.5, 1.0, 2.0]
        for level, column, row in ((0, 0, 0), (0, 2, 1), (0, 3, 3), (1, 1, 0), (2, 0, 0)):
            tile = np.array(opened.read_tile(level, (column, row)))
            assert read_mark(tile) == Mark(level, row, column, run_number("elsewhere"))
