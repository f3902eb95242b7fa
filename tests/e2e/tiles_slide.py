"""Builds a whole-slide image out of real encoded tiles: a small pyramid, written as DICOM files into a folder.

Synthetic subject, real tissue. The tile is the same everywhere, but each frame carries a stamp of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import UID, VLWholeSlideMicroscopyImageStorage, generate_uid

from tests.e2e.tiles import SIDE, Tile

Offsets = Literal["basic", "extended", "none"]
POSITION_NOTE = "as long as what scanners write per frame ".ljust(700, ".")
SMALL = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\xf0\x00\xf0\x01"
"""How a grey JPEG begins: as much of one as tells its coding, its size and its precision."""


@dataclass(frozen=True)
class Written:
    """One instance as pushed."""

    path: Path
    study: str
    series: str
    instance: str
    frames: tuple[bytes, ...]


def item(**values: Any) -> Dataset:
    out = Dataset()
    for keyword, value in values.items():
        setattr(out, keyword, value)
    return out


def code(value: str, scheme: str, meaning: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def uid(*parts: str) -> str:
    return str(generate_uid(entropy_srcs=["tiles-slide", *parts]))


SHOWN = 6
"""Pixels a side of a smaller level of one tile: it is the same tile again, so small that nobody can tell that from what
the largest level shows."""


def write_slide(
    folder: Path,
    tile: Tile,
    *,
    across: tuple[int, ...] = (2, 1),
    offsets: Offsets = "basic",
    sparse: bool = False,
    small: bool = False,
    key: str = "",
) -> list[Written]:
    """Writes one study with one series: a level per entry of `across` (tiles per side, finest first).

    `key` makes another slide of the same tile; `small` puts a few bytes in place of each frame, for many frames.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Written] = []
    identity = f"{tile.name} {key}"
    for number, side in enumerate(across, 1):
        dataset = _common(tile, identity)
        stamps = (f"{tile.name[:20]} {side} {at:05d}" for at in range(side * side))
        frames = tuple(SMALL + stamp.encode().ljust(50) if small else tile.stamped(stamp) for stamp in stamps)
        dataset.update(_level(tile, identity, number, side, sparse))
        spacing = 0.0005 * across[0] * SIDE / dataset.TotalPixelMatrixColumns
        dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [spacing, spacing]
        _pixels(dataset, tile, frames, offsets)
        path = folder / f"level-{number}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        written.append(
            Written(path, dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID, frames)
        )
    return written


def _common(tile: Tile, identity: str) -> Dataset:
    path = item(
        OpticalPathIdentifier="1",
        IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
    )
    return item(
        SOPClassUID=VLWholeSlideMicroscopyImageStorage,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Synthetic^Tiles",
        PatientID="SYN-TILES",
        PatientBirthDate="",
        PatientSex="O",
        StudyInstanceUID=uid(identity, "study"),
        SeriesInstanceUID=uid(identity, "series"),
        FrameOfReferenceUID=uid(identity, "frame of reference"),
        PositionReferenceIndicator="SLIDE_CORNER",
        StudyDate="20260102",
        StudyTime="101500",
        StudyID="1",
        AccessionNumber="",
        ReferringPhysicianName="",
        SeriesNumber=1,
        Modality="SM",
        Manufacturer="tests",
        ContainerIdentifier="TILES-1",
        VolumetricProperties="VOLUME",
        BurnedInAnnotation="NO",
        SpecimenLabelInImage="NO",
        LossyImageCompression="00",
        OpticalPathSequence=[path],
        NumberOfOpticalPaths=1,
        TotalPixelMatrixFocalPlanes=1,
        TotalPixelMatrixOriginSequence=[item(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0)],
        ImageOrientationSlide=[0.0, -1.0, 0.0, -1.0, 0.0, 0.0],
        SamplesPerPixel=tile.samples,
        PhotometricInterpretation=tile.photometric,
        BitsAllocated=tile.allocated,
        BitsStored=tile.bits,
        HighBit=tile.bits - 1,
        PixelRepresentation=0,
        Rows=SIDE,
        Columns=SIDE,
    )


def _level(tile: Tile, identity: str, number: int, side: int, sparse: bool) -> Dataset:
    kind = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"] if number == 1 else ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    size = SHOWN if number > 1 and side == 1 else side * SIDE
    level = item(
        SOPInstanceUID=uid(identity, "level", str(number)),
        InstanceNumber=number,
        ImageType=kind,
        NumberOfFrames=side * side,
        TotalPixelMatrixColumns=size,
        TotalPixelMatrixRows=size,
        DimensionOrganizationType="TILED_SPARSE" if sparse else "TILED_FULL",
        SharedFunctionalGroupsSequence=[
            item(
                PixelMeasuresSequence=[item(SliceThickness=0.001)],
                OpticalPathIdentificationSequence=[item(OpticalPathIdentifier="1")],
            )
        ],
    )
    if tile.samples == 3:
        level.PlanarConfiguration = 0
    if sparse:
        level.PerFrameFunctionalGroupsSequence = [
            item(
                PlanePositionSlideSequence=[
                    item(
                        ColumnPositionInTotalImagePixelMatrix=at % side * SIDE + 1,
                        RowPositionInTotalImagePixelMatrix=at // side * SIDE + 1,
                    )
                ],
                FrameContentSequence=[item(FrameComments=POSITION_NOTE if number == 1 else "")],
            )
            for at in range(side * side)
        ]
    return level


def _pixels(dataset: Dataset, tile: Tile, frames: tuple[bytes, ...], offsets: Offsets) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(tile.syntax)
    if tile.coding == "raw":
        dataset.PixelData = b"".join(frames)
    elif offsets == "extended":
        dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended(
            list(frames)
        )
    else:
        dataset.PixelData = encapsulate(list(frames), has_bot=offsets == "basic")
    dataset["PixelData"].VR = "OB" if tile.coding != "raw" or tile.allocated == 8 else "OW"
    if tile.coding != "raw":
        dataset["PixelData"].is_undefined_length = True
