"""Instances that arrive after a slide was prepared, in the stores of a local cloud: nothing breaks, nothing is lost."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import pydicom
import pytest
from prepare.dicomweb.store import DicomStore
from pydicom import Dataset

from localcloud.cloud import Cloud
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.matrix.files import Written, file_of, uid, written
from tests.jobs.matrix.slides import ANN, SERIES, annotation
from tests.jobs.matrix.test_stores import Place, put, run
from tests.jobs.matrix.whole import SLIDES


@dataclass
class Study:
    """A slide of the matrix that arrives file by file."""

    cloud: Cloud
    place: Place
    slide: Written
    arrived: list[Dataset] = field(default_factory=list[Dataset])

    def arrives(self, *files: bytes) -> None:
        for file in files:
            put(self.place, file)
            self.arrived.append(pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True))

    def prepared(self) -> dict[str, Any]:
        """What a run says of each series."""
        return run(self.cloud, self.place, {"": self.slide})

    def shown(self) -> dict[str, tuple[int, str]]:
        """Of each instance that viewers have: columns and series."""
        rows = DicomStore(self.place.viewers, self.place.session).instances(self.slide.study)
        return {row.instance: (row.columns, row.series) for row in rows}


@pytest.fixture
def place(cloud: Cloud, request: pytest.FixtureRequest) -> Place:
    session = as_principal(cloud, cloud.iam.owner)
    root = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores"
    names = [f"{kind}-{request.node.name}" for kind in ("raw", "viewers")]
    for name in names:
        assert session.post(f"{root}?dicomStoreId={name}", json={}, timeout=10).ok
    raw, viewers = (f"{root}/{name}/dicomWeb" for name in names)
    return Place("local cloud", raw, viewers, session)


def test_a_level_that_comes_late_leaves_what_viewers_see_as_it_is(cloud: Cloud, place: Place) -> None:
    study = Study(cloud, place, written("brightfield"))
    base, half, quarter = study.slide.files
    (series,) = study.slide.series
    study.arrives(base)
    assert study.prepared()[series]["status"] == "ready"
    before = study.shown()
    assert sorted(columns for columns, _ in before.values()) == [256, 512, 1024]
    note = file_of("brightfield", annotation(ANN, "ANN", f"{SERIES}.2"), SLIDES["brightfield"]())
    study.arrives(half, quarter, note)
    said = study.prepared()
    report = said[series]["report"]
    assert (said[series]["status"], report["instances"], report["delivered"]) == ("ready", 3, 3), said[series]["reason"]
    assert [one["sentence"] for one in report["findings"] if one["rule"] == "R03"] != []
    notes = uid("brightfield", "1.2.5")
    assert {one: told for one, told in study.shown().items() if told[1] != notes} == before
    (copy,) = said[notes]["report"]["written"]
    path = f"{place.viewers}/studies/{study.slide.study}/series/{notes}/instances/{copy}"
    answer = place.session.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"}, timeout=30)
    followed = pydicom.dcmread(io.BytesIO(answer.content))
    referred = followed.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
    assert before[referred][0] == 512
    assert {one["status"] for one in study.prepared().values()} == {"unchanged"}


def test_the_missing_part_that_comes_late_makes_a_blocked_slide_whole(cloud: Cloud, place: Place) -> None:
    study = Study(cloud, place, written("concatenation_whole"))
    first, *others = study.slide.files
    (series,) = study.slide.series
    study.arrives(*others)
    assert study.prepared()[series]["report"]["plan"]["reason"] == "missing_part"
    study.arrives(first)
    assert study.prepared()[series]["status"] == "ready"
    assert sorted(columns for columns, _ in study.shown().values()) == [256, 512, 1024]


def test_what_cannot_be_shown_beside_what_is_there_takes_its_place(cloud: Cloud, place: Place) -> None:
    """The late level names an acquisition, so the others are written anew: what viewers had of them goes first."""
    study = Study(cloud, place, written("acquisition_on_some"))
    base, *others = study.slide.files
    (series,) = study.slide.series
    study.arrives(*others)
    assert study.prepared()[series]["status"] in ("ready", "ready_degraded")
    before = study.shown()
    study.arrives(base)
    said = study.prepared()[series]
    assert said["status"] == "ready"
    (withdrawal,) = said["report"]["withdrawals"]
    assert withdrawal["instances"] == len(before)
    assert len({columns for columns, _ in study.shown().values()}) == len(study.shown()) == len(study.slide.files)


def test_a_slide_that_is_blocked_now_is_taken_away(cloud: Cloud, place: Place) -> None:
    study = Study(cloud, place, written("two_containers"))
    base, other, smallest = study.slide.files
    (series,) = study.slide.series
    study.arrives(base, smallest)
    assert study.prepared()[series]["status"] == "ready"
    before = study.shown()
    study.arrives(other)
    said = study.prepared()[series]
    assert (said["status"], said["report"]["plan"]["reason"]) == ("blocked", "mixed_slides")
    (withdrawal,) = said["report"]["withdrawals"]
    assert (withdrawal["instances"], withdrawal["reason"]) == (len(before), "the series is blocked now (mixed_slides)")
    assert study.place.session.get(f"{place.viewers}/studies", timeout=30).status_code == 204


def test_a_copy_that_somebody_deletes_is_noticed_when_the_study_is_looked_at_again(cloud: Cloud, place: Place) -> None:
    study = Study(cloud, place, written("bad_slide_among_good"))
    good, bad = study.slide.series
    own = [file for file in study.slide.files if good.encode() in file]
    study.arrives(*own)
    assert study.prepared()[good]["status"] == "ready"
    gone = next(iter(study.shown()))
    path = f"{place.viewers}/studies/{study.slide.study}/series/{good}/instances/{gone}"
    assert place.session.delete(path, timeout=30).ok
    study.arrives(*(file for file in study.slide.files if file not in own))
    process = run(cloud, place, {"": study.slide}, "--series", bad)
    assert process[bad]["status"] == "blocked"
    assert process[good]["status"] == "failed"
    assert "viewers have 2 instances of it and should have 3" in process[good]["reason"]
    assert study.prepared()[good]["status"] == "ready"
    assert len(study.shown()) == 3


def test_a_heat_map_that_comes_late_leaves_the_slide_as_it_is(cloud: Cloud, place: Place) -> None:
    study = Study(cloud, place, written("heat_map_beside_a_slide"))
    *slide, heat_map = study.slide.files
    own, other = study.slide.series
    study.arrives(*slide)
    assert study.prepared()[own]["status"] == "ready"
    before = study.shown()
    study.arrives(heat_map)
    said = study.prepared()
    assert said[own]["status"] == "ready"
    assert (said[other]["status"], said[other]["report"]["plan"]["reason"]) == ("blocked", "beside_colour")
    assert study.shown() == before
