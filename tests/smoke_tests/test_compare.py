from __future__ import annotations

import copy
import io

import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames

from smoke_tests import slide
from smoke_tests.compare import UnparsableDicom, differences, model, parse, wrong_frame


@pytest.fixture(scope="module")
def made() -> list[slide.Instance]:
    return slide.make("compare", size=512)


@pytest.fixture
def attributes(made: list[slide.Instance]) -> dict[str, object]:
    return model(parse(made[0].data))


def frame(instance: slide.Instance, number: int) -> bytes:
    dataset = dcmread(io.BytesIO(instance.data))
    return list(generate_frames(dataset.PixelData, number_of_frames=len(instance.frames)))[number - 1]


def test_the_same_attributes_do_not_differ(attributes: dict[str, object]) -> None:
    assert differences(attributes, copy.deepcopy(attributes)) == []
    assert "7FE00010" not in attributes


def test_a_changed_value_is_named_with_its_place(attributes: dict[str, object]) -> None:
    got = copy.deepcopy(attributes)
    got["00100020"]["Value"] = ["Somebody^Else"]
    got["52009229"]["Value"][0]["00289110"]["Value"][0]["00280030"]["Value"] = [1, 1]
    del got["00480006"]

    assert differences(attributes, got) == [
        "00100020 is another, sent was ['SMOKE-compare']",
        "00480006 is missing",
        "52009229[0].00289110[0].00280030 is [1, 1], sent was [0.0005, 0.0005]",
    ]


def test_a_lost_item_is_noticed(attributes: dict[str, object]) -> None:
    got = copy.deepcopy(attributes)
    got["00480105"]["Value"] = []

    assert differences(attributes, got) == ["00480105 has 0 items, sent were 1"]


def test_other_spellings_of_the_same_are_no_difference(attributes: dict[str, object]) -> None:
    got = copy.deepcopy(attributes)
    got["00280008"]["Value"] = ["4"]  # a number as text
    del got["00080050"]  # empty when sent
    got["00081190"] = {"vr": "UR", "Value": ["http://x"]}  # the store's own
    got["00480001"]["Value"] = [0.25600001]

    assert differences(attributes, got) == []


def test_a_frame_is_right_or_says_what_it_is(made: list[slide.Instance]) -> None:
    base = made[0]

    assert wrong_frame(base, 2, frame(base, 2)) == ""
    assert wrong_frame(base, 2, frame(base, 3)).endswith("it is frame 3 of the same instance")
    other = slide.make("other", size=512)[0]
    assert "it says of itself that it is level 0, row 1, column 0, run" in wrong_frame(base, 1, frame(other, 3))
    assert "are no readable image" in wrong_frame(base, 1, b"<html>")


def test_a_frame_without_its_last_byte_is_wrong(made: list[slide.Instance]) -> None:
    assert wrong_frame(made[0], 1, frame(made[0], 1)[:-1]) != ""


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"\0" * 128 + b"DICM"])
def test_what_is_not_dicom_is_said_to_be_so(data: bytes) -> None:
    with pytest.raises(UnparsableDicom, match=r"is not a readable DICOM file"):
        parse(data)
