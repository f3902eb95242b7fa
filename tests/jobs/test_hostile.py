"""A store that lies, files that are none: each ends in a report or a sentence, soon, in little memory."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import re
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from prepare.copying import Deliverer
from prepare.digest import content_of
from prepare.errors import CannotRun, SeriesFailed
from prepare.executor import Executor
from prepare.making import Maker
from prepare.outcome import explain
from prepare.pixels import codec
from prepare.pixels.frames import FrameReader
from prepare.pixels.grid import Form, Grid
from prepare.pixels.part10 import write_stream
from prepare.pixels.stage import MemoryStage
from prepare.planner import Options
from prepare.reheaded import Reheaded
from prepare.retry import Repeating, RetryingAdapter, RetryPolicy, Traffic
from prepare.stages import Stages
from prepare.store import DicomStore
from pydicom import Dataset

from benchmarks.tissue_slide import complete
from tests.jobs import hostile_bombs
from tests.jobs.fakes import Bucket, Time
from tests.jobs.hostile import HostileStore, Instance, spoil_bytes, spoil_json
from tests.jobs.pixels.slides import JPEG, JPEG_LS, RAW, RLE, colour, header, item, mono

SEEDS = 5_000 if os.environ.get("SLOW") else 240
KINDS = ("rows", "metadata", "text", "frame", "frames", "file")
CPU_SECONDS = 2.0
BOMB_SECONDS = 30.0
"""pydicom takes five microseconds for an item, and as many are read as a large sparse slide has."""
MEMORY = 384 << 20
"""Bytes that any number of hostile inputs may add: 512 MiB less what the job has after its imports."""
STUDY, SERIES = "2.25.1", "2.25.2"


class TooLong(BaseException):
    """An input took more than CPU_SECONDS of this process."""


@contextlib.contextmanager
def bounded(seconds: float = CPU_SECONDS) -> Generator[None]:
    """Holds an input to its processor time, so that busy neighbours hardly count."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def little_memory() -> Generator[None]:
    """Holds the process to MEMORY more than it has now."""
    # With much else in the process Python would collect cycles rarely; the job has nothing else.
    gc.collect()
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    try:
        yield
        assert status("VmHWM") - before < MEMORY
    finally:
        gc.unfreeze()


def status(what: str) -> int:
    found = re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def level(form: Form, edge: int, uid: str, sparse: bool = False) -> Instance:
    """One level of a slide in one of the codings."""
    grid = Grid(edge, edge, form.columns, form.rows)
    random_pixels = np.random.default_rng(edge)
    shape = (form.rows, form.columns, 3) if form.colour else (form.rows, form.columns)
    top = 256 if form.bits == 8 else 4096
    tiles = [random_pixels.integers(0, top, shape).astype(form.dtype) for _ in range(grid.tiles)]
    made = header(grid, form, uid=uid)
    complete(made)
    if sparse:
        made.DimensionOrganizationType = "TILED_SPARSE"
        made.PerFrameFunctionalGroupsSequence = [
            item(
                PlanePositionSlideSequence=[
                    item(
                        ColumnPositionInTotalImagePixelMatrix=at % grid.across * form.columns + 1,
                        RowPositionInTotalImagePixelMatrix=at // grid.across * form.rows + 1,
                    )
                ]
            )
            for at in range(grid.tiles)
        ]
    frames = [rle(tile) if form.syntax == RLE else codec.encode(tile, form, 90) for tile in tiles]
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = made.SOPClassUID, uid
    file = b"".join(write_stream(made, frames, [len(frame) for frame in frames]))
    return Instance.of(file, frames)


def rle(tile: Any) -> bytes:
    from pydicom.pixels.encoders import RLELosslessEncoder

    return RLELosslessEncoder.encode(
        tile, rows=tile.shape[0], columns=tile.shape[1], samples_per_pixel=3, bits_allocated=8, bits_stored=8,
        photometric_interpretation="RGB", pixel_representation=0, number_of_frames=1, planar_configuration=0,
    )  # fmt: skip


SLIDES = {
    "jpeg": level(colour(JPEG), 256, "2.25.11"),
    "jpeg sparse": level(colour(JPEG), 256, "2.25.12", sparse=True),
    "jpeg-ls": level(colour(JPEG_LS), 192, "2.25.13"),
    "rle": level(colour(RLE), 192, "2.25.14"),
    "raw 16 bit": level(mono(), 192, "2.25.15"),
    "raw colour": level(colour(RAW), 192, "2.25.16"),
}


def prepare(store: HostileStore) -> str:
    """The status of the study's one series after the whole job, or the sentence that it ended with."""
    time, traffic = Time(), Traffic()
    session = requests.Session()
    session.mount("https://", RetryingAdapter(store, RetryPolicy(deadline_seconds=30), time.clock, traffic=traffic))
    raw, viewers = (DicomStore(f"https://hostile.example/{name}", session) for name in ("raw", "viewer"))
    policy = RetryPolicy(deadline_seconds=30)
    reader = FrameReader(session, raw.root, time.clock, policy)
    stages = Stages(
        raw,
        Bucket(),
        time.clock,
        traffic,
        options=Options("separate", "show"),
        executor=Executor(raw, Deliverer(viewers, traffic, Repeating(policy, time.clock))),
        maker=Maker(raw, reader, MemoryStage()),
    )
    try:
        rows = stages.discover(STUDY)
        return stages.series(STUDY, SERIES, rows).status
    except (SeriesFailed, CannotRun) as error:
        return str(error)
    finally:
        reader.close()


@pytest.mark.parametrize("slide", SLIDES)
def test_a_store_that_does_not_lie_gets_every_slide_ready(slide: str) -> None:
    one = SLIDES[slide]
    store = HostileStore({"raw": {one.metadata["00080018"]["Value"][0]: one}, "viewer": {}})
    assert prepare(store) == "ready"
    assert store.posts == 3


def test_answers_spoilt_at_random_end_in_a_report_or_a_sentence() -> None:
    with little_memory():
        for seed in (*range(SEEDS), 3_383):  # the last one found something once
            rng = random.Random(seed)
            kind, one = rng.choice(KINDS), SLIDES[rng.choice(list(SLIDES))]

            def spoil(what: str, told: Any, kind: str = kind, rng: random.Random = rng) -> Any:
                if what != kind or rng.random() < 0.3:
                    return told
                return spoil_bytes(told, rng) if isinstance(told, bytes) else spoil_json(told, rng)

            store = HostileStore({"raw": {one.metadata["00080018"]["Value"][0]: one}, "viewer": {}}, spoil)
            try:
                with bounded():
                    said = prepare(store)
            except Exception as error:
                pytest.fail(f"seed {seed} ({kind}): {explain(error)}", pytrace=True)
            except TooLong:
                pytest.fail(f"seed {seed} ({kind}) took more than {CPU_SECONDS} s")
            assert said in ("ready", "ready_degraded", "blocked") or ": " in said or " " in said, f"seed {seed}: {said}"


FILES = [
    *(one.file for one in SLIDES.values()),
    *(
        path.read_bytes()
        for path in sorted((Path(pydicom.__file__).parent / "data/test_files").glob("*.dcm"))
        if path.stat().st_size < 50_000
    ),
]


def looked_into(file: bytes) -> None:
    """Everything that is ever done with the bytes of a file: digest, attributes, a copy with other attributes."""
    pieces = in_pieces(file)
    for action in (lambda: content_of(pieces), lambda: reheaded(pieces)):
        with contextlib.suppress(SeriesFailed):
            action()
        gc.collect()  # what one left, cycles of pydicom's, is not the other's


def in_pieces(file: bytes) -> list[memoryview]:
    view = memoryview(file)
    return [view[at : at + 4096] for at in range(0, len(file), 4096)]


def reheaded(pieces: list[memoryview]) -> int:
    class File:
        length = None

        def __iter__(self) -> Any:
            return iter(pieces)

    def edit(dataset: Dataset) -> None:
        dataset.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]

    return sum(len(piece) for piece in Reheaded("1.2.3", File(), "2.25.99", edit))


def test_spoilt_files_are_refused_in_a_sentence_or_read() -> None:
    with little_memory():
        for seed in range(SEEDS):
            rng = random.Random(seed)
            file = spoil_bytes(rng.choice(FILES), rng)
            try:
                with bounded():
                    looked_into(file)
            except Exception as error:
                pytest.fail(f"seed {seed}: {explain(error)}", pytrace=True)
            except TooLong:
                pytest.fail(f"seed {seed} took more than {CPU_SECONDS} s")


@pytest.mark.parametrize("name", hostile_bombs.FILES)
def test_a_file_that_asks_for_much_gets_little(name: str) -> None:
    with little_memory(), bounded(BOMB_SECONDS):
        looked_into(hostile_bombs.FILES[name])


@pytest.mark.parametrize("name", sorted({*hostile_bombs.FILES} - {"pixels that break off", "fragments that break off"}))
def test_nothing_is_made_of_a_file_that_asks_for_much(name: str) -> None:
    file = hostile_bombs.FILES[name]
    with (
        little_memory(),
        bounded(BOMB_SECONDS),
        pytest.raises(SeriesFailed, match=r"send it|not read|too many|otherwise"),
    ):
        reheaded(in_pieces(file))


@pytest.mark.parametrize("syntax", hostile_bombs.FRAMES)
def test_a_frame_that_announces_much_is_refused(syntax: str) -> None:
    for frame in hostile_bombs.FRAMES[syntax]:
        with little_memory(), bounded(), pytest.raises(SeriesFailed, match="a frame of"):
            codec.decode(frame, colour(syntax))


@pytest.mark.parametrize("kind", ["rows", "metadata"])
@pytest.mark.parametrize("name", hostile_bombs.DOCUMENTS)
def test_an_answer_that_is_no_dicom_json_is_told_in_a_sentence(name: str, kind: str) -> None:
    one = SLIDES["jpeg"]
    asked: list[str] = []

    def spoil(what: str, told: Any) -> Any:
        asked.append(what)
        return hostile_bombs.DOCUMENTS[name] if what == "text" and asked[-2] == kind else told

    store = HostileStore({"raw": {one.metadata["00080018"]["Value"][0]: one}, "viewer": {}}, spoil)
    with little_memory(), bounded():
        said = prepare(store)
    assert kind in asked
    assert " " in said, said
