"""When two files are the same instance."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from ops.client.dicomweb import UnreadableFile
from ops.client.instances import difference
from tests.e2e.tiles import TILES, Tile
from tests.e2e.tiles_slide import write_slide

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline")


def pair(tmp_path: Path, tile: Tile = JPEG, **options: object) -> tuple[Path, Path]:
    one, other = (write_slide(tmp_path / name, tile, across=(2,), **options)[0].path for name in ("a", "b"))
    return one, other


def change(path: Path, **values: object) -> None:
    dataset = pydicom.dcmread(path)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_a_copy_is_the_same_in_every_syntax(tile: Tile, tmp_path: Path) -> None:
    assert difference(*pair(tmp_path, tile)) == ""


@pytest.mark.parametrize("tile", [JPEG, TILES[2]], ids=lambda tile: tile.name)
def test_one_changed_byte_of_a_frame_is_found(tile: Tile, tmp_path: Path) -> None:
    one, other = pair(tmp_path, tile)
    data = bytearray(other.read_bytes())
    data[-40] ^= 1
    other.write_bytes(data)
    assert difference(one, other) == "frame 4 differs"


def test_what_stores_rewrite_is_left_out(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    change(other, RetrieveURL="https://somewhere", InstanceAvailability="ONLINE")
    dataset = pydicom.dcmread(other)
    dataset.file_meta.ImplementationVersionName = "OTHER"
    dataset.save_as(other)
    assert difference(one, other) == ""


def test_offset_tables_do_not_matter(tmp_path: Path) -> None:
    one = write_slide(tmp_path / "a", JPEG, across=(2,), offsets="basic")[0].path
    other = write_slide(tmp_path / "b", JPEG, across=(2,), offsets="none")[0].path
    assert difference(one, other) == ""


def test_a_changed_attribute_is_found(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    change(other, StudyID="2")
    assert difference(one, other) == "the attributes differ"


def test_another_syntax_is_found(tmp_path: Path) -> None:
    one = write_slide(tmp_path / "a", TILES[5], across=(1,))[0].path
    other = write_slide(tmp_path / "b", JPEG, across=(1,))[0].path
    assert difference(one, other) == "the transfer syntax differs"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_instances_without_pixels_and_deflated_ones_are_compared_too(syntax: str, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.StudyID = "1.2.840.10008.5.1.4.1.1.88.33", "1.2", "7"
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(path, enforce_file_format=True)
    assert difference(*paths) == ""
    change(paths[1], StudyID="8")
    assert difference(*paths) == "the attributes differ"


def test_a_copy_that_cannot_be_read_is_said_without_quoting_it(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    other.write_bytes(b"CANARY" * 100)
    with pytest.raises(UnreadableFile, match="its content cannot be read") as error:
        difference(one, other)
    assert "CANARY" not in str(error.value)
