"""Objects that refer to images: their references follow, everything else stays, and the bytes are always the same."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pydicom
import pytest
from prepare.errors import SeriesFailed
from prepare.execution.rewritten_header import RewrittenFile
from prepare.planning.references import Successor, uid_of
from prepare.planning.references import following as follow
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

OLD, NEW, OTHER = "1.2.3.1", "2.25.1", "1.2.3.2"


class Pieces:
    """A file in pieces of a few bytes, so that every boundary is met."""

    def __init__(self, data: bytes, size: int = 7) -> None:
        self._data, self._size = data, size
        self.length: int | None = len(data)

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._data), self._size):
            yield self._data[at : at + self._size]


def item(**values: Any) -> Dataset:
    out = Dataset()
    for keyword, value in values.items():
        setattr(out, keyword, value)
    return out


def written(dataset: Dataset, pixels: bytes | None = None) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if pixels else ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.3.99"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.9"
    if pixels:
        dataset.PixelData = encapsulate([pixels])
        dataset["PixelData"].is_undefined_length = True
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def report() -> Dataset:
    """References two and three sequences deep, to a changed image and to another."""
    image = item(ReferencedSOPSequence=[item(ReferencedSOPInstanceUID=OLD)], ValueType="IMAGE")
    series = item(
        SeriesInstanceUID="1.2.3.4",
        ReferencedInstanceSequence=[item(ReferencedSOPInstanceUID=OLD), item(ReferencedSOPInstanceUID=OTHER)],
    )
    return item(ReferencedSeriesSequence=[series], ContentSequence=[item(ContentSequence=[image])], TextValue="kept")


def following(file: bytes, successors: dict[str, Successor] | None = None) -> RewrittenFile:
    known = successors or {OLD: Successor(NEW)}
    return follow("1.2.3.99", Pieces(file), known, uid_of("1.2.3.99", {OLD: known[OLD].uid}, "1"), "1")


def result(one: RewrittenFile) -> Dataset:
    return pydicom.dcmread(BytesIO(b"".join(one)))


def test_references_follow_at_any_depth_and_others_stay() -> None:
    mapped = result(following(written(report())))
    listed = mapped.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert [one.ReferencedSOPInstanceUID for one in listed] == [NEW, OTHER]
    deep = mapped.ContentSequence[0].ContentSequence[0].ReferencedSOPSequence[0]
    assert deep.ReferencedSOPInstanceUID == NEW
    assert (mapped.TextValue, mapped.SeriesInstanceUID) == ("kept", "1.2.3.9")


def test_it_is_another_object_under_a_uid_that_its_successors_make() -> None:
    file = written(report())
    one = following(file)
    mapped = result(one)
    assert mapped.SOPInstanceUID == mapped.file_meta.MediaStorageSOPInstanceUID == one.uid != "1.2.3.99"
    assert following(file).uid == one.uid
    assert following(file, successors={OLD: Successor("2.25.2")}).uid != one.uid


def test_its_bytes_are_the_same_at_every_reading() -> None:
    one = following(written(report()))
    assert b"".join(one) == b"".join(one) == b"".join(following(written(report())))


def test_pixel_data_passes_untouched() -> None:
    pixels = bytes(range(256)) * 40
    file = written(report(), pixels)
    out = b"".join(following(file))
    start = file.index(b"\xe0\x7f\x10\x00")
    assert out.endswith(file[start:])
    assert (
        result(following(file)).ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
        == NEW
    )


@pytest.mark.parametrize(("old", "new"), [(2, 5), ([1, 2], [3, 5])])
def test_frame_numbers_follow_where_frames_have_moved(old: Any, new: Any) -> None:
    dataset = item(ReferencedImageSequence=[item(ReferencedSOPInstanceUID=OLD, ReferencedFrameNumber=old)])
    moved = {OLD: Successor(NEW, {1: 3, 2: 5})}
    mapped = result(following(written(dataset), successors=moved))
    assert mapped.ReferencedImageSequence[0].ReferencedFrameNumber == new


def test_a_frame_that_never_was_is_a_sentence() -> None:
    dataset = item(ReferencedImageSequence=[item(ReferencedSOPInstanceUID=OLD, ReferencedFrameNumber=7)])
    with pytest.raises(SeriesFailed, match=r"refers to frame 7 .* \(R17\)"):
        b"".join(following(written(dataset), successors={OLD: Successor(NEW, {1: 1})}))


def test_what_is_no_dicom_is_a_sentence() -> None:
    with pytest.raises(SeriesFailed, match="does not begin as a DICOM file"):
        b"".join(following(bytes(500)))
