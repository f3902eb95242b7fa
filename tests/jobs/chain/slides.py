"""Sound slides for the chain of tests that mutates them: a scene of their own, cut into the tiles of every level.

The scene is a net of random colours without any repetition: a part of 64 pixels of any level tells its place and scale.
"""

from __future__ import annotations

import copy
import random
import uuid
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from prepare.model.metadata import WHOLE_SLIDE
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID

from smoke_tests.slide.dataset import icc_profile
from smoke_tests.slide.pyramid import rle
from tests.decoding import jpegs
from tests.e2e.tiles_slide import code, item
from tests.jobs.encapsulation import encapsulate

Pixels = NDArray[Any]
KNOT = 40
"""Pixels of the largest level between two random colours."""
SYNTAXES = {
    "jpeg": "1.2.840.10008.1.2.4.50",
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg2000": "1.2.840.10008.1.2.4.90",
    "rle": "1.2.840.10008.1.2.5",
    "raw": "1.2.840.10008.1.2.1",
}
PHOTOMETRIC = {"jpeg": "YBR_FULL_422", "jpeg2000": "YBR_RCT"}
SPACING = 0.0005
"""Millimetres a pixel of the largest level."""


@dataclass(frozen=True)
class Scene:
    """What a slide shows; `samples` is 3, or 1 for each optical path of its own scene."""

    seed: int
    columns: int
    rows: int

    def draw(self, columns: int, rows: int, samples: int = 3, path: int = 0) -> Pixels:
        """The whole at a size, 8 bits."""
        net = np.random.default_rng([self.seed, path])
        across, down = self.columns // KNOT + 2, self.rows // KNOT + 2
        knots = net.integers(20, 236, (down, across, samples)).astype(np.float32)
        x = (np.arange(columns) + 0.5) / columns * (across - 1.001)
        y = (np.arange(rows) + 0.5) / rows * (down - 1.001)
        left, top = x.astype(int), y.astype(int)
        u, v = (x - left)[None, :, None], (y - top)[:, None, None]
        upper = knots[top][:, left] * (1 - u) + knots[top][:, left + 1] * u
        lower = knots[top + 1][:, left] * (1 - u) + knots[top + 1][:, left + 1] * u
        drawn = np.rint(upper * (1 - v) + lower * v).astype(np.uint8)
        return drawn if samples > 1 else drawn[..., 0]


@dataclass
class Instance:
    """One image: its attributes, and its frames as they are stored."""

    attributes: Dataset
    frames: list[bytes]
    coding: str

    def copied(self) -> Instance:
        return Instance(copy.deepcopy(self.attributes), list(self.frames), self.coding)

    def file(self) -> bytes:
        dataset = copy.deepcopy(self.attributes)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = UID(SYNTAXES[self.coding])
        dataset.file_meta.MediaStorageSOPClassUID = UID(dataset.get("SOPClassUID") or WHOLE_SLIDE)
        dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
        if self.coding == "raw":
            dataset.PixelData = b"".join(self.frames)
            dataset["PixelData"].VR = "OB"
        else:
            dataset.PixelData = encapsulate(self.frames)
            dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        out = BytesIO()
        pydicom.dcmwrite(out, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
        return out.getvalue()


@dataclass
class ChainSlide:
    """A slide of a case. `scene` is what it shows; `channels` its optical paths, 0 for colour."""

    name: str
    scene: Scene
    coding: str
    channels: int
    tile: int
    sparse: bool
    instances: list[Instance] = field(default_factory=list[Instance])

    @property
    def study(self) -> str:
        return uid(self.name, "study")

    @property
    def series(self) -> str:
        return uid(self.name, "series")

    def level(self, halvings: int, path: int = 0, **more: Any) -> Instance:
        """A level as it should be, of all optical paths that one instance has."""
        columns, rows = (-(-edge // 2**halvings) for edge in (self.scene.columns, self.scene.rows))
        pixels = self.scene.draw(columns, rows, 1 if self.channels else 3, path)
        return _instance(self, pixels, halvings, path, **more)


def uid(*key: object) -> str:
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '|'.join(map(str, ('chain', *key)))).int}"


def sound_slide(name: str, chance: random.Random) -> ChainSlide:
    """Of several kinds, all of which viewers show, some once a repair is made."""
    tile = chance.choice((128, 128, 256))
    columns, rows = chance.randrange(320, 700), chance.randrange(300, 620)
    coding = chance.choice(("jpeg", "jpeg", "jpeg", "jpeg-ls", "jpeg2000", "rle", "raw"))
    channels = chance.choice((0, 0, 1, 2)) if coding in ("jpeg-ls", "raw") else 0
    slide = ChainSlide(
        name, Scene(chance.randrange(1 << 30), columns, rows), coding, channels, tile, chance.random() < 0.3
    )
    levels = chance.choice((1, 2, 3, 3, 3, 4))
    profile = not channels and chance.random() < 0.5
    slide.instances = [
        slide.level(halvings, path, profile=profile) for path in range(max(channels, 1)) for halvings in range(levels)
    ]
    return slide


def _instance(slide: ChainSlide, pixels: Pixels, halvings: int, path: int, profile: bool = False) -> Instance:
    rows, columns = pixels.shape[:2]
    tile, samples = slide.tile, pixels.shape[2] if pixels.ndim == 3 else 1
    kind = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"] if not halvings else ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    name = str(path + 1)
    optical = item(
        OpticalPathIdentifier=name,
        IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
        **({"ICCProfile": icc_profile()} if profile else {}),
    )
    spacing = SPACING * slide.scene.columns / columns
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[round(spacing, 10)] * 2, SliceThickness=0.001)],
        OpticalPathIdentificationSequence=[item(OpticalPathIdentifier=name)],
    )
    places = [(x, y) for y in range(0, rows, tile) for x in range(0, columns, tile)]
    made = item(
        SpecificCharacterSet="ISO_IR 192", SOPClassUID=WHOLE_SLIDE, SOPInstanceUID=uid(slide.name, path, halvings),
        StudyInstanceUID=slide.study, SeriesInstanceUID=slide.series, Modality="SM", PatientID="SYN-1",
        PatientName="Synthetic^Chain", StudyDate="20260102", StudyTime="101500", StudyID="1", AccessionNumber="A-1",
        SeriesNumber=1, InstanceNumber=10 * path + halvings + 1, ImageType=kind,
        FrameOfReferenceUID=uid(slide.name, "frame"), ContainerIdentifier=f"GLASS-{slide.name}",
        TotalPixelMatrixColumns=columns, TotalPixelMatrixRows=rows,
        Rows=tile, Columns=tile, NumberOfFrames=len(places), SamplesPerPixel=samples, BitsAllocated=8, BitsStored=8,
        HighBit=7, PixelRepresentation=0, NumberOfOpticalPaths=1, TotalPixelMatrixFocalPlanes=1,
        PhotometricInterpretation=PHOTOMETRIC.get(slide.coding, "RGB") if samples == 3 else "MONOCHROME2",
        LossyImageCompression="01" if slide.coding == "jpeg" else "00", VolumetricProperties="VOLUME",
        DimensionOrganizationType="TILED_SPARSE" if slide.sparse else "TILED_FULL", OpticalPathSequence=[optical],
        TotalPixelMatrixOriginSequence=[item(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0)],
        ImageOrientationSlide=[0, -1, 0, -1, 0, 0], SharedFunctionalGroupsSequence=[shared],
        AcquisitionDateTime="20260102101500", BurnedInAnnotation="NO", SpecimenLabelInImage="NO",
    )  # fmt: skip
    if samples == 3:
        made.PlanarConfiguration = 0
    if slide.sparse:
        made.PerFrameFunctionalGroupsSequence = [
            item(PlanePositionSlideSequence=[item(
                ColumnPositionInTotalImagePixelMatrix=x + 1, RowPositionInTotalImagePixelMatrix=y + 1,
                XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0,
                ZOffsetInSlideCoordinateSystem=0.0,
            )])
            for x, y in places
        ]  # fmt: skip
    edge = ((0, tile), (0, tile), (0, 0))[: pixels.ndim]
    padded = np.pad(pixels, edge, mode="edge")
    return Instance(made, [encoded(padded[y : y + tile, x : x + tile], slide.coding) for x, y in places], slide.coding)


def encoded(tile: Pixels, coding: str) -> bytes:
    """A frame of even length."""
    tile = np.ascontiguousarray(tile)
    if coding == "jpeg":
        data = jpegs.jpeg(tile)
    elif coding == "jpeg-ls":
        data = imagecodecs.jpegls_encode(tile, out=tile.nbytes * 4 + 4096)
    elif coding == "jpeg2000":
        data = imagecodecs.jpeg2k_encode(tile, codecformat="j2k", reversible=True)
    else:
        data = rle(tile) if coding == "rle" else tile.tobytes()
    frame = bytes(data)
    return frame + b"\0" * (len(frame) % 2)
