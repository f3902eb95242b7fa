"""The page's pure modules, run by node: how instances become slides, what lies on them, how it is named and turned."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viewer.page_module import call


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
    return call("dicom.js", "slidesOf", list(images))


def test_levels_of_one_container_are_one_slide_with_its_label() -> None:
    (slide,) = slides(image(), image(columns=512), image("LABEL"), image("THUMBNAIL", 64))

    assert (slide["title"], len(slide["pyramid"])) == ("S-1", 3)
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

    assert call("dicom.js", "slideOfSeries", found, "1.2.9")["key"] == "1.2.3"
    assert call("dicom.js", "slideOfSeries", found, "1.2") is None


def test_objects_are_told_by_their_class_and_found_on_the_slide_they_refer_to() -> None:
    (slide,) = slides(image(x00080018=["1.7"]))
    refers = {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.7"]}}]}
    ann = {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.91.1"]}, "00081199": refers}
    report = {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.88.34"]}}

    found = call("dicom.js", "objectsOn", slide, [ann, report, {**report, "00081199": refers}, image()])

    assert [one["kind"] for one in found] == ["ANN", "SR"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ({"Alphabetic": "Yamada^Tarou^M"}, "Yamada, Tarou M"),
        ({"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}, "Yamada, Tarou · 山田 太郎"),
        ({"Ideographic": "山田^太郎"}, "山田 太郎"),
        ({"Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}, "山田 太郎 · やまだ たろう"),
        ({"Alphabetic": "Smith^John^Adam^Dr^Jr"}, "Smith, Dr John Adam, Jr"),
        ({"Alphabetic": "^^^^Jr "}, "Jr"),
        ("Yamada^Tarou", "Yamada, Tarou"),
        (None, ""),
    ],
)
def test_a_name_is_shown_in_every_writing_that_it_has(name: Any, shown: str) -> None:
    assert call("dicom.js", "personName", {"00100010": {"vr": "PN", "Value": [name]}}, "PatientName") == shown


@pytest.mark.parametrize(
    ("orientation", "turns"),
    [([0, -1, 0, -1, 0, 0], 2), ([1, 0, 0, 0, 1, 0], 1), ([-1, 0, 0, 0, -1, 0], 3), ([0, 1, 0, 1, 0, 0], 0), ([], 0)],
)
def test_labels_are_turned_as_the_engine_turns_the_slide(orientation: list[int], turns: int) -> None:
    assert call("label.js", "quarters", {"00480102": {"Value": orientation}}) == turns
