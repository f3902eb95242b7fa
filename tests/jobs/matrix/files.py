"""The slides of the matrix as DICOM files: their attributes as they are, and the scene in their coding and tiles.

UIDs are the slide's own, so that the whole matrix fits into one store; `Written` tells which is which.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pydicom
from prepare.model.codestream import header, identify
from prepare.model.finding import table
from prepare.model.image import SlideImage, is_profile
from prepare.model.metadata import WHOLE_SLIDE, tag
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from smoke_tests.slide.dataset import icc_profile
from tests.jobs.encapsulation import encapsulate
from tests.jobs.fakes import Store
from tests.jobs.matrix import picture
from tests.jobs.matrix.frames import jpeg
from tests.jobs.matrix.slides import STUDY
from tests.jobs.matrix.whole import SLIDES

IDENTIFIERS = frozenset(
    map(
        tag,
        ("SOPInstanceUID", "SeriesInstanceUID", "ReferencedSOPInstanceUID", "ConcatenationUID",
         "SOPInstanceUIDOfConcatenationSource", "FrameOfReferenceUID", "AcquisitionUID"),
    )
)  # fmt: skip
PHOTOMETRIC = {"jpeg-baseline": "YBR_FULL_422", "jpeg-xl-of-jpeg": "YBR_FULL_422", "jpeg2000": "YBR_RCT",
               "htj2k": "YBR_RCT"}  # fmt: skip
OF_ANOTHER_SLIDE = frozenset({jpeg(grey=200)})
"""What stands for frames that show something else."""
OMITTED = 1 << 20
"""Bytes of a list of positions that Google leaves out; its frames are in reverse order."""


@dataclass(frozen=True)
class Written:
    """One slide of the matrix: UIDs are those of the store, `series` in the order of the table."""

    study: str
    series: tuple[str, ...]
    files: tuple[bytes, ...]


def uid(name: str, original: str) -> str:
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'matrix|{name}|{original}').int}"


def written(name: str) -> Written:
    store = SLIDES[name]()
    series = store.studies[STUDY]
    files = [file_of(name, one, store) for items in series.values() for one in items]
    return Written(uid(name, STUDY), tuple(uid(name, one) for one in series), tuple(files))


def file_of(name: str, described: dict[str, Any], store: Store) -> bytes:
    """The Part 10 file of one instance."""
    image = SlideImage.of(described)
    dataset = Dataset.from_json(_named(name, described))
    dataset.StudyInstanceUID = uid(name, STUDY)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword in ("PatientID", "PatientName", "StudyDate", "StudyTime", "AccessionNumber"):
        if keyword not in dataset:
            setattr(dataset, keyword, {"PatientID": "SYN-MATRIX", "PatientName": "Synthetic^Matrix"}.get(keyword, ""))
    if dataset.SOPClassUID == WHOLE_SLIDE:
        _complete(dataset)
        spoil = store.spoilt.get(image.instance, lambda frames: frames)
        _draw(dataset, image, store.samples[image.instance], spoil, sparse=image.sparse)
    if "ImageComments" in dataset:  # longer than a comment may be in a file
        dataset.TextValue = dataset.ImageComments
        del dataset.ImageComments
    out = BytesIO()
    # Said, because pydicom does not know that JPEG XL is explicit little endian, too.
    pydicom.dcmwrite(out, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def _named(name: str, described: dict[str, Any]) -> dict[str, Any]:
    """DICOM JSON with the slide's own UIDs, and a VR everywhere."""
    out: dict[str, Any] = {}
    for key, element in described.items():
        values = element.get("Value", [])
        if element.get("vr") == "SQ":
            out[key] = {"vr": "SQ", "Value": [_named(name, one) for one in values]}
        elif key in IDENTIFIERS:
            out[key] = {"vr": "UI", "Value": [uid(name, one) for one in values]}
        elif "vr" in element:
            out[key] = element
    return out


def _complete(dataset: Dataset) -> None:
    """What the matrix does not spell out."""
    for path in dataset.get("OpticalPathSequence") or ():
        for kind in path.get("IlluminationTypeCodeSequence") or ():
            kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning = "111744", "DCM", "Brightfield illumination"
        if is_profile(bytes(path.get("ICCProfile") or b"")):
            path.ICCProfile = _profile(bytes(path.ICCProfile))
    dataset.VolumetricProperties, dataset.PixelRepresentation = "VOLUME", dataset.get("PixelRepresentation", 0)


def _profile(said: bytes) -> bytes:
    """sRGB; made in a year by what the slide says, so that two of them differ."""
    profile = bytearray(icc_profile())
    profile[25] -= said[-1] % 16
    return bytes(profile)


def _draw(
    dataset: Dataset, image: SlideImage, sample: bytes, spoil: Callable[[list[bytes]], list[bytes]], *, sparse: bool
) -> None:
    coding = identify(sample, image.raw_frame_bytes).replace("jpeg-unmarked", "jpeg-baseline")
    told = header(sample, coding)
    if image.photometric == "YBR_FULL_422" and len(sample) * 3 == image.raw_frame_bytes * 2:
        dataset.BitsStored, dataset.HighBit, dataset.PlanarConfiguration = 8, 7, 0
        dataset.PixelData = sample * image.frames
        dataset["PixelData"].VR = "OB"
        return
    bits = told.bits if told else image.bits
    edge = (told.columns, told.rows) if told and coding in ("jpeg-baseline", "jpeg-extended") else (256, 256)
    tile = edge if image.rows == image.columns == 256 else (image.columns or 256, image.rows or 256)
    places = list(_places(dataset, image))
    if sparse and "PerFrameFunctionalGroupsSequence" not in dataset:
        places.reverse()
        dataset.PerFrameFunctionalGroupsSequence = [_position(x, y, OMITTED // len(places) + 1) for _, x, y in places]
    plain = told is not None and told.transformed is False
    drawn = f"{coding}-plain" if plain else coding
    size = max(image.total_columns, 1), max(image.total_rows, 1)
    other = sample in OF_ANOTHER_SLIDE
    frames = [
        picture.frame((*size, x, y, *tile), image.samples, _channel(image, path), bits, drawn, other)
        for path, x, y in places
    ]
    syntaxes = table()["codestreams"].get(coding, {}).get("transfer_syntaxes", ["1.2.840.10008.1.2.4.50"])
    dataset.file_meta.TransferSyntaxUID = UID(syntaxes[0])
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    if image.samples == 3 and not plain:
        dataset.PhotometricInterpretation = PHOTOMETRIC.get(coding, "RGB")
    if image.samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.PixelData = encapsulate(spoil(frames))
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True


def _places(dataset: Dataset, image: SlideImage) -> Iterator[tuple[int, int, int]]:
    """(optical path, left, top) of each frame, from 0."""
    wide, high = image.columns or 256, image.rows or 256
    across = max(1, -(-image.total_columns // wide))
    tiles = max(1, across * -(-image.total_rows // high))
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    for number in range(image.frames):
        frame = image.first_frame + number
        path, at = frame // (tiles * image.focal_planes), frame % tiles
        place = groups[number].get("PlanePositionSlideSequence") if groups else None
        if place and "ColumnPositionInTotalImagePixelMatrix" in place[0]:
            yield 0, place[0].ColumnPositionInTotalImagePixelMatrix - 1, place[0].RowPositionInTotalImagePixelMatrix - 1
        else:
            yield path, at % across * wide, at // across * high


def _channel(image: SlideImage, path: int) -> int:
    """Optical path of the picture that one of the image shows: an image of one path may be of the second."""
    return int(image.optical_paths[0] == "2") if len(image.optical_paths) == 1 else path


def _position(x: int, y: int, length: int) -> Dataset:
    where, content, group = Dataset(), Dataset(), Dataset()
    where.ColumnPositionInTotalImagePixelMatrix, where.RowPositionInTotalImagePixelMatrix = x + 1, y + 1
    content.TextValue = "." * length
    group.PlanePositionSlideSequence, group.FrameContentSequence = [where], [content]
    return group
