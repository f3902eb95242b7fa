"""The page's pure modules, run by node: how a frame is recognised, how instances become slides, what lies on them."""

from __future__ import annotations

import json
from typing import Any

import imagecodecs
import numpy as np
import pytest
from prepare.model.codestream import identify

from tests.decoding import jpegs
from tests.viewer.page_module import call
from viewer.build import RULES

PIXELS = np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 3))
DEEP = np.random.default_rng(1).integers(0, 4095, (64, 64), np.uint16)
RUN_LENGTH = np.array([3, 64, 80, 96, *[0] * 12], "<u4").tobytes() + bytes(60)


TABLE = json.loads(RULES.read_text())


@pytest.mark.parametrize(
    ("frame", "coding"),
    [
        (imagecodecs.jpeg8_encode(PIXELS), "jpeg-baseline"),
        (imagecodecs.ljpeg_encode(DEEP), "jpeg-lossless"),
        (jpegs.unmarked(jpegs.jpeg(PIXELS)), "jpeg-unmarked"),
        (jpegs.without_application_data(jpegs.jpeg(PIXELS, outcolorspace="RGB")), "jpeg-baseline"),
        (jpegs.extended(jpegs.jpeg(PIXELS)), "jpeg-extended-8"),
        (b"\xff\xd8\xff\xfe\0\x04hi" + imagecodecs.jpegls_encode(PIXELS)[2:], "jpeg-ls-behind"),
        (imagecodecs.jpegls_encode(PIXELS), "jpeg-ls"),
        (imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k"), "jpeg2000"),
        (imagecodecs.jpeg2k_encode(PIXELS, codecformat="jp2"), "jpeg2000"),
        (imagecodecs.jpegxl_encode(PIXELS, usecontainer=False), "jpeg-xl"),
        (imagecodecs.jpegxl_encode(PIXELS, usecontainer=True), "jpeg-xl"),
        (RUN_LENGTH, "rle"),
        (PIXELS.tobytes(), "raw"),
        (PIXELS[:63, :, :1].tobytes() + b"\0", "unknown"),
    ],
)
def test_a_frame_is_recognised_by_its_first_bytes_as_the_job_does(frame: bytes, coding: str) -> None:
    assert call("codec.js", "codingOf", frame, PIXELS.nbytes) == identify(frame, PIXELS.nbytes) == coding


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (imagecodecs.jpeg8_encode(PIXELS), None),
        (PIXELS.tobytes(), None),
        (RUN_LENGTH, "1 images are stored as RLE, which the viewer cannot decode: it shows stripes"),
        (imagecodecs.ljpeg_encode(DEEP), "stored as JPEG lossless"),
        (PIXELS.tobytes()[:100], "They are damaged, or compressed in a way that viewers do not know"),
    ],
)
def test_what_the_engine_cannot_decode_is_told_in_the_tables_words(frame: bytes, sentence: str | None) -> None:
    seen = {"instance": "1.2", "frameBytes": PIXELS.nbytes, "photometric": "RGB", "samples": 3}
    problem = call("codec.js", "codingProblem", TABLE, seen, frame)

    assert problem is None if sentence is None else sentence in problem["sentence"]


@pytest.mark.parametrize(
    ("photometric", "mct", "told"),
    [("YBR_RCT", True, False), ("YBR_RCT", False, True), ("YBR_ICT", False, True), ("RGB", False, False)],
)
@pytest.mark.parametrize("container", ["j2k", "jp2"])
def test_a_jpeg_2000_without_the_transform_that_its_metadata_tells_is_told(
    photometric: str, mct: bool, told: bool, container: str
) -> None:
    seen = {"instance": "1.2", "frameBytes": PIXELS.nbytes, "photometric": photometric, "samples": 3}
    frame = imagecodecs.jpeg2k_encode(PIXELS, codecformat=container, mct=mct, reversible=True)  # pyright: ignore[reportArgumentType]
    problem = call("codec.js", "codingProblem", TABLE, seen, frame)
    assert (problem or {}).get("problem") == ("untransformed" if told else None)


@pytest.mark.parametrize(
    ("photometric", "planar", "sentence"),
    [
        ("RGB", False, None),
        ("YBR_FULL", False, "wrong colours without an error: 1 images are stored as uncompressed in YBR_FULL"),
        ("RGB", True, "colours plane by plane, which the viewer cannot decode"),
    ],
)
def test_colours_that_the_engine_does_not_turn_right_are_told(
    photometric: str, planar: bool, sentence: str | None
) -> None:
    seen = {"instance": "1.2", "frameBytes": PIXELS.nbytes, "photometric": photometric, "planar": planar, "samples": 3}
    problem = call("codec.js", "codingProblem", TABLE, seen, PIXELS.tobytes())

    assert problem is None if sentence is None else sentence in problem["sentence"]


def image(flavour: str = "VOLUME", columns: int = 1024, **changes: Any) -> dict[str, Any]:
    """DICOM JSON of one instance, sound unless changed; an element set to None is left out."""
    elements: dict[str, Any] = {
        "00080016": ["1.2.840.10008.5.1.4.1.1.77.1.6"],
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


def test_a_link_to_the_series_that_a_slide_was_made_from_finds_the_slide() -> None:
    source = {"0020000E": {"vr": "UI", "Value": ["1.2.9"]}}
    made = {**image(), "00081115": {"vr": "SQ", "Value": [source]}}
    found = slides(image(x0020000E=["1.2.4"], x00400512=["S-0"]), made)

    assert call("slides.js", "slideOfSeries", found, "1.2.9")["key"] == "1.2.3"
    assert call("slides.js", "slideOfSeries", found, "1.2") is None


def test_objects_are_told_by_their_class_and_found_on_the_slide_they_refer_to() -> None:
    (slide,) = slides(image(x00080018=["1.7"]))
    refers = {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.7"]}}]}
    ann = {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.91.1"]}, "00081199": refers}
    report = {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.88.34"]}}

    objects = call("slides.js", "objectsOf", [ann, report, image()])

    assert [one["kind"] for one in objects] == ["ANN", "SR"]
    assert [one["kind"] for one in call("slides.js", "objectsOn", slide, objects)] == ["ANN"]
