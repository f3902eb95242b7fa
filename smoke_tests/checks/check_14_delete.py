"""What is deleted is gone, for searches and for retrieval; the study beside it is untouched."""

from __future__ import annotations

import pytest

from smoke_tests.compare import wrong_frame
from smoke_tests.context import Context
from smoke_tests.dicomweb import FRAMES, GONE
from smoke_tests.plugin import Notes
from smoke_tests.tracker import absent, remove

pytestmark = pytest.mark.needs("delete", "stow", "qido", "wado")


@pytest.mark.needs("roles")
def check_a_reader_cannot_delete(run: Context) -> None:
    run.slide_is_there()
    answer = run.reader.send("DELETE", f"studies/{run.study}")
    assert answer.status == 403, f"{answer}; 403 was due"
    assert run.reader.search("studies", StudyInstanceUID=run.study), "it was refused and deleted all the same"


def check_a_deleted_study_is_gone(run: Context, note: Notes) -> None:
    run.slide_is_there()
    began = run.http.clock()
    remove(run.writer, run.study, run.target.limits.deleted)
    note(seconds=round(run.http.clock() - began, 2))
    assert absent(run.reader, run.study), f"study {run.study} was deleted and is still there for the reader"
    frame = run.reader.send("GET", f"{run.path(run.instances[0])}/frames/1", accept=FRAMES)
    assert frame.status in GONE, f"{frame}; the study was deleted"
    again = run.writer.send("DELETE", f"studies/{run.study}")
    assert again.status in GONE, f"{again}; the study was deleted before"
    run.tracker.note_absence(run.study)


@pytest.mark.needs("frames")
def check_the_study_beside_it_is_untouched(run: Context) -> None:
    beside = run.neighbour[0]
    path = f"studies/{beside.study}/series/{beside.series}/instances/{beside.uid}/frames/1"
    parts = run.reader.parts(path, FRAMES)
    wrong = wrong_frame(beside, 1, parts[0].body)
    assert not wrong, wrong
