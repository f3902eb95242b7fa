"""What the job does with hostile input, case by case, each in the process that it is called in.

A case returns what the job said, or raises what no input may make it raise. `hostile_process` measures.
"""

from __future__ import annotations

import contextlib
import gc
import random
import signal
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pydicom
import requests
from prepare.dicomweb.store import DicomStore
from prepare.errors import CannotRun, SeriesFailed
from prepare.execution.content_digest import content_of
from prepare.execution.copying import Deliverer
from prepare.execution.executor import Executor
from prepare.execution.making import InstanceMaker
from prepare.execution.preparation import Preparation
from prepare.execution.rewritten_header import RewrittenFile
from prepare.execution.series_run import prepare_series
from prepare.execution.study_run import StudyRun
from prepare.http.retry import Repeater, RetryingAdapter, RetryPolicy, Traffic
from prepare.pixels import codec
from prepare.pixels.frames import FrameReader
from prepare.planning.planner import Options
from pydicom import Dataset

from tests.jobs import hostile_bombs
from tests.jobs.fakes import Bucket, Time
from tests.jobs.hostile import HostileStore, spoil_bytes, spoil_json
from tests.jobs.memory_stage import MemoryStage
from tests.jobs.pixels.slides import JPEG, JPEG_LS, RAW, RLE, colour, mono
from tests.jobs.small_levels import level

STUDY, SERIES = "2.25.1", "2.25.2"
KINDS = ("rows", "metadata", "text", "frame", "frames", "file")
CPU_SECONDS = 2.0
BOMB_SECONDS = 30.0
"""pydicom takes five microseconds for an item, and as many are read as a large sparse slide has."""
Case = Callable[[], str]


class TooLong(BaseException):
    """An input took more of this process's processor time than it may."""


@contextlib.contextmanager
def bounded(seconds: float = CPU_SECONDS) -> Generator[None]:
    """Holds an input to its processor time, so that busy neighbours hardly count."""

    def stop(*_: object) -> None:
        raise TooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


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
    preparation = Preparation(
        store=raw,
        records=Bucket(),
        clock=time.clock,
        traffic=traffic,
        options=Options(),
        executor=Executor(raw, Deliverer(viewers, traffic, Repeater(policy, time.clock))),
        task_maker=InstanceMaker(raw, reader, MemoryStage()),
    )
    try:
        return prepare_series(StudyRun.open(preparation, STUDY), SERIES).status
    except (SeriesFailed, CannotRun) as error:
        return str(error)
    finally:
        reader.close()


def honest(slide: str) -> Case:
    """A store that does not lie: the status, and how many instances it was sent."""
    store = HostileStore({"raw": {SLIDES[slide].uid: SLIDES[slide]}, "viewer": {}})
    return lambda: f"{prepare(store)} {store.posts}"


def answers(seeds: list[int]) -> Case:
    """Answers of a store spoilt at random."""
    return lambda: "".join(_of_seed(seed, _answer) for seed in seeds)


def _of_seed(seed: int, action: Callable[[random.Random], str]) -> str:
    """Nothing where all is well, else which seed it was and what happened."""
    try:
        with bounded():
            said = action(random.Random(seed))
    except (Exception, TooLong) as error:
        raise AssertionError(f"seed {seed}") from error
    fine = said in ("", "ready", "ready_degraded", "blocked") or " " in said
    return "" if fine else f"seed {seed}: {said}; "


def _answer(rng: random.Random) -> str:
    kind, one = rng.choice(KINDS), SLIDES[rng.choice(list(SLIDES))]

    def spoil(what: str, told: Any) -> Any:
        if what != kind or rng.random() < 0.3:
            return told
        return spoil_bytes(told, rng) if isinstance(told, bytes) else spoil_json(told, rng)

    return prepare(HostileStore({"raw": {one.uid: one}, "viewer": {}}, spoil))


FILES = [
    *(one.file for one in SLIDES.values()),
    *(
        path.read_bytes()
        for path in sorted((Path(pydicom.__file__).parent / "data/test_files").glob("*.dcm"))
        if path.stat().st_size < 50_000
    ),
]


def files(seeds: list[int]) -> Case:
    """Good files spoilt at random."""
    return lambda: "".join(_of_seed(seed, _file) for seed in seeds)


def _file(rng: random.Random) -> str:
    looked_into(spoil_bytes(rng.choice(FILES), rng))
    return ""


def bomb(name: str) -> Case:
    """Everything that is ever done with a file, done to one that asks for much."""
    file = hostile_bombs.FILES[name]()

    def case() -> str:
        with bounded(BOMB_SECONDS):
            looked_into(file)
        return ""

    return case


def copy_of_bomb(name: str) -> Case:
    pieces = in_pieces(hostile_bombs.FILES[name]())

    def case() -> str:
        try:
            with bounded(BOMB_SECONDS):
                return f"a copy of {reheaded(pieces)} bytes"
        except SeriesFailed as error:
            return str(error)

    return case


def frame(syntax: str, number: int) -> Case:
    data = hostile_bombs.FRAMES[syntax][number]

    def case() -> str:
        try:
            with bounded():
                return f"{codec.decode(data, colour(syntax)).shape}"
        except SeriesFailed as error:
            return str(error)

    return case


def document(name: str, kind: str) -> Case:
    """An answer of this kind that is no DICOM JSON: what is said, once it was asked for."""
    one, asked = SLIDES["jpeg"], list[str]()

    def spoil(what: str, told: Any) -> Any:
        asked.append(what)
        return hostile_bombs.DOCUMENTS[name] if what == "text" and asked[-2] == kind else told

    def case() -> str:
        with bounded():
            said = prepare(HostileStore({"raw": {one.uid: one}, "viewer": {}}, spoil))
        assert kind in asked
        return said

    return case


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

    return sum(len(piece) for piece in RewrittenFile("1.2.3", File(), "2.25.99", edit))


CASES: dict[str, Callable[..., Case]] = {
    "honest": honest, "answers": answers, "files": files, "bomb": bomb, "copy of bomb": copy_of_bomb, "frame": frame,
    "document": document,
}  # fmt: skip
"""What is given to a case is made before memory is measured."""
