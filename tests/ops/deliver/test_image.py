"""Who owns the job's image: the three values of `jobImage`, and a stack that takes what another has proved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from components.job_image import content_tag
from infra.build_images import UNPINNED, builders
from infra.settings import Settings
from ops.client.refusal import OpsRefused
from ops.deliver import image, pins
from ops.deliver.cloud_build import build_image
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, Release, start_record
from ops.deliver.stack import Stack
from tests.infra import stacks

A, B = "a" * 40, "b" * 40
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class CloudBuild:
    """Answers `triggers:run` with an operation that is done at the second look."""

    def __init__(self, **build: Any) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.build = {"results": {"images": [{"digest": TWO}]}, "logUrl": "https://log"} | build
        self.error: dict[str, Any] = {}

    def call(self, verb: str, api: str, path: str, body: Any = None, **_: Any) -> dict[str, Any]:
        self.calls.append((verb, path, body))
        assert api == "cloudbuild"
        done = {"name": "projects/p/operations/1", "metadata": {"build": self.build}, "done": verb == "GET"}
        return {**done, **(self.error if verb == "GET" else {})}


def stack(name: str = "dev", **settings: Any) -> Stack:
    values = {"project": f"my-{name}", "environment": name, **settings}
    return Stack(name=name, settings=Settings(**values), config={})


def record(state: str = "proved", source: str | None = None, commit: str = A) -> Record:
    release = Release(commit=commit, job_source=source, job_digest=ONE, viewer_hash=None, config_hash="c" * 64)
    return replace(start_record(None, "dev", release, "b", NOW), state=state)


def choose(made: Stack, cloud: Any, current: Record | None = None, other: Stack | None = None) -> image.Image:
    return image.choose(made, A, current, cloud, other)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_image, "__defaults__", (lambda _: None,))


def test_cloud_build_builds_once_for_one_source_and_the_record_knows() -> None:
    cloud = CloudBuild()

    first = choose(stack(), cloud)
    again = choose(stack(), cloud, record(source=first.source))

    assert first == image.Image(source=content_tag(image.SOURCE, builders()["python"]), digest=TWO)
    assert again == image.Image(source=first.source, digest=ONE)
    assert [(verb, path.rpartition("/")[2]) for verb, path, _ in cloud.calls] == [
        ("POST", "job-image:run"),
        ("GET", "1"),
    ]
    assert cloud.calls[0][2]["source"] == {"commitSha": A}


def test_another_source_is_another_build() -> None:
    cloud = CloudBuild()

    found = choose(stack(), cloud, record(source="src-0123456789abcdef"))

    assert found.digest == TWO
    assert len(cloud.calls) == 2


def test_a_renewed_base_is_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = CloudBuild()
    before = choose(stack(), cloud)

    monkeypatch.setattr(pins, "builders", lambda: {"python": f"python@{ONE}"})
    renewed = choose(stack(), cloud, record(source=before.source))

    assert renewed.source != before.source
    assert renewed.digest == TWO
    assert sum(verb == "POST" for verb, *_ in cloud.calls) == 2


def test_a_base_that_nobody_has_pinned_stops_the_delivery_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = CloudBuild()
    monkeypatch.setattr(pins, "builders", lambda: {"python": f"python@{UNPINNED}"})

    with pytest.raises(
        OpsRefused,
        match=r"base python has no digest in .*: \.venv/bin/python -m ops deliver pin python, read the change",
    ):
        choose(stack(), cloud)
    assert cloud.calls == []


def test_a_build_that_fails_or_pushes_nothing_ends_the_delivery() -> None:
    failed = CloudBuild()
    failed.error = {"error": {"message": "step exited with 1"}}

    with pytest.raises(OpsRefused, match="the build job-image failed: step exited with 1; see https://log"):
        choose(stack(), failed)
    with pytest.raises(OpsRefused, match="pushed 0 images, not 1"):
        choose(stack(), CloudBuild(results={}))


def test_a_trigger_that_is_not_declared_yet_is_declared_by_hand_once() -> None:
    class Without(CloudBuild):
        def call(self, *_: Any, **__: Any) -> dict[str, Any]:
            raise OpsRefused("not found", 404)

    with pytest.raises(
        OpsRefused,
        match=r"^dev has no trigger job-image yet, .*: declare it by hand once \(\.venv/bin/python -m ops deliver",
    ):
        choose(stack(), Without())


def test_a_prebuilt_image_is_the_settings_and_nobody_builds() -> None:
    cloud = CloudBuild()

    assert choose(stack(job_image="prebuilt", job_image_digest=ONE), cloud) == image.Image(source=None, digest=ONE)
    assert cloud.calls == []


def test_an_image_that_pulumi_builds_is_not_delivered() -> None:
    with pytest.raises(OpsRefused, match="a delivery would be a second owner; set jobImage to cloud_build"):
        choose(stack(job_image="docker"), CloudBuild())


def test_prod_takes_devs_digest_from_devs_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "read", lambda ledger, name: (record(source="src-1"), 1))

    found = choose(stack("prod"), CloudBuild(), other=stack("dev"))

    assert found.digest == ONE
    assert found.copy == (
        f"europe-west4-docker.pkg.dev/my-dev/images/prepare@{ONE}",
        f"europe-west4-docker.pkg.dev/my-prod/images/prepare:from-{'1' * 32}",
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "dev has no release yet"),
        (record(state="deploying"), "dev has aaaaaaaaaaaa, deploying"),
        (record(state="failed"), "dev has aaaaaaaaaaaa, failed"),
        (record(commit=B), "dev has bbbbbbbbbbbb, proved, not aaaaaaaaaaaa"),
    ],
    ids=["nothing", "deploying", "failed", "another commit"],
)
def test_prod_waits_for_dev_to_prove_the_same_commit(
    monkeypatch: pytest.MonkeyPatch, found: Record | None, words: str
) -> None:
    monkeypatch.setattr(Ledger, "read", lambda ledger, name: (found, 1))

    with pytest.raises(OpsRefused, match=words):
        choose(stack("prod"), CloudBuild(), other=stack("dev"))


def test_only_where_cloud_build_is_the_owner_is_there_a_trigger_that_builds() -> None:
    def names(**settings: Any) -> set[str]:
        return {made.inputs["name"] for made in stacks.prod(**settings).all("Trigger") if "cloudbuild" in made.type}

    assert names() == {"deploy-prod", "viewer", "job-image"}
    assert names(jobImage="prebuilt", promoteFrom=None) == {"deploy-prod", "viewer"}


def test_whoever_owns_it_the_job_runs_a_digest() -> None:
    for owner in ("cloud_build", "prebuilt"):
        promote = {"promoteFrom": None} if owner == "prebuilt" else {}
        job = stacks.prod(jobImage=owner, **promote).one("Job", "jobs-job")
        assert job.inputs["template"]["template"]["containers"][0]["image"].endswith(f"prepare@{stacks.A_DIGEST}")
