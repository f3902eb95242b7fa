"""Drift as it is found on the local cloud by the previewer: what was seeded and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from ops.deliver import viewer_site
from ops.deliver.ledger import Ledger
from ops.deliver.record import Release, start_record
from ops.viewer.release import LABEL
from tests.ops.deliver.place import COMMITS, Place, place

pytestmark = pytest.mark.slow
DIGEST = "sha256:" + "d" * 64
PREVIEWER = "imaging-previewer@dicom-local.iam.gserviceaccount.com"


def proved(place: Place, viewer_hash: str, viewer_digest: str | None = None) -> None:
    """A record that says what is live."""
    digest = place.live_image().partition("@")[2]
    release = Release(
        commit=COMMITS[0],
        job_source=None,
        job_digest=digest,
        viewer_hash=viewer_hash,
        viewer_digest=viewer_digest,
        config_hash="c" * 64,
    )
    record = start_record(None, "local", release, "b", datetime.now(UTC))
    Ledger(place.stack.google(), place.stack.records).write(type(record)(**{**record.__dict__, "state": "proved"}), 0)


def release(place: Place, content: str) -> None:
    """A version of the site whose label is `content`, made live; nobody asks here what is in it."""
    api = viewer_site.hosting(place.stack)
    version = api.create_version({}, {LABEL: content})
    api.populate(version, {"/index.html": "0" * 64})
    place.parts.cloud.resources.put(
        "firebasehosting.googleapis.com",
        f"projects/dicom-local/{version}" if not version.startswith("projects/") else version,
        {"name": version, "status": "FINALIZED", "labels": {LABEL: content}},
    )
    api.release(version)


def look(place: Place) -> list[str]:
    done = place.step(
        ".venv/bin/python -m ops deliver drift --stack local --out drift/local.md",
        {"GOOGLE_OAUTH_ACCESS_TOKEN": place.parts.cloud.iam.token(PREVIEWER)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def extra_member(place: Place) -> None:
    iam = place.parts.cloud.iam
    policy = iam.policy(iam.project)
    binding = {"role": "roles/run.admin", "members": ["user:somebody@example.org"]}
    iam.set_policy(iam.project, {**policy, "bindings": [*policy["bindings"], binding]})


def extra_member_on_a_store(place: Place) -> None:
    resource = f"//healthcare.googleapis.com/{place.outputs()['stores']['raw']['name']}"
    policy = place.parts.cloud.iam.policy(resource)
    binding = {"role": "roles/healthcare.dicomViewer", "members": ["user:somebody@example.org"]}
    place.parts.cloud.iam.set_policy(resource, {**policy, "bindings": [*policy["bindings"], binding]})


def other_release(place: Place) -> None:
    release(place, "f" * 40)


def patched_job(place: Place, **changed: str) -> None:
    cloud = place.parts.cloud
    url = f"{cloud.base}/run.googleapis.com/v2/{place.outputs()['job']}"
    headers = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}"}
    job = requests.get(url, headers=headers, timeout=30).json()
    inner = job["template"]["template"]
    if "image" in changed:
        inner["containers"][0]["image"] = changed["image"]
    else:
        inner |= changed
    requests.patch(url, headers=headers, json={"template": job["template"]}, timeout=30).raise_for_status()


def other_image(place: Place) -> None:
    patched_job(place, image=f"{place.stack.image}@sha256:{'e' * 64}")


def changed_field(place: Place) -> None:
    patched_job(place, timeout="61s")


SEEDED: dict[str, tuple[Callable[[Place], None], str]] = {
    "member": (extra_member, "member projects/dicom-local: user:somebody@example.org has roles/run.admin"),
    "member of a store": (
        extra_member_on_a_store,
        "member projects/dicom-local/locations/europe-west4/datasets/imaging/dicomStores/raw: "
        "user:somebody@example.org has roles/healthcare.dicomViewer",
    ),
    "release": (other_release, "viewer sites/dicom-local-viewer: serves content ffffffffffff, the record says dddd"),
    "image": (other_image, f"image projects/dicom-local/locations/europe-west4/jobs/prepare: runs sha256:{'e' * 64}"),
    "field": (changed_field, "field jobs-job: gcp:cloudrunv2/job:Job is another: template"),
}


def test_each_seeded_drift_is_found_by_the_previewer_and_nothing_else_is(delivered: Place) -> None:
    release(delivered, "d" * 40)
    proved(delivered, "d" * 40)
    assert look(delivered) == ["local: 0 findings"]
    assert (delivered.folder / "drift/local.md").read_text() == ""

    for number, (seed, line) in enumerate(SEEDED.values(), start=1):
        seed(delivered)
        head, *found = look(delivered)
        assert head == f"local: {number} findings"
        assert [one for one in found if one.strip().startswith(line)], found

    report = (delivered.folder / "drift/local.md").read_text()
    assert report.count("\n- `") == len(SEEDED)


def test_what_is_accepted_in_a_reviewed_file_is_no_drift(delivered: Place) -> None:
    extra_member(delivered)
    file = delivered.folder / "delivery/accepted_members.yaml"
    member = {"resource": "projects/dicom-local", "role": "roles/run.admin", "member": "user:somebody@example.org"}
    one_file_of_a_folder(file).write_text(json.dumps([member | {"why": "a test"}]))

    said = look(delivered)

    # There is no release record yet, which the previewer may see: it lists the bucket of deliveries.
    assert said == ["local: 0 findings"]


def test_another_image_of_the_viewers_service_than_the_record_says_is_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_cloud_run = {"dicom-platform:viewerHost": "cloud_run", "dicom-platform:viewerImageDigest": DIGEST}
    with place(tmp_path, monkeypatch, on_cloud_run) as made:
        proved(made, "d" * 40, DIGEST)
        assert look(made) == ["local: 0 findings"]
        cloud, name = made.parts.cloud, f"{made.stack.place}/services/viewer"
        template = {"containers": [{"image": f"h/viewer@sha256:{'e' * 64}"}]}
        headers = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}"}
        url = f"{cloud.base}/run.googleapis.com/v2/{name}"
        requests.patch(url, headers=headers, json={"template": template}, timeout=30).raise_for_status()

        said = look(made)

    assert said[1:] == [f"  viewer {name}: runs sha256:{'e' * 64}, the record says {DIGEST}"]


def one_file_of_a_folder(path: Path) -> Path:
    """Makes the linked folder a folder of links, so that one file in it can be another."""
    linked = path.parent.resolve()
    path.parent.unlink()
    path.parent.mkdir()
    for entry in linked.iterdir():
        if entry.name != path.name:
            (path.parent / entry.name).symlink_to(entry)
    return path
