"""Viewers have what the raw store has, now: what was deleted, corrected or sent again there reaches their store."""

from __future__ import annotations

import base64
import io
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pydicom
import pytest
import requests
from pydicom import Dataset

from localcloud.cloud import Cloud
from smoke_tests.slide import make
from tests.jobs.conftest import DATASET, TOPIC, as_principal
from tests.jobs.copying_support import SERIES, Stores, file_of
from tests.jobs.matrix.files import Written, written
from tests.jobs.test_main import run as run_job


@dataclass
class Archive:
    """A raw store and a viewer store of their own, and the job between them."""

    cloud: Cloud
    name: str
    stores: Stores = field(init=False)
    owner: requests.Session = field(init=False)

    def __post_init__(self) -> None:
        self.stores, self.owner = Stores(self.cloud), as_principal(self.cloud, self.cloud.iam.owner)
        for store in (self.raw, self.viewers):
            self.stores.make(store)
        made = self.owner.post(f"{self.objects}?project=dicom-local", json={"name": self.name}, timeout=10)
        assert made.ok, made.text

    @property
    def objects(self) -> str:
        return f"{self.cloud.endpoint('storage.googleapis.com')}storage/v1/b"

    def record(self, name: str) -> Any:
        url = f"{self.objects}/{self.name}/o/{quote(name, safe='')}?alt=media"
        return self.owner.get(url, timeout=10).json()

    @property
    def raw(self) -> str:
        return f"raw-{self.name}"

    @property
    def viewers(self) -> str:
        return f"viewers-{self.name}"

    def put(self, *files: bytes) -> None:
        for file in files:
            self.stores.put(self.raw, file)

    def delete(self, store: str, path: str) -> None:
        answer = self.owner.delete(f"{self.stores.root(store)}/studies/{path}", timeout=30)
        assert answer.ok, answer.text
        self.cloud_is_done(answer)

    def cloud_is_done(self, answer: requests.Response) -> None:
        """What is still being deleted takes nothing in."""
        name = answer.json().get("name") if answer.content else None
        url = f"{self.cloud.endpoint('healthcare.googleapis.com')}v1/{name}"
        while name and not self.owner.get(url, timeout=10).json().get("done"):
            time.sleep(0.01)

    def prepare(self, *arguments: str, **more: str) -> dict[str, Any]:
        """What the job says of each series."""
        settings = {
            "DICOMWEB_ROOT": self.stores.root(self.raw),
            "VIEWER_DICOMWEB_ROOT": self.stores.root(self.viewers),
            "RECORDS_BUCKET": self.name,
            "STAGED_BUCKET": self.name,
            **more,
        }
        code, said, errors = run_job(self.cloud, "--json", *arguments, **settings)
        assert code in (0, 2), errors
        return {one["series"]: one for one in json.loads(said)["series"]}

    def shown(self, study: str) -> dict[str, bytes]:
        return self.stores.files(self.viewers, study)

    def word(self, study: str) -> dict[str, Any]:
        """What viewers may know of the study."""
        return self.record(f"viewer/{study}.json")


numbers = itertools.count()


@pytest.fixture
def archive(cloud: Cloud) -> Archive:
    return Archive(cloud, f"archive-{next(numbers)}")


def slide(seed: str = "", patient: str = "First^Patient") -> list[bytes]:
    """A slide of 1,024 pixels, always under the same UIDs; `seed` gives other pixels."""
    same = [pydicom.dcmread(io.BytesIO(one.data)) for one in make("withdrawn", size=1024, variant="complete")]
    other = make(f"withdrawn {seed}", size=1024, variant="complete") if seed else []
    files: list[bytes] = []
    for number, level in enumerate(same):
        if seed:
            level.PixelData = pydicom.dcmread(io.BytesIO(other[number].data)).PixelData
        level.PatientName = patient
        files.append(to_bytes(level))
    return files


def to_bytes(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def uids(file: bytes) -> tuple[str, str]:
    dataset = pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True)
    return str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID)


def test_a_slide_sent_again_under_its_uids_replaces_what_viewers_have(archive: Archive) -> None:
    """Case h10: other pixels, another patient."""
    first, second = slide(), slide("other", "Second^Patient")
    study, series = uids(first[0])
    archive.put(*first)
    assert archive.prepare("--study", study)[series]["status"] == "ready"
    assert sorted(archive.shown(study).values()) == sorted(first)
    archive.delete(archive.raw, study)
    archive.put(*second)
    report = archive.prepare("--study", study)[series]["report"]
    assert sorted(archive.shown(study).values()) == sorted(second)
    (withdrawal,) = report["withdrawals"]
    assert withdrawal["instances"] == len(first)
    assert "under the same UIDs" in withdrawal["reason"]
    assert withdrawal["at"] <= report["prepared_at"]
    assert archive.prepare("--study", study)[series]["status"] == "unchanged"


@pytest.mark.parametrize(
    "what", ["pixels", "an attribute that no search lists", "the patient", "one level", "as many bytes"]
)
def test_a_correction_is_seen_at_the_next_run_though_no_uid_changed(archive: Archive, what: str) -> None:
    first = slide()
    study, series = uids(first[0])
    archive.put(*first)
    archive.prepare("--study", study)
    second = slide("other") if what == "pixels" else slide(patient="Second^Patient") if what == "the patient" else first
    if what == "an attribute that no search lists":
        corrected = pydicom.dcmread(io.BytesIO(first[0]))
        corrected.DeviceSerialNumber = "corrected"
        second = [to_bytes(corrected), *first[1:]]
    if what == "as many bytes":
        last = bytearray(first[-1])
        last[last.index(b"\xff\xdb", last.index(b"\xe0\x7f\x10\x00")) + 40] += 1  # of its JPEG's quantization
        second = [*first[:-1], bytes(last)]
    if what == "one level":
        second = [slide("other")[0], *first[1:]]
    archive.delete(archive.raw, study)
    archive.put(*second)
    assert archive.prepare("--study", study)[series]["status"] == "ready"
    assert sorted(archive.shown(study).values()) == sorted(second)


@pytest.mark.parametrize("what", ["pixels", "an attribute that no search lists"])
@pytest.mark.parametrize("known", ["copied", "made"])
def test_what_is_sent_again_with_one_more_instance_replaces_what_viewers_have(
    archive: Archive, known: str, what: str
) -> None:
    """How much the store keeps tells nothing then: chain case 693."""
    first, second = slide(), slide("other") if what == "pixels" else []
    for file in [] if second else first:
        corrected = pydicom.dcmread(io.BytesIO(file))
        corrected.DeviceSerialNumber = "corrected"
        second.append(to_bytes(corrected))
    study, series = uids(first[0])
    before = first[:-1] if known == "copied" else first[:1]
    archive.put(*before)
    archive.prepare("--study", study)
    old = archive.shown(study)
    archive.delete(archive.raw, study)
    archive.put(*second[: len(before)], second[-1])
    report = archive.prepare("--study", study)[series]["report"]
    assert not set(old.values()) & set(archive.shown(study).values())
    assert "have other content now under the same UIDs" in report["withdrawals"][-1]["reason"]


@pytest.mark.parametrize("neighbour", ["comes", "goes"])
def test_a_correction_of_as_many_bytes_is_seen_when_another_series_comes_or_goes_with_it(
    archive: Archive, neighbour: str
) -> None:
    """The report is made anew for the neighbour's sake, though nothing listed of this series differs: case 3801."""
    first = slide()
    study, series = uids(first[0])
    other = file_of(1, study, Modality="OT", SOPClassUID="1.2.3")
    archive.put(*first, *([other] if neighbour == "goes" else []))
    archive.prepare("--study", study)
    corrected = bytearray(first[-1])
    corrected[corrected.index(b"\xff\xdb", corrected.index(b"\xe0\x7f\x10\x00")) + 40] += 1
    archive.delete(archive.raw, study)
    archive.put(*first[:-1], bytes(corrected), *([other] if neighbour == "comes" else []))

    report = archive.prepare("--study", study)[series]["report"]

    assert bytes(corrected) in archive.shown(study).values()
    assert "have other content now under the same UIDs" in report["withdrawals"][-1]["reason"]


def test_what_comes_later_takes_nothing_away(archive: Archive) -> None:
    files = slide()
    study, series = uids(files[0])
    archive.put(*files[:-1])
    archive.prepare("--study", study)
    archive.put(files[-1])
    assert archive.prepare("--study", study)[series]["report"]["withdrawals"] == []
    assert set(files[:-1]) <= set(archive.shown(study).values())


def test_a_study_that_is_deleted_is_taken_away_and_the_report_says_when(archive: Archive) -> None:
    files = slide()
    study, series = uids(files[0])
    archive.put(*files)
    archive.prepare("--study", study)
    assert archive.word(study)["status"] == "ready"
    archive.delete(archive.raw, study)
    said = archive.prepare("--study", study)[series]
    assert said["status"] == "withdrawn"
    assert said["report"]["withdrawals"][0]["instances"] == len(files)
    assert archive.shown(study) == {}
    assert archive.word(study)["status"] == "withdrawn"


@pytest.mark.parametrize("run", ["sweep", "backlog"])
def test_a_deletion_is_seen_by_a_run_that_was_not_told_of_it(archive: Archive, run: str) -> None:
    files = slide()
    study, _ = uids(files[0])
    archive.put(*files)
    archive.prepare("--study", study)
    arguments = ["--sweep"] if run == "sweep" else ["--quiet-seconds", "0"]
    archive.prepare(*arguments)
    archive.delete(archive.raw, study)
    archive.prepare(*arguments)
    assert archive.shown(study) == {}


def test_a_series_that_is_deleted_goes_and_its_neighbour_stays(archive: Archive) -> None:
    slides = written("bad_slide_among_good")
    good, bad = slides.series
    archive.put(*slides.files)
    assert archive.prepare("--study", slides.study)[good]["status"] == "ready"
    archive.put(file_of(1, slides.study, Modality="OT", SOPClassUID="1.2.3"))
    archive.prepare("--study", slides.study)
    before = archive.shown(slides.study)
    archive.delete(archive.raw, f"{slides.study}/series/{SERIES}")
    said = archive.prepare("--study", slides.study)
    assert said[SERIES]["status"] == "withdrawn"
    assert said[good]["status"] in ("ready", "unchanged")
    after = archive.shown(slides.study)
    assert set(before) - set(after) == {f"{SERIES}.1"}
    assert bad in said


def test_an_instance_that_is_deleted_is_not_shown_any_more(archive: Archive) -> None:
    files = slide()
    study, series = uids(files[0])
    archive.put(*files)
    archive.prepare("--study", study)
    gone = str(pydicom.dcmread(io.BytesIO(files[-1]), stop_before_pixels=True).SOPInstanceUID)
    archive.delete(archive.raw, f"{study}/series/{series}/instances/{gone}")
    assert archive.prepare("--study", study)[series]["status"] in ("ready", "ready_degraded")
    assert gone not in archive.shown(study)


def test_what_was_made_of_a_replaced_slide_is_made_anew(archive: Archive) -> None:
    """The levels' UIDs follow from the base's UID, not from its pixels."""
    base, other = slide()[0], slide("other")[0]
    study, series = uids(base)
    archive.put(base)
    archive.prepare("--study", study)
    before = archive.shown(study)
    archive.delete(archive.raw, study)
    archive.put(other)
    assert archive.prepare("--study", study)[series]["status"] == "ready"
    after = archive.shown(study)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_an_annotation_goes_with_what_it_was_drawn_on(archive: Archive) -> None:
    slides: Written = written("annotations_on_level_2_of_rle")
    archive.put(*slides.files)
    first, *others = slides.series
    archive.prepare("--study", slides.study)
    assert {uids(file)[1] for file in archive.shown(slides.study).values()} == {first, *others}
    archive.delete(archive.raw, f"{slides.study}/series/{first}")
    archive.prepare("--study", slides.study)
    left = {pydicom.dcmread(io.BytesIO(file)).Modality for file in archive.shown(slides.study).values()}
    assert not left & {"SM", "ANN", "SEG"}


def test_only_what_this_job_put_there_is_taken_away(archive: Archive) -> None:
    files = slide()
    study, series = uids(files[0])
    archive.put(*files)
    archive.prepare("--study", study)
    drawn = file_of(7, study, Modality="ANN", SOPClassUID="1.2.840.10008.5.1.4.1.1.91.1", SeriesInstanceUID="1.2.99")
    beside = file_of(8, study, SeriesInstanceUID=series)
    for file in (drawn, beside):
        archive.stores.put(archive.viewers, file)
    archive.delete(archive.raw, study)
    archive.prepare("--study", study)
    assert sorted(archive.shown(study).values()) == sorted([drawn, beside])


def test_what_an_older_version_delivered_without_a_record_is_known_as_its_own(archive: Archive) -> None:
    first, second = slide(), slide("other", "Second^Patient")
    study, series = uids(first[0])
    archive.put(*first)
    archive.prepare("--study", study)
    name = f"readiness/{study}/{series}.json"
    older = {**archive.record(name), "schema_version": 2}
    del older["withdrawals"], older["listed_at"]
    root = archive.objects.replace("/storage/v1/", "/upload/storage/v1/")
    upload = f"{root}/{archive.name}/o?uploadType=media&name={quote(name, safe='')}"
    assert archive.owner.post(upload, json=older, timeout=10).ok
    ledger = quote(f"delivered/{study}/{series}.json", safe="")
    assert archive.owner.delete(f"{archive.objects}/{archive.name}/o/{ledger}", timeout=10).ok
    archive.delete(archive.raw, study)
    archive.put(*second)
    assert archive.prepare("--study", study)[series]["status"] == "ready"
    assert sorted(archive.shown(study).values()) == sorted(second)


def with_profile(megabytes: int) -> bytes:
    """The base of the slide with a colour profile of that size."""
    base = pydicom.dcmread(io.BytesIO(slide()[0]))
    size = megabytes << 20
    profile = size.to_bytes(4, "big") + bytes(32) + b"acsp"
    base.OpticalPathSequence[0].ICCProfile = profile + bytes(size - len(profile))
    return to_bytes(base)


def test_a_slide_that_fails_once_the_copy_began_is_not_visible(archive: Archive) -> None:
    """A colour profile of 30 MiB: of what is made of it the store tells no optical paths, which shows only then."""
    base = with_profile(30)
    study, series = uids(base)
    archive.put(base)
    said = archive.prepare("--study", study)[series]
    assert said["status"] == "failed", said["reason"]
    assert "defect of the job" not in said["reason"]
    assert archive.shown(study) == {}
    assert archive.word(study)["status"] == said["status"]


def test_a_profile_too_large_to_be_told_is_shared_by_the_other_levels(archive: Archive) -> None:
    files = [with_profile(30), *slide()[1:3]]
    study, series = uids(files[0])
    archive.put(*files)
    assert archive.prepare("--study", study)[series]["status"] == "ready"
    shown = [pydicom.dcmread(io.BytesIO(file)) for file in archive.shown(study).values()]
    assert len({bytes(one.OpticalPathSequence[0].ICCProfile) for one in shown}) == 1
    assert len(shown) == len(files)


def notify(archive: Archive, study: str, series: str, instance: str) -> None:
    """What the raw store tells when an instance is stored into it."""
    name = f"{DATASET}/dicomStores/{archive.raw}/dicomWeb/studies/{study}/series/{series}/instances/{instance}"
    url = f"{archive.cloud.endpoint('pubsub.googleapis.com')}v1/{TOPIC}:publish"
    body = {"messages": [{"data": base64.b64encode(name.encode()).decode()}]}
    assert archive.owner.post(url, json=body, timeout=10).ok


def test_other_pixels_of_as_many_bytes_are_seen_when_the_store_says_that_they_came(archive: Archive) -> None:
    """Nothing that is listed differs, nor do the sizes: the files are compared."""
    study, passing = "1.2.826.77", {"Modality": "OT", "SOPClassUID": "1.2.3"}
    first = file_of(1, study, **passing)
    second = first.replace(bytes([1, 2]) * 200, bytes([9, 9]) * 200)
    assert len(first) == len(second)
    assert first != second
    archive.put(first)
    archive.prepare("--study", study)
    archive.delete(archive.raw, study)
    archive.put(second)
    notify(archive, study, SERIES, f"{SERIES}.1")
    report = archive.prepare("--quiet-seconds", "0")[SERIES]["report"]
    assert "other content" in report["withdrawals"][0]["reason"]
    assert list(archive.shown(study).values()) == [second]
    notify(archive, study, SERIES, f"{SERIES}.1")
    again = archive.prepare("--quiet-seconds", "0")[SERIES]["report"]
    assert len(again["withdrawals"]) == 1, "what was sent again and is the same stays"
