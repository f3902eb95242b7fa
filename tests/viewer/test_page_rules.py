"""The page and the preparation job find the same: same metadata, same table, same findings in the same words."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import pydicom
import pytest

from smoke_tests.slide import make
from tests.viewer.page_module import call
from viewer.build import RULES

pytest.importorskip("prepare.model.image", reason="this checkout's job has no checks for the whole table of rules yet")
from prepare.checks.rules import status, study_findings
from prepare.model.finding import SlideFinding
from prepare.model.slide import Probe
from prepare.model.study import Study, series_of
from prepare.planning.following import judge
from prepare.planning.planner import Options

from tests.jobs.matrix.judged import SAME, judged
from tests.jobs.matrix.slides import STUDY
from tests.jobs.matrix.whole import SLIDES

TABLE = json.loads(RULES.read_text())
NEEDS_MORE_THAN_METADATA = {"R07", "R13"}
"""Frames, and the job's label policy. (R08's part about frames finds nothing without a probe.)"""
OF_FRAMES = {("R08", "size"), ("R08", "precision")}
Json = dict[str, Any]
Change = Callable[[list[Json]], object]


def metadata() -> list[Json]:
    """A sound slide of three levels, as a store tells it."""
    slide = make("rules", size=1024)
    return [pydicom.dcmread(io.BytesIO(one.data), stop_before_pixels=True).to_json_dict() for one in slide]


def put(level: int, tag: str, *values: Any, vr: str = "LO") -> Change:
    return lambda items: items[level].__setitem__(tag, {"vr": vr, "Value": list(values)})


def drop(level: int, tag: str) -> Change:
    return lambda items: items[level].pop(tag)


def path(item: Json) -> Json:
    """Its only optical path."""
    return item["00480105"]["Value"][0]


def in_path(tag: str, level: int = 1) -> Change:
    return lambda items: path(items[level]).pop(tag)


def add(level: int, **tags: list[Any]) -> Change:
    """A copy of an image with these values changed, under its own UID."""

    def change(items: list[Json]) -> None:
        changed = {tag.removeprefix("x"): {"vr": "LO", "Value": value} for tag, value in tags.items()}
        items.append({**copy.deepcopy(items[level]), "00080018": {"vr": "UI", "Value": ["1.2.999"]}, **changed})

    return change


def label(items: list[Json]) -> None:
    add(0, x00080008=["ORIGINAL", "PRIMARY", "LABEL", "NONE"])(items)
    del items[-1]["00480105"]


def annotation(refers: str) -> Change:
    image = {
        "00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.77.1.6"]},
        "00081155": {"vr": "UI", "Value": [refers]},
    }

    def change(items: list[Json]) -> None:
        own = {"00080016": "1.2.840.10008.5.1.4.1.1.91.1", "00080018": "1.2.888", "0020000E": "1.2.777"}
        told = {tag: {"vr": "UI", "Value": [value]} for tag, value in own.items()}
        items.append({**told, "00081140": {"vr": "SQ", "Value": [image]}})

    return change


def place(column: int, row: int) -> Json:
    where = {"0048021E": {"vr": "SL", "Value": [column]}, "0048021F": {"vr": "SL", "Value": [row]}}
    return {"0048021A": {"vr": "SQ", "Value": [where]}}


def sparse(*places: Json) -> Change:
    def change(items: list[Json]) -> None:
        put(0, "00209311", "TILED_SPARSE")(items)
        if places:
            put(0, "52009230", *places, vr="SQ")(items)

    return change


MEANS = [
    ("sound", [], set[str]()),
    ("sparse without positions", [sparse()], {"R01"}),
    ("sparse with positions", [sparse(place(1, 1), place(257, 1))], set[str]()),
    ("off the grid", [sparse(place(2, 1))], {"R01"}),
    ("two tiles in one place", [sparse(place(1, 1), place(1, 1))], {"R01"}),
    ("many positions", [sparse(*(place(256 * n + 1, 1) for n in range(1001)))], {"R01"}),
    ("organization missing", [drop(0, "00209311")], {"R01"}),
    ("frames missing from the base", [put(0, "00280008", 15, vr="IS")], {"R02"}),
    ("frames missing, as text", [put(1, "00280008", "3", vr="IS")], {"R02"}),
    ("part missing", [put(0, "00209163", 3, vr="US"), put(0, "00200242", "1.2.5")], {"R02"}),
    ("duplicate level", [add(1)], {"R03"}),
    ("duplicate level in another series", [add(1, x0020000E=["1.2.4"])], {"R03"}),
    ("concatenation", [put(1, "00200242", "1.5"), add(1), put(1, "00280008", 2), put(3, "00280008", 2)], {"R02"}),
    ("two frames of reference", [put(1, "00200052", "1.2.5")], {"R04"}),
    ("two containers", [put(1, "00400512", "other")], {"R04"}),
    ("z-stack", [put(0, "00480303", 3), put(0, "00280008", 48)], {"R05"}),
    ("partial ICC", [in_path("00282000")], {"R06"}),
    (
        "different ICC",
        [lambda items: items[1]["00480105"]["Value"][0]["00282000"].update(InlineBinary="AAAA")],
        {"R06"},
    ),
    ("deep colour", [put(0, "00280100", 16)], {"R08"}),
    ("no small level", [lambda items: items.__delitem__(slice(1, None))], {"R09"}),
    ("step too wide", [lambda items: items.__delitem__(1), put(1, "00480006", 100), put(1, "00480007", 100)], {"R09"}),
    ("wrong spacing", [lambda items: spacing(items[1]).update(Value=[0.5, 0.5])], {"R10"}),
    ("other proportions", [put(1, "00480007", 300)], {"R10"}),
    ("four samples", [put(0, "00280002", 4)], {"R11"}),
    ("palette", [put(0, "00280002", 1), put(0, "00280004", "PALETTE COLOR")], {"R11"}),
    ("no spacing", [lambda items: spacing(items[1]).pop("Value")], {"R12"}),
    ("no orientation", [drop(2, "00480102")], {"R12"}),
    ("no illumination", [in_path("00220016")], {"R12"}),
    ("small tiles", [put(0, "00280010", 128), put(0, "00280011", 128), put(0, "00280008", 64)], {"R14"}),
    ("large tiles", [put(0, "00280011", 2048), put(0, "00280008", 4)], {"R14"}),
    ("derived but silent", [put(1, "00080008", "ORIGINAL", "PRIMARY", "VOLUME", "NONE")], {"R16"}),
    ("annotation of nothing known", [annotation("1.2.3.4")], {"R17"}),
    ("label without optical path", [label], {"R18"}),
    ("level without optical path", [drop(1, "00480105")], {"R12", "R18"}),
    ("long description", [put(0, "00081030", "x" * 1_000_000), put(1, "00081030", "Gewebe, é")], {"R15"}),
    ("no pyramid", [lambda items: [put(n, "00080008", "A", "B", "LABEL")(items) for n in range(3)]], {"R18"}),
    ("acquisition on some", [put(0, "00080017", "1.2.6", vr="UI")], {"R18"}),
    ("two patients", [put(0, "00100020", "other")], {"R18"}),
]


def spacing(item: Json) -> Json:
    return item["52009229"]["Value"][0]["00289110"]["Value"][0]["00280030"]


def by_the_job(items: list[Json]) -> dict[str, list[Json]]:
    uids = dict.fromkeys(item["0020000E"]["Value"][0] for item in items)
    series = [series_of(uid, "SM", [item for item in items if item["0020000E"]["Value"][0] == uid]) for uid in uids]
    study, probes = Study("1", tuple(series)), dict[str, Probe]()
    slides = {one.uid: study.slide_of(one.uid, probes) for one in series if one.images}
    found = judge(study, slides, Options()).findings
    return {uid: told(of) for uid, of in {**found, "study": study_findings(study)}.items()}


def told(findings: Iterable[SlideFinding]) -> list[Json]:
    fields = ("rule", "problem", "severity", "sentence")
    return [
        {**{name: getattr(one, name) for name in fields}, "instances": list(one.instances)}
        for one in findings
        if one.rule not in NEEDS_MORE_THAN_METADATA and (one.rule, one.problem) not in OF_FRAMES
    ]


def by_the_page(items: list[Json]) -> dict[str, list[Json]]:
    uids = list(dict.fromkeys(item["0020000E"]["Value"][0] for item in items))
    return call("../../../tests/viewer/judged.js", "judged", TABLE, items, uids)


@pytest.mark.parametrize(("changes", "expected"), [(m[1], m[2]) for m in MEANS], ids=[m[0] for m in MEANS])
def test_page_and_job_find_the_same(changes: list[Change], expected: set[str]) -> None:
    items = metadata()
    for change in changes:
        change(items)

    job, page = by_the_job(items), by_the_page(items)

    assert page == job
    assert expected <= {one["rule"] for of in page.values() for one in of}


def test_every_rule_that_metadata_can_tell_is_tried_here() -> None:
    tried = {rule for _, _, expected in MEANS for rule in expected}

    assert tried == {row["id"] for row in TABLE["rules"]} - NEEDS_MORE_THAN_METADATA


@pytest.mark.parametrize("name", SLIDES)
def test_page_and_job_agree_over_the_jobs_own_matrix(name: str) -> None:
    """Each study of the matrix with one store: findings and verdict of each series, as far as metadata tell."""
    result = judged(name, SAME)
    store = SLIDES[name]()
    items = [item for uid in result.findings for item in store.metadata(STUDY, uid)]

    page = by_the_page(items)

    job = {uid: told(found) for uid, found in result.findings.items()}
    assert {uid: page.get(uid, []) for uid in job} == job
    for plan in result.plan.series:
        by_frames = status(result.findings[plan.series]) != plan_result(job[plan.series])
        assert by_frames or (plan.kind == "blocked") == (plan_result(page.get(plan.series, [])) == "blocked"), plan


def plan_result(findings: list[Json]) -> str:
    return call("findings.js", "statusOf", findings)
