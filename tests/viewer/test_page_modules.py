"""The page's pure modules, run by node: how a frame is recognised, how instances become slides and what blocks them."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest

from tests.viewer.page_module import call

PIXELS = np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 3))
DEEP = np.random.default_rng(1).integers(0, 4095, (64, 64), np.uint16)
RUN_LENGTH = np.array([3, 64, 80, 96, *[0] * 12], "<u4").tobytes() + bytes(60)


@pytest.mark.parametrize(
    ("frame", "codec"),
    [
        (imagecodecs.jpeg8_encode(PIXELS), "jpeg"),
        (imagecodecs.ljpeg_encode(DEEP), "jpeg-lossless"),
        (imagecodecs.jpegls_encode(PIXELS), "jpeg-ls"),
        (imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k"), "j2k"),
        (imagecodecs.jpeg2k_encode(PIXELS, codecformat="jp2"), "j2k"),
        (imagecodecs.jpegxl_encode(PIXELS, usecontainer=False), "jxl"),
        (imagecodecs.jpegxl_encode(PIXELS, usecontainer=True), "jxl"),
        (PIXELS.tobytes(), "raw"),
    ],
)
def test_a_frame_is_recognised_by_its_first_bytes(frame: bytes, codec: str) -> None:
    assert call("codec.js", "codecOf", frame) == codec


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (imagecodecs.jpeg8_encode(PIXELS), None),
        (imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k"), None),
        (PIXELS.tobytes(), None),
        (PIXELS.tobytes() + b"\0", None),
        (RUN_LENGTH, "RLE"),
        (imagecodecs.ljpeg_encode(DEEP), "lossless JPEG"),
        (imagecodecs.jpegxl_encode(PIXELS), "JPEG XL"),
        (PIXELS.tobytes()[:100], "A tile has 100 bytes in no known encoding, 12288 were expected"),
    ],
)
def test_what_the_engine_cannot_decode_is_named(frame: bytes, sentence: str | None) -> None:
    problem = call("codec.js", "frameProblem", frame, PIXELS.nbytes)

    assert problem is None if sentence is None else sentence in problem


def image(flavour: str = "VOLUME", columns: int = 1024, **changes: Any) -> dict[str, Any]:
    """DICOM JSON of one instance, sound unless changed; an element set to None is left out."""
    elements: dict[str, Any] = {
        "00080008": ["ORIGINAL", "PRIMARY", flavour, "NONE"],
        "0020000E": ["1.2.3"],
        "00200052": ["1.9"],
        "00400512": ["S-1"],
        "00480006": [columns],
        "00480007": [columns],
        "00280002": [3],
        "00280008": [4],
        "00209311": ["TILED_FULL"],
        "00480105": [{"00480106": {"Value": ["0"]}, "00282000": {"BulkDataURI": "icc"}}],
        **{tag.removeprefix("x"): value for tag, value in changes.items()},
    }
    return {tag: {"Value": value} for tag, value in elements.items() if value is not None}


def slides(*images: dict[str, Any]) -> list[dict[str, Any]]:
    return call("slides.js", "slidesOf", list(images))


def test_levels_of_one_container_are_one_slide_with_its_label() -> None:
    (slide,) = slides(image(), image(columns=512), image("LABEL"), image("THUMBNAIL", 64))

    assert (slide["title"], slide["columns"], len(slide["pyramid"])) == ("S-1", 1024, 3)
    assert slide["label"] is not None
    assert slide["problem"] is None


@pytest.mark.parametrize("tag", ["x00200052", "x00400512", "x00080017"])
def test_another_frame_of_reference_container_or_acquisition_is_another_slide(tag: str) -> None:
    assert len(slides(image(), image(**{tag: ["other"]}))) == 2


def test_a_label_of_another_series_is_not_the_slides() -> None:
    (slide,) = slides(image(), image("LABEL", x0020000E=["1.2.4"]))

    assert "label" not in slide


def test_a_series_without_a_pyramid_is_no_slide() -> None:
    assert slides(image("LABEL")) == []


def test_slides_are_in_the_order_of_their_numbers() -> None:
    found = slides(*(image(x00400512=[name], x0020000E=[name]) for name in ("S-10", "S-2", "S-1")))

    assert [slide["title"] for slide in found] == ["S-1", "S-2", "S-10"]


@pytest.mark.parametrize(
    ("images", "rule"),
    [
        ([image(x00209311=["TILED_SPARSE"])], "R01"),
        ([image(x00209311=None)], "R01"),
        ([image(), image()], "R03"),
        ([image(x00480303=[3])], "R05"),
        ([image(x00480013=[3])], "R05"),
        ([image(), image(columns=512, x00480105=[{"00480106": {"Value": ["0"]}}])], "R06"),
        ([image(x00480105=None)], "R12"),
    ],
)
def test_what_the_engine_would_fail_on_is_named_by_its_rule(images: list[dict[str, Any]], rule: str) -> None:
    (slide,) = slides(*images)

    assert rule in slide["problem"]


@pytest.mark.parametrize(
    "images",
    [
        [image(x00209311=["TILED_SPARSE"], x52009230=[{}])],
        [image(x00209311=None, x00280008=[1])],
        [image(x00200242=["1.5"]), image(x00200242=["1.5"])],
        [image(), image(x00480105=[{"00480106": {"Value": ["1"]}, "00282000": {"BulkDataURI": "icc"}}])],
        [image(), image(columns=512, x00280002=[1], x00480105=[{"00480106": {"Value": ["0"]}}])],
    ],
    ids=["sparse with positions", "single frame", "concatenation", "two optical paths", "mono without a profile"],
)
def test_what_the_engine_can_show_is_not_blocked(images: list[dict[str, Any]]) -> None:
    (slide,) = slides(*images)

    assert slide["problem"] is None
