"""The attributes of a VL Whole Slide Microscopy Image: what the study shares, what a level adds."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import ImageCms
from pydicom import Dataset, dcmwrite
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage

from smoke_tests.slide.identity import Identity
from smoke_tests.slide.pyramid import Level

ORIGIN_MM = (20.0, 40.0)
"""Slide coordinates of the upper left corner."""
BASE_MM_PER_PIXEL = 0.0005


@dataclass(frozen=True)
class Form:
    """How an instance differs from the well-formed one."""

    sparse: bool = False
    icc: bool = True
    syntax: UID = JPEGBaseline8Bit


@cache
def icc_profile() -> bytes:
    """sRGB. The library stamps the time of making into bytes 24-36; a fixed date keeps the bytes the same each time."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + bytes.fromhex("07ea 0001 0001 0000 0000 0000") + profile[36:]


def dataset(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def step(name: Dataset, value: Dataset) -> Dataset:
    return dataset(ValueType="CODE", ConceptNameCodeSequence=[name], ConceptCodeSequence=[value])


def specimen(who: Identity) -> Dataset:
    using = code("424361007", "SCT", "Using substance")
    staining = [
        step(code("111701", "DCM", "Processing type"), code("127790008", "SCT", "Staining")),
        step(using, code("12710003", "SCT", "hematoxylin stain")),
        step(using, code("36879007", "SCT", "water soluble eosin stain")),
    ]
    return dataset(
        SpecimenIdentifier="SYNTHETIC",
        SpecimenUID=who.uid("specimen"),
        IssuerOfTheSpecimenIdentifierSequence=[],
        SpecimenPreparationSequence=[dataset(SpecimenPreparationStepContentItemSequence=staining)],
        PrimaryAnatomicStructureSequence=[code("41216001", "SCT", "Prostate")],
    )


def optical_path(icc: bool) -> Dataset:
    path = dataset(
        OpticalPathIdentifier="0",
        IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
        IlluminationColorCodeSequence=[code("414298005", "SCT", "Full Spectrum")],
        ObjectiveLensPower=20.0,
    )
    if icc:
        path.ICCProfile = icc_profile()
        path.ColorSpace = "SRGB"
    return path


def study(who: Identity) -> Dataset:
    """What every instance of the study has."""
    date, time = f"{who.began:%Y%m%d}", f"{who.began:%H%M%S}"
    return dataset(
        SpecificCharacterSet="ISO_IR 192",
        PatientName=who.patient_name,
        PatientID=who.patient_id,
        PatientBirthDate="",
        PatientSex="",
        StudyInstanceUID=who.uid("study"),
        StudyDate=date,
        StudyTime=time,
        StudyID="1",
        StudyDescription=who.description,
        AccessionNumber="",
        ReferringPhysicianName="",
        Modality="SM",
        SeriesInstanceUID=who.uid("series"),
        SeriesNumber=1,
        SeriesDescription="Synthetic slide",
        FrameOfReferenceUID=who.uid("frame of reference"),
        PositionReferenceIndicator="SLIDE_CORNER",
        Manufacturer="Synthetic",
        ManufacturerModelName="smoke_tests",
        DeviceSerialNumber="0",
        SoftwareVersions="1",
        ContentDate=date,
        ContentTime=time,
        AcquisitionDateTime=date + time,
        InstanceCreationDate=date,
        InstanceCreationTime=time,
        PatientOrientation="",
        VolumetricProperties="VOLUME",
        BurnedInAnnotation="NO",
        SpecimenLabelInImage="NO",
        FocusMethod="AUTO",
        ExtendedDepthOfField="NO",
        AcquisitionContextSequence=[],
        ContainerIdentifier=f"SLIDE-{who.run_id}",
        IssuerOfTheContainerIdentifierSequence=[],
        ContainerTypeCodeSequence=[code("433466003", "SCT", "Microscope slide")],
        SpecimenDescriptionSequence=[specimen(who)],
        NumberOfOpticalPaths=1,
        TotalPixelMatrixFocalPlanes=1,
        TotalPixelMatrixOriginSequence=[
            dataset(XOffsetInSlideCoordinateSystem=ORIGIN_MM[0], YOffsetInSlideCoordinateSystem=ORIGIN_MM[1])
        ],
        ImageOrientationSlide=[0.0, -1.0, 0.0, -1.0, 0.0, 0.0],
        ImagedVolumeDepth=1.0,
        DimensionOrganizationSequence=[dataset(DimensionOrganizationUID=who.uid("dimensions"))],
        PyramidUID=who.uid("pyramid"),
    )


def plane_position(level: Level, row: int, column: int) -> Dataset:
    """Where a tile of a sparse instance lies; as the orientation says, rows run towards -X and columns towards -Y."""
    millimetres = BASE_MM_PER_PIXEL * level.downsample * level.tile
    where = dataset(
        ColumnPositionInTotalImagePixelMatrix=column * level.tile + 1,
        RowPositionInTotalImagePixelMatrix=row * level.tile + 1,
        XOffsetInSlideCoordinateSystem=round(ORIGIN_MM[0] - row * millimetres, 6),
        YOffsetInSlideCoordinateSystem=round(ORIGIN_MM[1] - column * millimetres, 6),
        ZOffsetInSlideCoordinateSystem=0.0,
    )
    content = dataset(DimensionIndexValues=[row + 1, column + 1])
    return dataset(PlanePositionSlideSequence=[where], FrameContentSequence=[content])


def dimension_index(organization: str) -> list[Dataset]:
    """What `DimensionIndexValues` of a sparse instance count: rows of tiles, then columns."""
    keywords = ("RowPositionInTotalImagePixelMatrix", "ColumnPositionInTotalImagePixelMatrix")
    return [
        dataset(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=tag_for_keyword(keyword),
            FunctionalGroupPointer=tag_for_keyword("PlanePositionSlideSequence"),
        )
        for keyword in keywords
    ]


def part10(
    shared: Dataset, who: Identity, role: str, number: int, level: Level, frames: list[bytes], form: Form
) -> bytes:
    """One level as a DICOM file, with a basic offset table."""
    image_type = (
        ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"] if level.index == 0 else ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    )
    spacing = BASE_MM_PER_PIXEL * level.downsample
    lossy = form.syntax == JPEGBaseline8Bit
    made = Dataset()
    made.update(shared)
    made.update(
        dataset(
            SOPClassUID=VLWholeSlideMicroscopyImageStorage,
            SOPInstanceUID=who.uid(role),
            InstanceNumber=number,
            ImageType=image_type,
            DimensionOrganizationType="TILED_SPARSE" if form.sparse else "TILED_FULL",
            SamplesPerPixel=3,
            PhotometricInterpretation="YBR_FULL_422" if lossy else "RGB",
            PlanarConfiguration=0,
            BitsAllocated=8,
            BitsStored=8,
            HighBit=7,
            PixelRepresentation=0,
            Rows=level.tile,
            Columns=level.tile,
            NumberOfFrames=len(frames),
            TotalPixelMatrixColumns=level.columns,
            TotalPixelMatrixRows=level.rows,
            ImagedVolumeWidth=level.columns * spacing,
            ImagedVolumeHeight=level.rows * spacing,
            LossyImageCompression="01" if lossy else "00",
            OpticalPathSequence=[optical_path(form.icc)],
            SharedFunctionalGroupsSequence=[
                dataset(
                    PixelMeasuresSequence=[dataset(PixelSpacing=[spacing, spacing], SliceThickness=0.001)],
                    WholeSlideMicroscopyImageFrameTypeSequence=[dataset(FrameType=image_type)],
                    OpticalPathIdentificationSequence=[dataset(OpticalPathIdentifier="0")],
                )
            ],
        )
    )
    if lossy:
        made.LossyImageCompressionRatio = round(3 * level.tile**2 * len(frames) / sum(map(len, frames)), 2)
        made.LossyImageCompressionMethod = "ISO_10918_1"
    if form.sparse:
        made.DimensionIndexSequence = dimension_index(
            str(made.DimensionOrganizationSequence[0].DimensionOrganizationUID)
        )
        made.PerFrameFunctionalGroupsSequence = [plane_position(level, *where) for where in level.positions()]
    made.add_new("PixelData", "OB", encapsulate(frames, has_bot=True))
    made["PixelData"].is_undefined_length = True
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = form.syntax
    file = io.BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()
