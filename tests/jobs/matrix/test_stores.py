"""The whole matrix as files through the whole job, in the local cloud and in Orthanc: the same plans, the right pixels.

By default one slide for each thing the job does; SLOW=1: every slide of the matrix;
SLIDES="one another": those.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from prepare.checks.rules import status
from prepare.dicomweb.inspection import inspect
from prepare.dicomweb.store import DicomStore
from prepare.pixels import codec
from prepare.pixels.grid import PixelFormat
from prepare.pixels.instances import is_ours
from prepare.planning.following import Judged, judge
from prepare.planning.planner import Options
from pydicom import Dataset
from pydicom.encaps import generate_frames

from localcloud.cloud import Cloud
from tests.jobs import validator
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.matrix import picture
from tests.jobs.matrix.files import Written, written
from tests.jobs.matrix.whole import SLIDES
from tests.jobs.test_main import start
from tests.smoke_tests import orthanc

EXPECTED: dict[str, Any] = json.loads(Path(__file__).with_name("expected.json").read_text("utf-8"))
SOME = (
    "brightfield", "base_only", "odd_size", "sparse_without_positions", "sparse_with_long_list",
    "concatenation_whole", "level_frames_missing", "twin_levels", "z_stack", "icc_on_base_only", "icc_of_two_kinds",
    "rle", "jpeg_12_bit", "jpeg_xl_of_jpeg", "damaged_level", "twelve_in_sixteen", "channels_as_two_instances",
    "channels_as_two_paths_base_only", "spacing_missing_on_a_level", "label_without_optical_path",
    "acquisition_on_some", "thumbnail_of_many_tiles", "sparse_rle_icc_and_base_only",
    "annotations_on_level_2_of_rle", "report_on_a_segmentation_of_rle", "bad_slide_among_good", "radiology",
    "two_regions_of_one_size", "padded_levels", "thumbnail_of_the_whole_glass", "sparse_frame_placed_for_all",
    "channels_in_other_tiles", "channel_without_its_smallest_level", "icc_empty_on_the_base",
    "spacing_told_by_each_frame", "container_missing_on_a_level", "frames_of_no_length", "edge_tiles_cropped",
    "fewer_frames_than_promised", "frame_of_a_level_cut_off", "key_object_of_rle", "levels_that_name_their_source",
    "heat_map_beside_a_slide", "same_uids_in_two_series",
    "channels_not_counted", "level_turned", "z_stack_as_images", "sparse_without_path_identification",
)  # fmt: skip
CHOSEN = os.environ["SLIDES"].split() if "SLIDES" in os.environ else list(SLIDES if os.environ.get("SLOW") else SOME)
NO_FRAMES = (
    "tile_size_missing_on_a_level", "tile_size_missing_on_the_base", "bits_missing_on_a_level", "bits_of_one",
    "bits_of_twelve_on_a_level",
)  # fmt: skip
UNKNOWN_TO_ORTHANC = {
    "htj2k": "High-Throughput JPEG 2000",
    "jpeg_xl_of_jpeg": "JPEG XL",
    "colours_halved_and_uncompressed": "uncompressed YBR_FULL_422, of which it cuts frames as if colours were whole",
    "sparse_tile_with_an_empty_place": "an empty item of a sequence, and tells no metadata of the series",
    **dict.fromkeys(NO_FRAMES, "frames of an image without a usable size or BitsAllocated"),
}
"""Orthanc 1.10 stores them and answers 500 (or something else) when asked for their frames or metadata."""
LEFT_BY_ORTHANC = "R01 "
"""It leaves no list of positions out of metadata."""
PATIENCE = 1200
SMALLEST = 64
"""Pixels: below, the scene is too small to be told from its average."""


@dataclass
class Place:
    """Two stores of one kind, and a session that may write to both."""

    name: str
    raw: str
    viewers: str
    session: requests.Session = field(default_factory=requests.Session)


@dataclass
class Done:
    place: Place
    slides: dict[str, Written]
    reports: dict[str, dict[str, Any]]
    """By series."""


@pytest.fixture(scope="module", params=["local cloud", pytest.param("orthanc", marks=pytest.mark.orthanc)])
def place(request: pytest.FixtureRequest, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if request.param == "orthanc":
        folders = [tmp_path_factory.mktemp("orthanc") for _ in range(2)]
        with orthanc.running(folders[0]) as raw, orthanc.running(folders[1]) as viewers:
            yield Place("orthanc", raw, viewers)
        return
    owner = as_principal(cloud, cloud.iam.owner)
    dataset = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}"
    for name in ("matrix-raw", "matrix-viewers"):
        assert owner.post(f"{dataset}/dicomStores?dicomStoreId={name}", json={}, timeout=10).ok
    root = f"{dataset}/dicomStores"
    yield Place("local cloud", f"{root}/matrix-raw/dicomWeb", f"{root}/matrix-viewers/dicomWeb", owner)


@pytest.fixture(scope="module")
def done(place: Place, cloud: Cloud) -> Done:
    unknown = UNKNOWN_TO_ORTHANC if place.name == "orthanc" else ()
    slides = {name: written(name) for name in CHOSEN if name not in unknown}
    for slide in slides.values():
        for file in slide.files:
            put(place, file)
    return Done(place, slides, run(cloud, place, slides))


def run(cloud: Cloud, place: Place, slides: dict[str, Written], *asked: str) -> dict[str, dict[str, Any]]:
    """What the job says of every series, or those `asked` for. Orthanc reads a whole instance for each request."""
    more = {"DICOMWEB_ROOT": place.raw, "VIEWER_DICOMWEB_ROOT": place.viewers}
    wanted = asked or ("--study", *(slide.study for slide in slides.values()))
    process = start(cloud, "--json", *wanted, **more)
    try:
        said, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert said, errors
    return {one["series"]: one for one in json.loads(said)["series"]}


def put(place: Place, file: bytes) -> None:
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--x--\r\n"
    headers = {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=x',
        "Accept": "application/dicom+json",
    }
    answer = place.session.post(f"{place.raw}/studies", data=body, headers=headers, timeout=60)
    assert answer.ok, answer.text


@pytest.mark.parametrize("name", CHOSEN)
def test_plans_and_final_states_are_those_of_the_table(done: Done, name: str) -> None:
    known_to(done, name)
    found: list[list[str]] = []
    for series in done.slides[name].series:
        one = done.reports[series]
        plan = one["report"]["plan"]
        assert plan, one["reason"]
        told = {finding["rule"] for finding in (*one["report"]["findings"], *one["report"]["mended"])}
        short = f"blocked: {plan['reason']}" if plan["kind"] == "blocked" else plan["kind"]
        found.append([" ".join(sorted(told)), short, one["status"]])
    rows = expected(done.place.name, name)
    if name in SEEN_IN_STORES:
        found = [[row[0].replace(f"{SEEN_IN_STORES[name]} ", ""), *row[1:]] for row in found]
    assert found == [[_in(done.place, row[0]), _short(row[1]), row[2]] for row in rows]


SEEN_IN_STORES = {"same_uids_in_two_series": "R02"}
"""A rule that speaks as well where a store gives the frames of one instance for two: which two, it cannot tell."""


def known_to(done: Done, name: str) -> None:
    if name not in done.slides:
        pytest.skip(f"Orthanc 1.10 does not know {UNKNOWN_TO_ORTHANC[name]}")


def _in(place: Place, found: str) -> str:
    """The rules of a row; without R01 for lists of positions that only a store like Google's leaves out."""
    seen_anywhere = place.name != "orthanc" or "R01.contradicting" in found
    return _rules(found) if seen_anywhere else _rules(found).replace(LEFT_BY_ORTHANC, "")


def _rules(found: str) -> str:
    """Of a row, as they are where viewers have a store of their own."""
    return " ".join(sorted(set(re.findall(r"R\d\d", found.rpartition("|")[2]))))


def _short(plan: str) -> str:
    return plan if plan.startswith("blocked") else plan.partition(" ")[0]


def expected(place: str, name: str) -> list[list[str]]:
    other = EXPECTED["orthanc"].get(name, name) if place == "orthanc" else name
    return EXPECTED["slides"][other]


def looked_into(done: Done, name: str) -> Judged:
    store, study = DicomStore(done.place.viewers, done.place.session), done.slides[name].study
    seen = inspect(store, study, store.instances(study))
    assert not seen.unreadable, seen.unreadable
    return judge(seen.study, seen.slides, Options())


def shown(name: str) -> bool:
    return any(row[2] != "blocked" for row in EXPECTED["slides"][name])


@pytest.mark.parametrize("name", [name for name in CHOSEN if shown(name)])
def test_what_viewers_get_breaks_no_rule_and_shows_the_scene_at_every_level(done: Done, name: str) -> None:
    known_to(done, name)
    judged = looked_into(done, name)
    for series, slide in judged.slides.items():
        assert status(judged.findings[series]) == done.reports[series]["status"], judged.findings[series]
        for image in slide.own:
            _shows_the_scene(instance(done, series, image.instance, done.slides[name].study))


@pytest.mark.parametrize("name", [name for name in CHOSEN if shown(name)])
def test_what_the_job_wrote_has_no_error_that_its_source_has_not(done: Done, name: str, tmp_path: Path) -> None:
    """In the eyes of dicom3tools: an instance alone, and beside the others of its study."""
    known_to(done, name)
    slide = done.slides[name]
    store = DicomStore(done.place.viewers, done.place.session)
    rows = store.instances(slide.study)
    if not any(is_ours(row.instance) for row in rows):
        return
    before = {error for file in slide.files for error in validator.errors_of(file, tmp_path)}
    delivered = [file_of(done, row.series, row.instance, slide.study) for row in rows]
    for row, file in zip(rows, delivered, strict=True):
        if is_ours(row.instance):
            assert validator.errors_of(file, tmp_path) <= before
    assert validator.errors_between(delivered, tmp_path) <= validator.errors_between(slide.files, tmp_path)


def file_of(done: Done, series: str, uid: str, study: str) -> bytes:
    url = f"{done.place.viewers}/studies/{study}/series/{series}/instances/{uid}"
    accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    answer = done.place.session.get(url, headers=accept, timeout=60)
    assert answer.ok, answer.text
    return answer.content[answer.content.index(b"DICM") - 128 : answer.content.rindex(b"\r\n--")]


def instance(done: Done, series: str, uid: str, study: str) -> Dataset:
    return pydicom.dcmread(BytesIO(file_of(done, series, uid, study)))


def _shows_the_scene(level: Dataset) -> None:
    """Each frame is the scene at its place, or its tile is absent."""
    columns, rows = level.TotalPixelMatrixColumns, level.TotalPixelMatrixRows
    if min(columns, rows) < SMALLEST:
        return
    form = PixelFormat.of(level)
    peak = 2 ** (form.stored or form.bits) - 1
    paths = [str(path.OpticalPathIdentifier) for path in level.OpticalPathSequence]
    number = int(level.NumberOfFrames)
    for at, frame in enumerate(generate_frames(level.PixelData, number_of_frames=number)):
        path, left, top = where(level, at)
        high, wide = min(form.rows, rows - top), min(form.columns, columns - left)
        pixels = codec.decode(frame, form)
        if form.colour:
            pixels = codec.rgb_of(pixels) if codec.photometric_when_decoded(form) == "YBR_FULL" else pixels
            scene = picture.scene(columns, rows, left, top, wide, high, 3, form.bits)
        else:
            channel = int(paths == ["2"]) if len(paths) == 1 else path
            scene = picture.channel(columns, rows, left, top, wide, high, channel, form.stored or form.bits)
        error = np.mean((pixels[:high, :wide].astype(np.float64) - scene) ** 2)
        assert 10 * np.log10(peak**2 / max(error, 1e-9)) > 32, f"frame {at + 1} of {columns} x {rows} at {left}, {top}"


def where(level: Dataset, at: int) -> tuple[int, int, int]:
    """Optical path, left and top of a frame, all from 0."""
    if "PerFrameFunctionalGroupsSequence" in level:
        told = level.PerFrameFunctionalGroupsSequence[at].PlanePositionSlideSequence[0]
        return 0, told.ColumnPositionInTotalImagePixelMatrix - 1, told.RowPositionInTotalImagePixelMatrix - 1
    at += int(level.get("ConcatenationFrameOffsetNumber", 0))
    across, down = -(-level.TotalPixelMatrixColumns // level.Columns), -(-level.TotalPixelMatrixRows // level.Rows)
    path, at = divmod(at, across * down)
    return path, at % across * level.Columns, at // across * level.Rows


def test_a_second_run_finds_everything_unchanged(done: Done, cloud: Cloud) -> None:
    assert {one["status"] for one in run(cloud, done.place, done.slides).values()} == {"unchanged"}
