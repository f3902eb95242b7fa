"""delivery/deploy.yaml, script by script, against the local cloud: a release is proved, or taken back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

import pytest
import requests
import yaml

from infra.build_images import builders
from ops.deliver import viewer_site
from ops.deliver.ledger import schema
from tests.jobs.schema_check import problems
from tests.local_objects import object_names, object_path
from tests.ops.deliver.pipelines import ROOT, build
from tests.ops.deliver.place import COMMITS, Place
from viewer.build import CONFIG

pytestmark = pytest.mark.slow
STEPS = {step["id"]: step["script"] for step in build(ROOT / "delivery/deploy.yaml")["steps"]}
NOT_HERE = {"environment"}
"""Installs the lock file into .venv, which here is the tests' own."""
CANARY = "ZZSECRET-CANARY-4711"
SHELL = ("GITHUB_TOKEN", "PULUMI_CONFIG_PASSPHRASE")
"""Variables of a build that hold secrets, in every step."""


def run(place: Place, commit: str, number: str, steps: Iterable[str] = tuple(STEPS)) -> list[str]:
    """Runs the steps until one fails; returns what each printed, a failed one's errors with `FAILED` before them."""
    said: list[str] = []
    for name in steps:
        if name in NOT_HERE:
            continue
        given = {"_STACK": "local", "COMMIT_SHA": commit, "BUILD_ID": number, "_PULUMI": "-", "_DOCKER": "-"}
        done = place.step(STEPS[name], given | dict.fromkeys(SHELL, CANARY))
        said.append(f"FAILED {name}: {done.stderr}" if done.returncode else done.stdout)
        if done.returncode:
            break
    return said


def test_a_push_is_built_recorded_deployed_released_and_proved_and_the_next_that_fails_is_taken_back(
    delivered: Place,
) -> None:
    said = run(delivered, COMMITS[0], "build-1")

    assert not said[-1].startswith("FAILED"), said[-1]
    first = delivered.record()
    assert problems(first.as_json(), schema()) == []
    assert (first.state, first.release.commit, first.build) == ("proved", COMMITS[0], "build-1")
    assert delivered.built == [COMMITS[0]]
    assert delivered.live_image() == f"{delivered.stack.image}@{first.release.job_digest}"
    assert first.release.viewer_hash
    kept = object_names(delivered.parts.cloud, delivered.stack.records, "releases/local/build-1/")
    assert [name.rpartition("/")[2] for name in kept] == ["smoke.json", "smoke.md", "smoke.xml"]

    assert_no_canary(delivered, said)

    delivered.change_job("second")
    break_the_smoke_store(delivered)
    said = run(delivered, COMMITS[1], "build-2")

    assert said[-1].startswith("FAILED smoke")
    assert f"local is back at {COMMITS[0][:12]}" in said[-1]
    back = delivered.record()
    assert (back.state, back.release, back.went_back_from) == ("proved", first.release, COMMITS[1])
    assert delivered.built == COMMITS[:2]
    assert delivered.live_image() == f"{delivered.stack.image}@{first.release.job_digest}"
    report = object_path(delivered.parts.cloud, delivered.stack.records, "releases/local/build-2/smoke.json")
    assert report
    assert json.loads(report.read_text())
    assert_no_canary(delivered, said)


BREAKS_A_STACK_RULE = """
import pulumi_gcp as gcp

gcp.storage.BucketIAMMember(
    "stranger", bucket="dicom-local-imaging-records", role="roles/storage.objectViewer", member="allUsers"
)
"""


def test_a_commit_that_breaks_a_rule_changes_nothing(delivered: Place) -> None:
    """Neither the program in process nor the engine's preview lets it get as far as the first change."""
    run(delivered, COMMITS[0], "build-1", ["image", "copy", "viewer-image", "record", "up"])
    before, image = delivered.live_image(), delivered.stack.image
    program = delivered.folder / "__main__.py"
    text = program.read_text()
    program.unlink()
    program.write_text(text + BREAKS_A_STACK_RULE)
    delivered.change_job("second")

    said = run(delivered, COMMITS[1], "build-1", ["image", "copy", "viewer-image", "record", "up"])

    assert said[-1].startswith("FAILED up")
    assert "the policy refuses what is declared for local, see above; nothing is changed" in said[-1]
    assert (delivered.live_image(), before.startswith(image)) == (before, True)
    asked = [line for line in (delivered.folder / ".stand-in/pulumi").read_text().splitlines() if line.startswith("up")]
    assert [line for line in asked if "--skip-preview" in line] == []


def assert_no_canary(place: Place, said: list[str]) -> None:
    """Not in what the steps print, the release record, the smoke reports or anything else among the records."""
    cloud, bucket = place.parts.cloud, place.stack.records
    paths = [object_path(cloud, bucket, name) for name in object_names(cloud, bucket, "")]
    texts = [*said, *(path.read_text(errors="replace") for path in paths if path)]
    assert any('"jobDigest"' in text for text in texts), "there is no release record"
    assert not [text for text in texts if CANARY in text]


def break_the_smoke_store(place: Place) -> None:
    store = place.outputs()["stores"]["smoke"]["name"]
    place.parts.cloud.iam.set_policy(f"//healthcare.googleapis.com/{store}", {})


def test_the_steps_wait_for_nothing_that_cloud_build_does_not_give() -> None:
    assert list(STEPS) == ["environment", "image", "copy", "viewer-image", "record", "up", "viewer", "smoke"]


def test_the_viewer_is_released_by_hand_by_an_account_that_knows_no_state(delivered: Place) -> None:
    made = build(ROOT / "delivery/viewer.yaml")
    secret = made["availableSecrets"]["secretManager"][0]["versionName"].replace("$PROJECT_ID", "dicom-local")
    builder = "imaging-viewer-build@dicom-local.iam.gserviceaccount.com"
    token = delivered.parts.cloud.iam.token(builder)
    url = f"{delivered.parts.cloud.base}/secretmanager.googleapis.com/v1/{secret}:access"
    payload = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).json()["payload"]["data"]
    given = {
        "_STACK": "local", "_PULUMI": "-", "PROJECT_ID": "dicom-local", "GOOGLE_OAUTH_ACCESS_TOKEN": token,
        made["availableSecrets"]["secretManager"][0]["env"]: base64.b64decode(payload).decode(),
    }  # fmt: skip

    for step in made["steps"]:
        if step["id"] not in NOT_HERE:
            done = delivered.step(step["script"], given)
            assert done.returncode == 0, done.stderr

    assert viewer_site.live_hash(viewer_site.hosting(delivered.stack))


def test_the_jobs_image_is_built_from_the_checkouts_base_under_the_builds_own_tag(delivered: Place) -> None:
    for step in build(ROOT / "delivery/job-image.yaml")["steps"]:
        if step["id"] not in NOT_HERE:
            done = delivered.step(step["script"], {"_IMAGE": "HOST/prepare", "BUILD_ID": "b-1"})
            assert done.returncode == 0, done.stderr

    base = builders()["python"]
    assert (delivered.folder / ".stand-in/docker").read_text() == (
        f"build --platform linux/amd64 --build-arg BASE={base} --tag HOST/prepare:b-1 jobs/prepare\n"
    )


REGISTRY = """#!/bin/sh
echo "$@" >> .stand-in/docker
case "$1 $2" in
  "manifest inspect") grep -qx "$3" .stand-in/registry ;;
  push*) [ ! -e .stand-in/converts ] && echo prod/prepare@sha256:1 >> .stand-in/registry; true ;;
esac
"""
"""Docker with a registry that knows what was pushed; with the file `converts` what is pushed gets another digest."""


def copy(place: Place, *there: str, converts: bool = False) -> tuple[int, list[str]]:
    """(exit status, what Docker was asked) of the step that brings another stack's image here."""
    (place.folder / ".delivery").mkdir()
    (place.folder / ".delivery/copy").write_text("dev/prepare@sha256:1 prod/prepare:from-1\n")
    (place.folder / "bin/docker").write_text(REGISTRY)
    (place.folder / ".stand-in/registry").write_text("".join(f"{image}\n" for image in there))
    if converts:
        (place.folder / ".stand-in/converts").touch()
    status = place.step(STEPS["copy"], {}).returncode
    return status, (place.folder / ".stand-in/docker").read_text().splitlines()


def test_an_image_of_another_stack_is_copied_by_digest_and_looked_for_where_it_went(delivered: Place) -> None:
    status, asked = copy(delivered)

    assert (status, asked) == (
        0,
        [
            "manifest inspect prod/prepare@sha256:1",
            "pull dev/prepare@sha256:1",
            "tag dev/prepare@sha256:1 prod/prepare:from-1",
            "push prod/prepare:from-1",
            "manifest inspect prod/prepare@sha256:1",
        ],
    )


def test_an_image_that_arrives_with_another_digest_ends_the_delivery(delivered: Place) -> None:
    status, _ = copy(delivered, converts=True)

    assert status != 0


def test_an_image_that_was_copied_before_is_not_pushed_under_its_tag_again(delivered: Place) -> None:
    status, asked = copy(delivered, "prod/prepare@sha256:1")

    assert (status, asked) == (0, ["manifest inspect prod/prepare@sha256:1"])


def test_the_viewer_of_a_pull_request_goes_to_the_preview_site_as_its_own_account(delivered: Place) -> None:
    account = "imaging-preview-viewer@dicom-local.iam.gserviceaccount.com"
    given = {"GOOGLE_OAUTH_ACCESS_TOKEN": delivered.parts.cloud.iam.token(account)}
    workflow = yaml.safe_load((ROOT / ".github/workflows/preview-viewer.yaml").read_text())
    script = workflow["jobs"]["release"]["steps"][-1]["run"].replace("--stack dev", "--stack local")

    done = delivered.step(f"set -e\n{script}", given)

    assert done.returncode == 0, done.stderr
    assert viewer_site.live_hash(viewer_site.hosting(delivered.stack)) is None
    outputs = json.loads((delivered.folder / ".delivery/outputs.json").read_text())
    shown = requests.get(f"{outputs['previewUrl']}{CONFIG}", timeout=30)
    assert shown.status_code == 200
    assert "/dicomStores/smoke/dicomWeb" in shown.text
