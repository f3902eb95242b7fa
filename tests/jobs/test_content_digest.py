"""What counts as the same instance: equal but for what storing rewrites; and files that are none."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pydicom
import pytest
from prepare.execution.content_digest import content_of
from prepare.execution.stream import NotDicomFile
from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from tests.jobs.copying_support import file_of


def pieces(data: bytes, size: int = 5) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def changed(data: bytes, **values: object) -> bytes:
    dataset = pydicom.dcmread(BytesIO(data))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def nested(undefined: bool, depth: int = 2) -> bytes:
    inner = Dataset()
    inner.TextValue = "deep"
    for _ in range(depth):
        outer = Dataset()
        outer.ContentSequence = [inner]
        outer["ContentSequence"].is_undefined_length = undefined
        inner.is_undefined_length_sequence_item = undefined
        inner = outer
    return changed(file_of(1), ContentSequence=[inner])


def test_what_storing_rewrites_does_not_count() -> None:
    one = file_of(1)
    other = changed(one, RetrieveURL="https://archive.example/x", InstanceAvailability="ONLINE")
    assert other != one
    assert content_of(pieces(other)) == content_of(pieces(one, 1000))


def test_how_lengths_of_sequences_are_written_does_not_count() -> None:
    assert nested(True) != nested(False)
    assert content_of(pieces(nested(True))) == content_of(pieces(nested(False)))


def test_another_attribute_is_another_instance() -> None:
    assert content_of([changed(file_of(1), PatientID="SYN-2")]) != content_of([file_of(1)])


def test_another_pixel_is_another_instance_and_only_its_frame_differs() -> None:
    one = file_of(1)
    at = one.rindex(bytes([1, 2]) * 10)
    other = one[:at] + b"\x09" + one[at + 1 :]
    first, second = content_of([one]).frames, content_of([other]).frames
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, True, False]


def test_implicit_files_are_read() -> None:
    dataset = pydicom.dcmread(BytesIO(file_of(1)))
    del dataset.PixelData
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    out = BytesIO()
    dataset.save_as(out, implicit_vr=True, little_endian=True)
    assert content_of(pieces(out.getvalue())).syntax == ImplicitVRLittleEndian


def test_a_file_that_breaks_off_is_a_sentence_wherever_it_does() -> None:
    data = file_of(1)
    for end in range(140, len(data) - 8, 97):
        with pytest.raises(NotDicomFile):
            content_of(pieces(data[:end], 64))
    with pytest.raises(NotDicomFile, match="does not begin"):
        content_of([bytes(200)])


def test_bottomless_sequences_are_refused() -> None:
    with pytest.raises(NotDicomFile, match="more than 64 deep"):
        content_of([nested(True, depth=80)])
