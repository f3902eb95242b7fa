"""What was stored is found, at each level, by the queries that the viewer sends; what was not is not."""

from __future__ import annotations

import pytest

from smoke_tests.context import Context
from smoke_tests.dicomweb import Attributes, value
from smoke_tests.http import until
from smoke_tests.plugin import Notes

STUDY, SERIES, INSTANCE, PATIENT_ID, FRAMES, COLUMNS = (
    "0020000D",
    "0020000E",
    "00080018",
    "00100020",
    "00280008",
    "00480006",
)
UNKNOWN = "2.25.1"
pytestmark = pytest.mark.needs("qido", "stow")


@pytest.fixture(autouse=True)
def stored(run: Context) -> None:
    run.slide_is_there()


def uids(rows: list[Attributes], tag: str) -> list[str]:
    return [str(value(row, tag)) for row in rows]


def check_the_study_is_found_soon(run: Context, note: Notes) -> None:
    asked = 0

    def ask() -> Attributes | None:
        nonlocal asked
        asked += 1
        rows = run.reader.search("studies", StudyInstanceUID=run.study)
        return next((study for study in rows if value(study, STUDY) == run.study), None)

    study = until(ask, f"finding the stored study {run.study}", run.target.limits.found, pause=run.pause)
    note(searches=asked)
    assert str(value(study, PATIENT_ID)).endswith(run.patient), f"study {run.study} was found as another run's"


def check_series_and_instances_are_found(run: Context) -> None:
    series = uids(run.reader.search(f"studies/{run.study}/series"), SERIES)
    assert series == [run.instances[0].series], f"series found: {series}"
    sent = sorted(instance.uid for instance in run.instances)
    uids_found = sorted(uids(run.reader.search(f"{run.series}/instances"), INSTANCE))
    assert uids_found == sent, f"instances found: {uids_found}; sent: {sent}"


def check_pages_add_up(run: Context) -> None:
    sent = sorted(instance.uid for instance in run.instances)
    first = run.reader.search(f"{run.series}/instances", limit="2")
    rest = run.reader.search(f"{run.series}/instances", limit="50", offset="2")
    assert len(first) == 2, f"limit=2 gave {len(first)}"
    assert sorted(uids(first + rest, INSTANCE)) == sent, "the pages limit=2 and offset=2 are not the whole"


@pytest.mark.needs("includefield")
def check_attributes_asked_for_are_included(run: Context) -> None:
    asked = f"{FRAMES},{COLUMNS}"
    rows = run.reader.search(f"{run.series}/instances", includefield=asked)
    got = {str(value(row, INSTANCE)): (value(row, FRAMES), value(row, COLUMNS)) for row in rows}
    for instance in run.instances:
        frames, columns = got.get(instance.uid, (None, None))
        assert str(frames) == str(len(instance.frames)), f"{instance.uid} has {frames} frames by the search"
        assert str(columns) == str(instance.columns), f"{instance.uid} is {columns} columns wide by the search"


def check_an_unknown_study_is_not_found(run: Context) -> None:
    rows = run.reader.search("studies", StudyInstanceUID=UNKNOWN)
    assert not rows, f"a search for study {UNKNOWN} found {uids(rows, STUDY)}"


def check_the_viewers_own_queries_work(run: Context) -> None:
    worklist = run.reader.search("studies", ModalitiesInStudy="SM")
    # Without a limit the first hundred come, and others may be storing at the same time.
    assert run.study in uids(worklist, STUDY) or len(worklist) >= 100, "the viewer's worklist lacks the study"
    opened = uids(run.reader.search("series", Modality="SM", StudyInstanceUID=run.study), SERIES)
    assert opened == [run.instances[0].series], f"the viewer finds the series {opened}"
