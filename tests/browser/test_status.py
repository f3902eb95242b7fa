"""What the job says of a study, on the page of a deployed stack: its users signed in, with their own rights."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pydicom
import pytest
from playwright.sync_api import Browser, expect

from localcloud.awkward import WRITE_SECONDS
from ops.viewer.commands import main as viewer
from smoke_tests.slide import Instance, make
from tests.browser.conftest import SIZE
from tests.browser.reader import Reader
from tests.clock import SETTLED
from tests.e2e.conftest import Platform as Stack
from tests.e2e.conftest import deployed
from tests.localcloud.hosting.platform import Platform

PATHOLOGIST, GUEST = "pathologists@example.org", "guests@example.org"
"""The second may read the store, and not what the job says."""
UNREAD = "it has said nothing yet, or your account may not read it"


@dataclass
class Place:
    stack: Stack
    site: Platform
    slides: dict[str, list[Instance]]

    def store(self, files: list[bytes]) -> None:
        owner = self.stack.session(self.stack.cloud.iam.owner)
        for file in files:
            kind = {"Content-Type": "application/dicom"}
            answer = owner.post(f"{self.stack.root}/studies", data=file, headers=kind, timeout=30)
            assert answer.ok, answer.text

    def prepare(self, *names: str) -> None:
        execution = self.stack.run_job("--study", *(self.study(name) for name in names))
        assert execution.get("succeededCount") == 1, self.stack.log(execution)

    def study(self, name: str) -> str:
        return self.slides[name][0].study

    def says(self, name: str, status: str, sentence: str) -> None:
        """What a run of the job leaves while it works on the study, or when it was ended."""
        word = {"schema_version": 1, "study": self.study(name), "status": status, "sentence": sentence, "series": []}
        storage, bucket = self.stack.outputs["endpoints"]["storage"], self.stack.outputs["recordsBucket"]
        url = f"{storage}upload/storage/v1/b/{bucket}/o?uploadType=media&name=viewer/{self.study(name)}.json"
        owner = self.stack.session(self.stack.cloud.iam.owner)
        self.stack.cloud.sleep(WRITE_SECONDS)
        answer = owner.post(url, data=json.dumps(word), timeout=30)
        assert answer.ok, answer.text


def z_stack(levels: list[Instance]) -> Iterator[bytes]:
    for level in levels:
        dataset = pydicom.dcmread(io.BytesIO(level.data))
        dataset.TotalPixelMatrixFocalPlanes = 3
        out = io.BytesIO()
        dataset.save_as(out, enforce_file_format=True)
        yield out.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A slide that is ready, one that is blocked, one that was taken away, one that is on its way."""
    folder = tmp_path_factory.mktemp("status")
    with deployed(folder) as stack:
        slides = {name: make(name, size=512) for name in ("ready", "blocked", "withdrawn", "coming")}
        site = Platform(stack.cloud, url=stack.outputs["viewerUrl"], store="viewer")
        site.grant("roles/healthcare.dicomViewer", GUEST, "viewer")
        stack.cloud.sleep(SETTLED)
        place = Place(stack, site, slides)
        for name in ("ready", "withdrawn", "coming"):
            place.store([one.data for one in slides[name]])
        place.store(list(z_stack(slides["blocked"])))
        place.prepare("ready", "blocked", "withdrawn", "coming")
        owner = stack.session(stack.cloud.iam.owner)
        assert owner.delete(f"{stack.root}/studies/{place.study('withdrawn')}", timeout=30).ok
        place.prepare("withdrawn")
        outputs = folder / "released.json"
        outputs.write_text(json.dumps(stack.outputs))
        token = stack.cloud.iam.token(stack.cloud.iam.owner)
        assert viewer(["release", "--outputs", str(outputs), "--token-command", f"echo {token}"]) == 0
        yield place


@pytest.fixture
def person(chromium: Browser, place: Place) -> Iterator[Reader]:
    with contextlib.closing(chromium.new_context(viewport=SIZE, reduced_motion="reduce")) as context:
        person = Reader(context.new_page(), place.site)
        yield person
        person.saw_nothing_wrong()


def test_a_ready_study_opens_and_nothing_is_said(place: Place, person: Reader) -> None:
    person.sign_in(f"/studies/{place.study('ready')}", PATHOLOGIST)

    assert person.sees(lambda: bool(person.sent("/frames/")))
    expect(person.page.locator(".unshown")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("blocked", "The slide has several focal planes"), ("withdrawn", "the archive does not have it any more")],
)
def test_a_link_to_what_is_not_shown_says_why_in_the_jobs_words(
    place: Place, person: Reader, name: str, sentence: str
) -> None:
    person.sign_in(f"/studies/{place.study(name)}", PATHOLOGIST)

    expect(person.failure()).to_contain_text(sentence)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("pending", "It has arrived and is being prepared."),
        ("failed", "It could not be prepared, so it is not shown"),
        ("withdrawn", "It was taken away"),
    ],
)
def test_what_the_store_lists_and_the_job_does_not_call_ready_is_not_opened(
    place: Place, person: Reader, status: str, sentence: str
) -> None:
    place.says("coming", status, sentence)

    person.sign_in(f"/studies/{place.study('coming')}", PATHOLOGIST)

    expect(person.failure()).to_contain_text(sentence)
    assert person.sent("/frames/") == []


def test_who_may_not_read_what_the_job_says_is_told_so(place: Place, person: Reader) -> None:
    person.expected.append("403")

    person.sign_in(f"/studies/{place.study('ready')}", GUEST)

    expect(person.page.locator(".unshown")).to_contain_text(UNREAD)
    assert person.sees(lambda: bool(person.sent("/frames/")))


def test_the_token_of_the_sign_in_reads_nothing_else(place: Place, person: Reader) -> None:
    person.sign_in("/", PATHOLOGIST)
    token = person.page.evaluate("JSON.parse(sessionStorage.session).token")
    reading = {"Authorization": f"Bearer {token}"}
    root, study = place.stack.outputs["viewerStatusRoot"], place.study("ready")

    def answered(name: str) -> int:
        return person.page.request.get(f"{root}{name}?alt=media", headers=reading).status

    assert answered(f"viewer%2F{study}.json") == 200
    assert answered(f"readiness%2F{study}%2Fstudy.json") == 403
