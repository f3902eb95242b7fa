"""Small whole-slide images in memory, as a `LevelSource` sees them: headers, and frames by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prepare.pixels import codec
from prepare.pixels.frames import Fetch
from prepare.pixels.grid import PixelFormat, TileGrid
from prepare.pixels.source import LevelSource
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, VLWholeSlideMicroscopyImageStorage

JPEG = "1.2.840.10008.1.2.4.50"
JPEG_LS = "1.2.840.10008.1.2.4.80"
RAW = "1.2.840.10008.1.2.1"
RLE = "1.2.840.10008.1.2.5"


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def header(
    grid: TileGrid, form: PixelFormat, *, uid: str = "2.25.11", paths: int = 1, frames: int = 0, **changes: Any
) -> Dataset:
    """A base level's attributes, without pixels."""
    lossy = form.syntax == JPEG
    made = item(
        SOPClassUID=VLWholeSlideMicroscopyImageStorage,
        SOPInstanceUID=uid,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Synthetic^Slide",
        PatientID="SYN-PIXELS",
        StudyInstanceUID="2.25.1",
        SeriesInstanceUID="2.25.2",
        FrameOfReferenceUID="2.25.3",
        AcquisitionUID="2.25.4",
        PyramidUID="2.25.5",
        ContainerIdentifier="SYN-1",
        Modality="SM",
        AcquisitionDateTime="20260102101500.123+0100",
        InstanceNumber=1,
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        DimensionOrganizationType="TILED_FULL",
        TotalPixelMatrixColumns=grid.columns,
        TotalPixelMatrixRows=grid.rows,
        ImagedVolumeWidth=grid.columns * 0.0005,
        ImagedVolumeHeight=grid.rows * 0.0005,
        TotalPixelMatrixFocalPlanes=1,
        Rows=grid.tile_rows,
        Columns=grid.tile_columns,
        NumberOfFrames=frames or grid.tiles * paths,
        SamplesPerPixel=form.samples,
        PhotometricInterpretation=form.photometric,
        BitsAllocated=form.bits,
        BitsStored=form.stored or form.bits,
        HighBit=(form.stored or form.bits) - 1,
        PixelRepresentation=int(form.signed),
        LossyImageCompression="01" if lossy else "00",
        OpticalPathSequence=[
            item(OpticalPathIdentifier=str(path), ICCProfile=b"synthetic profile!") for path in range(paths)
        ],
        NumberOfOpticalPaths=paths,
        SharedFunctionalGroupsSequence=[
            item(
                PixelMeasuresSequence=[item(PixelSpacing=[0.0005, 0.0005], SliceThickness=0.001)],
                WholeSlideMicroscopyImageFrameTypeSequence=[item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])],
            )
        ],
    )
    if lossy:
        made.LossyImageCompressionRatio, made.LossyImageCompressionMethod = "12.5", "ISO_10918_1"
    if form.colour:
        made.PlanarConfiguration = int(form.planar)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(form.syntax)
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    return made


def colour(syntax: str = JPEG, tile: int = 64) -> PixelFormat:
    return PixelFormat(syntax, tile, tile, 3, 8, "YBR_FULL_422" if syntax == JPEG else "RGB")


def mono(bits: int = 16, tile: int = 64, **more: Any) -> PixelFormat:
    return PixelFormat(RAW, tile, tile, 1, bits, "MONOCHROME2", **more)


def fetch(frames: dict[str, list[bytes]]) -> Fetch:
    """Frames of instances by UID."""

    def read(wanted: Iterable[tuple[str, int]], largest: int) -> Iterator[bytes]:
        for uid, number in wanted:
            frame = frames[uid][number - 1]
            assert len(frame) <= largest
            yield frame

    return read


def cut(pixels: NDArray[Any], grid: TileGrid) -> list[NDArray[Any]]:
    """Tiles of a whole image, row by row; beyond the edge a colour that must never be seen in a level."""
    down, across = grid.down * grid.tile_rows - grid.rows, grid.across * grid.tile_columns - grid.columns
    rest = ((0, down), (0, across), (0, 0))[: pixels.ndim]
    padded = np.pad(pixels, rest, constant_values=173)
    high, wide = grid.tile_rows, grid.tile_columns
    return [
        np.ascontiguousarray(padded[row * high : (row + 1) * high, column * wide : (column + 1) * wide])
        for row in range(grid.down)
        for column in range(grid.across)
    ]


def joined(tiles: Iterable[NDArray[Any]], grid: TileGrid) -> NDArray[Any]:
    """The whole image of tiles in order, without what lies beyond the edge."""
    flat = list(tiles)
    rows = [np.concatenate(flat[row * grid.across : (row + 1) * grid.across], axis=1) for row in range(grid.down)]
    return np.concatenate(rows)[: grid.rows, : grid.columns]


def slide(pixels: list[NDArray[Any]], form: PixelFormat, quality: int = 95, **changes: Any) -> LevelSource:
    """A tiled-full source; one image a path."""
    grid = TileGrid(pixels[0].shape[1], pixels[0].shape[0], form.columns, form.rows)
    frames = [codec.encode(tile, form, quality) for image in pixels for tile in cut(image, grid)]
    made = header(grid, form, paths=len(pixels), **changes)
    return LevelSource([made], fetch({str(made.SOPInstanceUID): frames}))


def read_back(stream: Iterable[bytes]) -> Dataset:
    return dcmread(BytesIO(b"".join(stream)))


def averaged(pixels: NDArray[Any], times: int) -> NDArray[np.float64]:
    """The reference: means of 2^times blocks in float64; at an odd edge of what is there, as halving level by level."""
    image = pixels.astype(np.float64)
    for _ in range(times):
        rest = ((0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0))[: image.ndim]
        image = np.pad(image, rest, mode="edge")
        image = (image[0::2, 0::2] + image[1::2, 0::2] + image[0::2, 1::2] + image[1::2, 1::2]) / 4
    return image


def psnr(one: NDArray[Any], other: NDArray[Any], peak: float = 255) -> float:
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 99.0 if error == 0 else float(10 * np.log10(peak**2 / error))
