"""delivery/deploy.yaml, script by script, against the local cloud: a release is proved, or taken back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote

import pytest
import requests
import yaml

from infra.build_images import builders
from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver import viewer_site
from ops.deliver.ledger import Ledger, name_of, schema
from tests.jobs.schema_check import problems
from tests.local_objects import object_names, object_path
from tests.ops.deliver.pipelines import ROOT, build
from tests.ops.deliver.place import COMMITS, Place
from viewer.build import CONFIG

pytestmark = pytest.mark.slow
MADE = {step["id"]: step for step in build(ROOT / "delivery/deploy.yaml")["steps"]}
STEPS = {name: step["script"] for name, step in MADE.items()}
NOT_HERE = {"environment", "browser-environment"}
"""Install the lock file into .venv, which here is the tests' own."""
KILLED = "11111111-1111-4111-8111-111111111111"
CANARY = "ZZSECRET-CANARY-4711"
SHELL = ("GITHUB_TOKEN", "PULUMI_CONFIG_PASSPHRASE")
"""Variables of a build that hold secrets, in every step."""


def run(place: Place, commit: str, number: str, steps: Iterable[str] = tuple(STEPS), broken: str = "") -> list[str]:
    """Runs the steps as Cloud Build does: one that may fail does not end the build.

    Returns what each printed, a failed one's errors with `FAILED` before them. Of `broken` the script is `exit 100`.
    """
    said: list[str] = []
    for name in steps:
        if name in NOT_HERE:
            continue
        given = {"_STACK": "local", "COMMIT_SHA": commit, "BUILD_ID": number, "_PULUMI": "-", "_DOCKER": "-"}
        done = place.step("exit 100" if name == broken else STEPS[name], given | dict.fromkeys(SHELL, CANARY))
        said.append(f"FAILED {name}: {done.stderr}" if done.returncode else done.stdout)
        if done.returncode and not MADE[name].get("allowFailure"):
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
    kept = object_names(delivered.parts.cloud, delivered.stack.records, "reports/local/build-1/")
    assert [name.rpartition("/")[2] for name in kept] == ["smoke.json", "smoke.md", "smoke.xml"]

    assert_no_canary(delivered, said)

    delivered.change_job("second")
    break_the_smoke_store(delivered)
    said = run(delivered, COMMITS[1], "build-2")

    assert said[-1].startswith("FAILED finish: deliver finish: the smoke tests of bbbbbbbbbbbb on local ended with ")
    assert f"local is back at {COMMITS[0][:12]}" in said[-1]
    back = delivered.record()
    assert (back.state, back.release, back.went_back_from) == ("proved", first.release, COMMITS[1])
    assert delivered.built == COMMITS[:2]
    assert delivered.live_image() == f"{delivered.stack.image}@{first.release.job_digest}"
    report = object_path(delivered.parts.cloud, delivered.stack.records, "reports/local/build-2/smoke.json")
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
    """It does not get past the first step; and past it neither the program in process nor the engine lets it."""
    proved(delivered)
    before = delivered.live_image(), delivered.record()
    program = delivered.folder / "__main__.py"
    text = program.read_text()
    program.unlink()
    program.write_text(text + BREAKS_A_STACK_RULE)
    delivered.change_job("second")
    (delivered.folder / ".stand-in/pulumi").unlink()

    said = run(delivered, COMMITS[1], "build-2")

    assert said[-1].startswith("FAILED start")
    assert "the policy refuses what is declared for local, see above; nothing is changed" in said[-1]
    assert (delivered.live_image(), delivered.record()) == before
    asked = (delivered.folder / ".stand-in/pulumi").read_text()
    assert "up" not in {line.split()[0] for line in asked.splitlines()}


def test_the_engine_asks_the_pack_before_its_first_change(delivered: Place) -> None:
    run(delivered, COMMITS[0], "build-1", ["start", "image", "copy", "viewer-image", "record", "up"])

    asked = (delivered.folder / ".stand-in/pulumi").read_text().splitlines()
    (up,) = [line for line in asked if line.startswith("up ")]
    assert "--policy-pack policy" in up
    assert "--skip-preview" not in up


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
    before = ["environment", "start", "image", "copy", "viewer-image", "record"]
    after = ["up", "viewer", "browser-environment", "smoke"]
    assert list(STEPS) == [*before, *after, "finish"]
    assert [name for name in STEPS if MADE[name].get("allowFailure")] == after
    assert not [name for name, script in STEPS.items() if "apt-get" in script]


@pytest.mark.parametrize("broken", ["up", "viewer", "smoke"])
def test_whatever_step_fails_the_stack_goes_back_and_the_next_delivery_begins(delivered: Place, broken: str) -> None:
    proved(delivered)
    first = delivered.record()
    delivered.change_job("second")

    said = run(delivered, COMMITS[1], "build-2", broken=broken)

    assert said[-1].startswith("FAILED finish")
    assert f"local is back at {COMMITS[0][:12]}" in said[-1]
    back = delivered.record()
    assert (back.state, back.release, back.went_back_from) == ("proved", first.release, COMMITS[1])
    assert delivered.live_image() == f"{delivered.stack.image}@{first.release.job_digest}"


def test_a_killed_build_is_settled_by_the_first_step_of_the_next(delivered: Place) -> None:
    proved(delivered)
    first = delivered.record()
    delivered.change_job("second")
    run(delivered, COMMITS[1], KILLED, ["start", "image", "copy", "viewer-image", "record", "up"])
    assert delivered.live_image() != f"{delivered.stack.image}@{first.release.job_digest}"
    statuses = {KILLED: "WORKING"}
    delivered.parts.cloud.methods["cloudbuild.v1:projects.locations.builds.get"] = lambda call: {
        "status": statuses[call.name.rpartition("/")[2]]
    }

    delivered.check_out()
    said = run(delivered, COMMITS[2], "build-3", ["start"])
    assert said[-1].startswith(f"FAILED start: deliver start: build {KILLED} has been delivering bbbbbbbbbbbb")

    statuses[KILLED] = "TIMEOUT"
    delivered.check_out()
    said = run(delivered, COMMITS[2], "build-3", ["start"])

    assert f"build {KILLED} left bbbbbbbbbbbb on local unproved: going back to aaaaaaaaaaaa first" in said[-1], said
    assert delivered.live_image() == f"{delivered.stack.image}@{first.release.job_digest}"
    assert (delivered.record().state, delivered.record().release) == ("proved", first.release)


@pytest.mark.parametrize("duty", ["job", "job-starter", "smoke", "smoke-reader", "viewer-build", "previewer"])
def test_nobody_who_touches_images_can_forge_a_record(delivered: Place, duty: str) -> None:
    """Neither write one, nor replace or delete the newest: whoever parses what strangers send decides nothing."""
    account = f"imaging-{duty}@dicom-local.iam.gserviceaccount.com"
    theirs = GoogleApi(delivered.stack.endpoints, lambda: delivered.parts.cloud.iam.token(account))
    run(delivered, COMMITS[0], "build-1", ["start", "image", "copy", "viewer-image", "record"])
    before, bucket = delivered.record(), delivered.stack.records

    for name in (name_of("local", 1), name_of("local", 2)):
        with pytest.raises(OpsRefused, match="403"):
            Ledger(theirs, bucket).put(name, json.dumps({**before.as_json(), "state": "proved"}))
    with pytest.raises(OpsRefused, match="403"):
        theirs.call("DELETE", "storage", f"storage/v1/b/{bucket}/o/{quote(name_of('local', 1), safe='')}")

    assert delivered.record() == before


def test_a_forged_record_of_the_future_neither_blocks_nor_is_believed(delivered: Place) -> None:
    proved(delivered)
    first = delivered.record()
    forged = {**first.as_json(), "state": "deploying", "since": "2999-01-01T00:00:00+00:00", "commit": "e" * 40}
    ledger = Ledger(delivered.stack.google(), delivered.stack.records)
    number = ledger.read("local")[1]
    ledger.put(name_of("local", number + 1), json.dumps(forged))
    ledger.put(name_of("local", number + 2), "{")

    said = run(delivered, COMMITS[0], "build-2")

    assert not said[-1].startswith("FAILED"), said[-1]
    assert (delivered.record().state, delivered.record().build) == ("proved", "build-2")


def proved(place: Place) -> None:
    """The first commit is delivered and proved, whatever its smoke tests would say: they have a test of their own."""
    run(place, COMMITS[0], "build-1", [name for name in STEPS if name not in ("smoke", "finish")])
    with (place.folder / ".delivery/done").open("a") as file:
        file.write(f"smoke build-1 {COMMITS[0]}\n")
    assert run(place, COMMITS[0], "build-1", ["finish"]) == [f"{COMMITS[0][:12]} is proved on local\n"]
    place.check_out()


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
