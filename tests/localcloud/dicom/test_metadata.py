"""The DICOM JSON model and its XML twin: attributes as sent, bulk by reference, what Google leaves out left out."""

from __future__ import annotations

import base64
import io
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.localcloud.dicom.support import JSON, Served, encode, instance_path, slide, uid


def metadata_of(served: Served, ds: Dataset) -> dict[str, Any]:
    assert served.store(ds).status_code == 200
    (found,) = served.get(instance_path(ds) + "/metadata").json()
    return found


def test_values_of_every_kind_are_as_sent(served: Served) -> None:
    ds = slide()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    ds.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    ds.PatientWeight, ds.SeriesNumber = "71.50", "7"
    ds.ImagedVolumeWidth = 15.5
    ds.FrameIncrementPointer = 0x00181063
    ds.PatientBirthDate = ""
    ds.LossyImageCompressionRatio = ["1.5", "2"]
    ds.PixelSpacing = ["0.25", "0.25"]
    ds.add_new(0x00090010, "LO", "MAKER")
    ds.add_new(0x00091001, "SH", "private")

    found = metadata_of(served, ds)

    assert found["00100010"] == {
        "vr": "PN",
        "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}],
    }
    assert found["00080008"]["Value"] == ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    assert found["00101030"] == {"vr": "DS", "Value": [71.5]}
    assert found["00200011"] == {"vr": "IS", "Value": [7]}
    assert found["00480001"] == {"vr": "FL", "Value": [15.5]}
    assert found["00280009"] == {"vr": "AT", "Value": ["00181063"]}
    assert found["00100030"] == {"vr": "DA"}
    assert found["00282112"]["Value"] == [1.5, 2]
    assert found["00091001"] == {"vr": "SH", "Value": ["private"]}
    assert list(found) == sorted(found)
    assert not [tag for tag in found if tag.startswith("0002")]
    assert "00083002" not in found


def test_pydicom_reads_back_what_was_sent(served: Served) -> None:
    ds = slide()
    item = Dataset()
    item.PixelSpacing = [0.1, 0.2]
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([item])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    found = metadata_of(served, ds)

    back = Dataset.from_json(found, bulk_data_uri_handler=lambda uri: b"")

    for element in ds:
        if element.keyword != "PixelData":
            assert back[element.tag] == element, element.keyword


def test_bulk_is_by_reference_whatever_its_size(served: Served) -> None:
    ds = slide()
    path = Dataset()
    path.ICCProfile = b"ic"
    ds.OpticalPathSequence = [path]
    ds.add_new(0x00420011, "OB", b"x")
    ds.add_new(0x00091002, "UN", b"ab")
    ds.VectorGridData = b"\0" * 12
    ds.add_new(0x00660016, "OF", b"\0" * 4000)
    ds.RedPaletteColorLookupTableData = b"\0\1" * 10
    ds.EventTimeOffset = [0.5] * 1  # noqa: RUF100

    found = metadata_of(served, ds)

    root = f"{served.root}/{instance_path(ds)}/bulkdata"
    assert found["00480105"]["Value"][0]["00282000"] == {"vr": "OB", "BulkDataURI": f"{root}/00480105/0/00282000"}
    assert found["00420011"] == {"vr": "OB", "BulkDataURI": f"{root}/00420011"}
    assert found["00281201"] == {"vr": "OW", "BulkDataURI": f"{root}/00281201"}
    assert found["7FE00010"]["BulkDataURI"] == f"{root}/7FE00010"
    assert found["00091002"] == {"vr": "UN", "BulkDataURI": f"{root}/00091002"}
    assert found["00660016"] == {"vr": "OF", "BulkDataURI": f"{root}/00660016"}
    small = found["00640009"]
    assert (small["vr"], base64.b64decode(small["InlineBinary"])) == ("OF", b"\0" * 12)


def test_long_numeric_lists_are_by_reference(served: Served) -> None:
    ds = slide()
    ds.add_new(0x00720078, "UL", list(range(512)))
    ds.add_new(0x0072007C, "SL", list(range(513)))
    nested = Dataset()
    nested.add_new(0x0072007C, "SL", list(range(600)))
    ds.add_new(0x00720400, "SQ", [nested])

    found = metadata_of(served, ds)

    assert found["00720078"]["Value"] == list(range(512))
    uri = found["0072007C"]["BulkDataURI"]
    assert served.get(uri, "application/octet-stream").content == b"".join(n.to_bytes(4, "little") for n in range(513))
    inner = found["00720400"]["Value"][0]["0072007C"]["BulkDataURI"]
    assert len(served.get(inner, "application/octet-stream").content) == 2400


@pytest.mark.parametrize("undefined", [False, True])
def test_sequences_over_a_mebibyte_are_left_out(served: Served, undefined: bool) -> None:
    def frames(count: int) -> Sequence:
        items = []
        for n in range(count):
            position = Dataset()
            position.ColumnPositionInTotalImagePixelMatrix = n
            position.XOffsetInSlideCoordinateSystem = "1.25"
            item = Dataset()
            item.PlanePositionSlideSequence = Sequence([position])
            item.is_undefined_length_sequence_item = undefined
            items.append(item)
        return Sequence(items)

    large, small = slide(), slide()
    large.PerFrameFunctionalGroupsSequence = frames(30_000)
    small.PerFrameFunctionalGroupsSequence = frames(100)
    for ds in (large, small):
        ds["PerFrameFunctionalGroupsSequence"].is_undefined_length = undefined
        ds.DimensionOrganizationType = "TILED_SPARSE"

    assert "52009230" not in metadata_of(served, large)
    assert len(metadata_of(served, small)["52009230"]["Value"]) == 100
    assert served.get(instance_path(large) + "/bulkdata/52009230").status_code == 404
    stored = served.get(instance_path(large), "application/dicom; transfer-syntax=*").content
    assert stored == encode(large), "the file itself is whole"


def test_what_json_has_no_number_for_stays_text(served: Served) -> None:
    ds = slide()
    ds.add_new(0x00480001, "FL", math.nan)
    ds.add_new(0x00101030, "DS", "1")
    file = encode(ds).replace(b"DS\x02\x001 ", b"DS\x02\x00x ")

    assert served.store(file).status_code == 200, "Google validates little"
    (found,) = served.get(instance_path(ds) + "/metadata").json()

    assert found["00480001"]["Value"] == ["nan"]
    assert found["00101030"]["Value"] == ["x"]


def test_three_levels_and_forms(served: Served) -> None:
    study, series = uid(), uid()
    files = [slide(StudyInstanceUID=study, SeriesInstanceUID=series) for _ in range(2)]
    files.append(slide(StudyInstanceUID=study))
    served.store(*files)

    assert len(served.get(f"studies/{study}/metadata").json()) == 3
    assert len(served.get(f"studies/{study}/series/{series}/metadata").json()) == 2
    for accept in ("", "*/*", JSON, "application/json", f"{JSON}; q=0.5, application/dicom+xml; q=0.1"):
        response = served.get(instance_path(files[0]) + "/metadata", accept)
        assert len(response.json()) == 1
    assert served.get(f"studies/{study}/metadata", "text/plain").status_code == 406


def test_xml_says_the_same(served: Served) -> None:
    ds = slide()
    ds.PatientName = "Doe^Jane^M^Dr^Jr"
    item = Dataset()
    item.ICCProfile, item.OpticalPathIdentifier = b"ic", "p1"
    ds.OpticalPathSequence = [item]
    served.store(ds)

    response = served.get(instance_path(ds) + "/metadata", 'multipart/related; type="application/dicom+xml"')

    assert re.match(r'multipart/related; type="application/dicom\+xml"; boundary=', response.headers["Content-Type"])
    body = response.content.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    root = ElementTree.fromstring(body)

    def attribute(keyword: str, parent: ElementTree.Element = root) -> ElementTree.Element:
        one = parent.find(f"./{space}DicomAttribute[@keyword='{keyword}']")
        assert one is not None, keyword
        return one

    person = attribute("PatientName").find(f"./{space}PersonName/{space}Alphabetic")
    assert person is not None
    assert [one.text for one in person] == ["Doe", "Jane", "M", "Dr", "Jr"]
    assert attribute("Rows").findtext(f"./{space}Value") == "8"
    optical = attribute("OpticalPathSequence").find(f"./{space}Item")
    assert optical is not None
    bulk = attribute("ICCProfile", optical).find(f"./{space}BulkData")
    assert bulk is not None
    assert bulk.get("uri", "").endswith("/bulkdata/00480105/0/00282000")


@pytest.mark.parametrize(
    "name",
    [
        *("CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "examples_ybr_color.dcm"),
        *(
            "MR_small_bigendian.dcm",
            "image_dfl.dcm",
            "rtplan.dcm",
            "reportsi.dcm",
            "liver_1frame.dcm",
            "SC_rgb_rle_2frame.dcm",
        ),
        *("waveform_ecg.dcm", "SC_rgb_jpeg_dcmtk.dcm"),
    ],
)
def test_real_files_are_stored_described_and_given_back(served: Served, name: str) -> None:
    path = get_testdata_file(name, download=False)
    file = Path(str(path)).read_bytes()
    ds = pydicom.dcmread(io.BytesIO(file))

    response = served.store(file)

    assert response.status_code == 200, response.text
    (found,) = served.get(instance_path(ds) + "/metadata").json()
    kept = [f"{int(e.tag):08X}" for e in ds if e.tag.element and not (e.VR == "SQ" and len(e.value) > 1000)]
    assert sorted(found) == sorted(kept)
    back = Dataset.from_json(found, bulk_data_uri_handler=lambda uri: b"")
    for keyword in ("PatientID", "StudyDate", "Modality", "Rows", "SOPClassUID", "SeriesDescription"):
        assert back.get(keyword) == ds.get(keyword), keyword
    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == file
    if "PixelData" in ds:
        assert served.get(instance_path(ds) + "/rendered").status_code == 200
        default = served.get(instance_path(ds), "application/dicom")
        assert default.status_code == 200, default.text
        decoded = pydicom.dcmread(io.BytesIO(default.content)).pixel_array
        assert (decoded == ds.pixel_array).all() or "ybr" in name or "color" in name or "rgb" in name
