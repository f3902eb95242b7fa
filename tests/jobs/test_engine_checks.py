"""The rules between images are the pinned engine's own; `python -m tests.decoding` writes those of another version."""

from __future__ import annotations

from prepare.model.finding import rule, table

from tests import needs
from tests.decoding.between import engine_checks


def test_the_table_has_what_the_engine_demands_between_images() -> None:
    assert table()["engine_checks"] == engine_checks(needs.viewer_packages())


def test_the_rules_have_the_engines_tolerance() -> None:
    assert rule("R19").parameters["tolerance"] == table()["engine_checks"]["tolerance"]


def test_every_demand_has_a_rule() -> None:
    """A demand that is not here is one that the rules do not know yet."""
    checks = table()["engine_checks"]
    known = {
        "extent",
        "gridSizes",
        "origins",
        "pixelSpacings",
        "resolutions",
        "tileSizes",
    }  # R19: sizes, tiles, spacing
    assert set(checks["equal_in_all_optical_paths"]) == known
    assert set(checks["equal_in_all_levels"]) == {"ContainerIdentifier", "FrameOfReferenceUID"}  # R04
    assert checks["counted_alike_in_all_levels"] == ["numberOfChannels"]  # R19: numbers
    assert "Found both channels and color images." in checks["refused"]  # R11
    assert "Found more than one color image." in checks["refused"]
