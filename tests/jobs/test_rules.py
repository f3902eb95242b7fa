"""Each rule broken alone on a slide that is otherwise right, and the cases in which it must keep silent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from prepare.checks.rules import SLIDE_CHECKS, STUDY_CHECKS, SlideFinding, findings, rules, status, table
from prepare.model.slide import Probe, Slide

from tests.jobs.fakes import image

SIZES = (4096, 2048, 1024, 512, 256)


def levels(*sizes: int, **more: Any) -> list[Any]:
    return [image(f"1.2.1.{size}", size, **more) for size in sizes or SIZES]


def judge(*images: Any, coding: str | dict[str, str] = "jpeg-baseline") -> list[SlideFinding]:
    codings = coding if isinstance(coding, dict) else {}
    probes = {
        one.instance: Probe(1, 9000, codings.get(one.instance, coding if isinstance(coding, str) else "jpeg-baseline"))
        for one in images
    }
    return findings(Slide(tuple(images), "1.2.1", probes))


def found(*images: Any, **more: Any) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in judge(*images, **more)]


def test_a_complete_full_pyramid_has_no_finding() -> None:
    assert found(*levels()) == []


@pytest.mark.parametrize(
    ("organization", "items", "expected"),
    [
        ("TILED_SPARSE", None, [("R01", "BLOCK")]),
        ("", None, [("R01", "BLOCK")]),  # missing counts as sparse
        ("TILED_SPARSE", 0, [("R01", "BLOCK")]),
        ("TILED_SPARSE", 256, []),  # small sparse slides open
        ("TILED_SPARSE", 1001, [("R01", "SLOW")]),
        ("TILED_FULL", None, []),
    ],
)
def test_r01_sparse_blocks_only_without_the_sequence(organization: str, items: int | None, expected: list[Any]) -> None:
    base, *rest = levels()
    changed = image(base.instance, 4096, organization=organization, per_frame_items=items, frames=items or 256)
    assert found(changed, *rest) == expected


def test_r03_two_images_of_one_size_block() -> None:
    twin = image("1.2.1.99", 2048)
    assert found(*levels(), twin) == [("R03", "BLOCK")]
    assert judge(*levels(), twin)[0].instances == ("1.2.1.2048", "1.2.1.99")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"concatenation_source": "1.9"}, {"concatenation_source": "1.9"}, []),
        ({"concatenation_source": "1.9"}, {"concatenation_source": "1.8"}, ["R03"]),
        ({"concatenation": "1.7"}, {"concatenation": "1.7"}, ["R03"]),  # the engine needs the source's UID
        ({"concatenation_source": "1.9"}, {}, ["R03"]),
        ({"samples": 1, "optical_paths": ("DAPI",)}, {"samples": 1, "optical_paths": ("FITC",)}, []),
        ({"samples": 1, "optical_paths": ("DAPI",)}, {"samples": 1, "optical_paths": ("DAPI", "FITC")}, ["R03"]),
    ],
)
def test_r03_allows_concatenations_and_other_optical_paths(first: Any, second: Any, expected: list[str]) -> None:
    images = [image("1.2.1.1", 256, **first), image("1.2.1.2", 256, **second)]
    assert [rule for rule, _ in found(*images) if rule not in ("R02", "R19")] == expected


def test_r03_sees_a_twin_in_another_series_and_says_so() -> None:
    twin = image("1.2.5.1", 4096, series="1.2.5")
    (finding,) = judge(*levels(), twin)
    assert finding.rule == "R03"
    assert "2 series" in finding.sentence


def test_a_finding_about_other_series_only_is_left_to_their_report() -> None:
    others = [image(f"1.2.5.{number}", 128, series="1.2.5") for number in (1, 2)]
    assert found(*levels(), *others) == []


@pytest.mark.parametrize("coding", [name for name, row in table()["codestreams"].items() if row["decodes"]])
def test_r07_is_silent_for_what_the_engine_decodes(coding: str) -> None:
    for photometric in table()["codestreams"][coding]["right"]:
        colour = levels(**({"samples": 1} if photometric == "MONOCHROME2" else {"photometric": photometric}))
        assert found(*colour, coding=coding) == []


@pytest.mark.parametrize(
    ("coding", "severity"),
    [
        ("rle", "WRONG"),
        ("raw-big-endian", "WRONG"),
        ("jpeg-lossless", "BLOCK"),
        ("jpeg-xl", "WRONG"),
        ("raw-by-plane", "WRONG"),
        ("unknown", "BLOCK"),
    ],
)
def test_r07_names_what_the_engine_cannot_decode(coding: str, severity: str) -> None:
    (finding,) = judge(*levels(), coding={"1.2.1.4096": coding})
    assert (finding.rule, finding.severity, finding.instances) == ("R07", severity, ("1.2.1.4096",))


@pytest.mark.parametrize(
    ("coding", "photometric", "problems"),
    [
        ("jpeg-ls", "RGB", []),
        ("jpeg-ls", "YBR_FULL", ["colours"]),
        ("raw", "YBR_FULL", ["colours"]),
        ("jpeg-baseline", "YBR_FULL", []),
        ("jpeg-unmarked", "RGB", ["colours"]),
        ("jpeg-unmarked", "YBR_FULL", []),
    ],
)
def test_r07_tells_colours_that_the_engine_gets_wrong(coding: str, photometric: str, problems: list[str]) -> None:
    judged = judge(*levels(photometric=photometric), coding=coding)
    assert [(one.rule, one.severity, one.problem) for one in judged] == [("R07", "WRONG", one) for one in problems]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((16384, 4096, 1024, 256), []),  # steps of 4 are fine
        ((512,), []),  # four tiles
        ((513,), ["R09"]),  # nine tiles
        ((4096, 2048), ["R09"]),
        ((4096,), ["R09"]),
        ((4096, 512), ["R09"]),  # step of 8
        ((4096, 1010, 252), []),  # 4.06: rounding of a quarter
    ],
)
def test_r09_wants_small_levels_and_small_steps(sizes: tuple[int, ...], expected: list[str]) -> None:
    assert [rule for rule, _ in found(*levels(*sizes))] == expected


def test_r09_is_the_only_finding_that_adding_levels_mends() -> None:
    assert {rule.id: rule.remedy for rule in rules() if rule.remedy == "add_levels"} == {"R09": "add_levels"}


def test_a_thumbnail_counts_as_the_coarsest_level_and_hides_coarser_volumes() -> None:
    thumbnail = image("1.2.1.5", 600, columns=600, rows=600, frames=1, flavor="THUMBNAIL")
    assert found(*levels(2048, 1024), thumbnail) == []
    assert found(*levels(16384), thumbnail) == [("R09", "SLOW")]


@pytest.mark.parametrize(
    ("severities", "expected"),
    [((), "ready"), (("SLOW",), "ready_degraded"), (("SLOW", "WRONG"), "blocked"), (("BLOCK",), "blocked")],
)
def test_the_worst_finding_decides_the_status(severities: tuple[Any, ...], expected: str) -> None:
    assert status(SlideFinding("R01", severity, "repair", "…", ("1.2",)) for severity in severities) == expected


def test_findings_come_worst_first_and_say_whole_sentences() -> None:
    images = [image("1.2.1.1", 4096, organization="TILED_SPARSE", per_frame_items=256)]
    found_here = judge(*images, coding="rle")
    assert [finding.severity for finding in found_here] == ["WRONG", "SLOW"]
    assert all("{" not in finding.sentence and finding.sentence.endswith(".") for finding in found_here)


def test_the_table_is_about_the_engine_that_the_viewer_locks() -> None:
    lock = json.loads((Path(__file__).parents[2] / "viewer/lite/package-lock.json").read_text())
    version = lock["packages"]["node_modules/dicom-microscopy-viewer"]["version"]
    assert table()["engine"] == f"dicom-microscopy-viewer {version}"


def test_every_row_of_the_table_has_a_check_and_its_sentences() -> None:
    assert [rule.id for rule in rules()] == [f"R{number:02}" for number in range(1, 20)]
    assert {rule.id for rule in rules()} == {*SLIDE_CHECKS, *STUDY_CHECKS, "R13"}
    for row in table()["codestreams"].values():
        assert row["decodes"] or (row["severity"] in ("BLOCK", "WRONG") and row["consequence"])
