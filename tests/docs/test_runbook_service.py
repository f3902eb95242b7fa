"""The runbook's sections on the service, followed: a broken viewer, the bill, copies of the raw store, the drill."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from ops.deliver import viewer_site
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, Release
from smoke_tests import slide
from tests.docs.conftest import Follow
from tests.docs.stack import COPIES, RECORDS, Stack, until
from tests.ops.deliver.place import COMMITS


def released(stack: Stack, commit: str, config: dict[str, Any]) -> Release:
    """A viewer with this configuration is made live."""
    folder = stack.place.folder
    outputs = folder / "released.json"
    outputs.write_text(json.dumps({**stack.outputs, "viewerConfig": config}))
    tokens = f"{sys.executable} -m ops token --as {{principal}}"
    command = ["ops", "viewer", "release", "--outputs", str(outputs), "--token-command", tokens]
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder, env=stack.place.environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Release(
        commit=commit,
        job_source=None,
        job_digest=stack.outputs["imageDigest"],
        viewer_hash=viewer_site.live_hash(viewer_site.hosting(stack.place.stack)),
        config_hash="0" * 64,
    )


@pytest.fixture
def release_that_broke_the_viewer(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the viewer before it; this one looks at a store that does not exist."""
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", stack.token())
    good = stack.outputs["viewerConfig"]
    before = released(stack, COMMITS[0], good)
    broken = released(stack, COMMITS[1], json.loads(json.dumps(good).replace("dicomStores/viewer", "dicomStores/gone")))
    record = Record(
        stack="local", state="proved", build="2", since=datetime.now(UTC).isoformat(), release=broken, previous=before
    )
    Ledger(stack.place.stack.google(), stack.place.stack.records).write(record, 0)
    assert before.viewer_hash
    return before.viewer_hash


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_release_that_broke_the_viewer_is_seen_and_goes_back(
    stack: Stack, follow: Follow, release_that_broke_the_viewer: str
) -> None:
    with ThreadPoolExecutor() as pool:
        seeded = pool.submit(stack.make, ["seed-golden", "STACK=local"])
        while not seeded.done():  # it waits for what the job makes, which nothing else starts here
            stack.run_job()
    assert seeded.result().returncode == 0, seeded.result().stderr
    walk = follow("A promise to users is being broken")
    smoke = walk.left[0]

    found = walk()
    assert found.returncode != 0
    assert "✗  9  the configuration names this store" in found.stdout, found.stdout + found.stderr
    went = walk()
    assert f"local is back at {COMMITS[0][:12]}" in went.stdout, went.stderr
    assert viewer_site.live_hash(viewer_site.hosting(stack.place.stack)) == release_that_broke_the_viewer
    again = stack.type(smoke, {})
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_run_that_costs_too_much_is_found_and_ended_and_the_next_does_its_work(stack: Stack, follow: Follow) -> None:
    walk = follow("The budget is nearly spent")
    made = slide.make("budget", size=2048, variant="base-only")  # a complete one is not waited for
    for one in made:
        stack.stow(one.data)
    args = ["--quiet-seconds", "300", "--wait-seconds", "600"]
    body = {"overrides": {"containerOverrides": [{"args": args}]}}
    stack.api.call("POST", stack.outputs["jobRunUrl"].removeprefix(f"{stack.place.parts.cloud.base}/"), body)
    until(lambda: stack.objects(RECORDS, f"work/{made[0].study}/"))

    estimate = walk()
    assert estimate.returncode == 0, estimate.stderr
    assert "a month" in estimate.stdout
    [running] = [one for one in walk() if "completionTime" not in one]
    assert walk(EXECUTION=running["name"].rpartition("/")[2])["cancelledCount"] == 1
    stack.run_job()
    assert stack.objects(RECORDS, f"readiness/{made[0].study}/")
    walk()
    walk()


def test_a_copy_is_made_when_asked_for(stack: Stack, follow: Follow) -> None:
    [one, *_] = slide.make("copy", size=512)
    stack.stow(one.data)
    walk = follow("Keep a copy of the raw store")

    walk()
    walk()
    walk()
    name = f"raw/{one.study}/{one.series}/{one.uid}.dcm"
    until(lambda: name in stack.objects(COPIES, "raw/"))
    assert f"gs://{COPIES}/{name}" in walk()


def test_the_drill_compares_everything_and_a_copy_brings_back_what_was_lost(stack: Stack, follow: Follow) -> None:
    [one, *_] = slide.make("drill", size=512)
    stack.stow(one.data)
    stack.type("gcloud scheduler jobs run export-raw --location=$REGION --project=$PROJECT", {})
    until(lambda: stack.objects(COPIES, f"raw/{one.study}/"))
    walk = follow("Prove that a copy can be restored")

    drilled = walk(BUCKET=COPIES)
    assert "All came back as they were" in drilled.stdout, drilled.stdout + drilled.stderr
    headers = {"Authorization": f"Bearer {stack.token()}"}
    assert requests.delete(f"{stack.root('raw')}/studies/{one.study}", headers=headers, timeout=30).ok
    until(lambda: not stack.instances("raw", one.study))
    loaded = walk()
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    assert stack.instances("raw", one.study) == {one.uid}
