"""`exportSchedule`: what the schedule sends makes a copy, as the exporter, who may do nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import requests
from rich.console import Console

from localcloud.server import running
from ops.local import up
from smoke_tests import slide
from tests.clock import SETTLED, new_project
from tests.local_objects import object_names, object_path

BUCKET = "dicom-local-imaging-copies"


def test_the_schedule_copies_the_raw_store_to_its_bucket(tmp_path: Path) -> None:
    cloud = new_project(tmp_path)
    with running(cloud) as parts:
        outputs = up.deploy(Console(quiet=True), parts, up.stack_config({"exportSchedule": "0 3 1 1 *"})).outputs
        cloud.sleep(SETTLED)
        raw, made = outputs["stores"]["raw"]["dicomwebRoot"], slide.make("export", size=512)
        owner = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}"}
        dicom = {**owner, "Content-Type": "application/dicom"}
        for one in made:
            assert requests.post(f"{raw}/studies", data=one.data, headers=dicom, timeout=30).ok

        job = "v1/projects/dicom-local/locations/europe-west4/jobs/export-raw:run"
        answer = requests.post(
            cloud.endpoint("cloudscheduler.googleapis.com") + job, json={}, headers=owner, timeout=30
        )
        assert answer.ok, answer.text
        end = time.monotonic() + 30
        while len(object_names(cloud, BUCKET, "raw/")) < len(made) and time.monotonic() < end:
            time.sleep(0.02)

        names = {f"raw/{one.study}/{one.series}/{one.uid}.dcm": one.data for one in made}
        assert set(object_names(cloud, BUCKET, "raw/")) == set(names)
        for name, data in names.items():
            path = object_path(cloud, BUCKET, name)
            assert path is not None
            assert path.read_bytes() == data
        exporter = {"Authorization": f"Bearer {cloud.iam.token(outputs['serviceAccounts']['exporter'])}"}
        assert requests.get(f"{raw}/studies", headers=exporter, timeout=30).status_code == 403
