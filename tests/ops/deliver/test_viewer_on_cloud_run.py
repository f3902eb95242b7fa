"""delivery/deploy.yaml and delivery/viewer-image.yaml where Cloud Run serves the viewer, script by script."""

from __future__ import annotations

import pytest

from ops.deliver.ledger import schema
from tests.jobs.schema_check import problems
from tests.ops.deliver.place import COMMITS, Place
from tests.ops.deliver.test_deploy_pipeline import break_the_smoke_store, run

pytestmark = pytest.mark.slow


def push(place: Place, commit: str, number: str) -> list[str]:
    place.check_out()
    return run(place, commit, number)


def test_the_first_release_brings_the_viewer_and_a_failed_one_goes_back_to_its_image(on_cloud_run: Place) -> None:
    said = push(on_cloud_run, COMMITS[0], "build-1")

    assert not said[-1].startswith("FAILED"), said[-1]
    first = on_cloud_run.record()
    assert problems(first.as_json(), schema()) == []
    assert (first.state, on_cloud_run.shown) == ("proved", [COMMITS[0]])
    assert on_cloud_run.live_viewer().endswith(f"/images/viewer@{first.release.viewer_digest}")
    assert (on_cloud_run.folder / ".stand-in/docker").read_text().splitlines() == [
        "build --platform linux/amd64 --tag HOST/viewer:b-1 .delivery/viewer-image",
        "run --detach --name viewer --network cloudbuild HOST/viewer:b-1",
    ]

    on_cloud_run.set("institution", "Another name in the header")
    break_the_smoke_store(on_cloud_run)
    said = push(on_cloud_run, COMMITS[1], "build-2")

    assert said[-1].startswith("FAILED finish: deliver finish: the smoke tests of bbbbbbbbbbbb on local ended with ")
    assert f"viewer image {first.release.viewer_digest}" in said[-1]
    assert on_cloud_run.shown == COMMITS[:2]
    assert on_cloud_run.live_viewer().endswith(f"@{first.release.viewer_digest}")
    assert (on_cloud_run.record().release, on_cloud_run.record().went_back_from) == (first.release, COMMITS[1])
