"""`python -m prepare` as a process: exit codes, output, and how it ends when told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prepare.http.budget import MOST_REQUESTS

from localcloud.cloud import Cloud
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import Written, write_slide
from tests.jobs.conftest import DATASET, SUBSCRIPTION, TOPIC, as_principal
from tests.jobs.faults import Faults, spoiling
from tests.local_objects import object_names, object_path, publish

JOB = Path(__file__).parents[2] / "jobs" / "prepare"
JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline")
PATIENCE = 60


def environment(cloud: Cloud, **more: str) -> dict[str, str]:
    stores = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores"
    return os.environ | {
        "GOOGLE_APPLICATION_CREDENTIALS": str(cloud.iam.credentials_file),
        "DICOMWEB_ROOT": f"{stores}/raw/dicomWeb",
        "VIEWER_DICOMWEB_ROOT": f"{stores}/viewer/dicomWeb",
        "RECORDS_BUCKET": "records",
        "STAGED_BUCKET": "staged",
        "BACKLOG_SUBSCRIPTION": SUBSCRIPTION,
        "STORAGE_ENDPOINT": cloud.endpoint("storage.googleapis.com"),
        "PUBSUB_ENDPOINT": cloud.endpoint("pubsub.googleapis.com"),
        "QUIET_SECONDS": "0",
        **more,
    }


def start(cloud: Cloud, *arguments: str, **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "prepare", *arguments]
    return subprocess.Popen(
        command, cwd=JOB, env=environment(cloud, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(cloud: Cloud, *arguments: str, **more: str) -> tuple[int, str, str]:
    process = start(cloud, *arguments, **more)
    out, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, out, errors


def push(cloud: Cloud, folder: Path, key: str) -> Written:
    """Stores a slide and tells about each instance, as the store's notifications would."""
    levels = write_slide(folder, JPEG, key=key)
    root = environment(cloud)["DICOMWEB_ROOT"]
    owner = as_principal(cloud, cloud.iam.owner)
    for level in levels:
        headers = {"Content-Type": "application/dicom"}
        answer = owner.post(f"{root}/studies", data=level.path.read_bytes(), headers=headers, timeout=30)
        assert answer.ok, answer.text
        name = f"studies/{level.study}/series/{level.series}/instances/{level.instance}"
        publish(cloud, TOPIC, f"{DATASET}/dicomStores/raw/dicomWeb/{name}".encode())
    return levels[0]


def record(cloud: Cloud, kind: str, slide: Written) -> Any:
    path = object_path(cloud, "records", f"{kind}/{slide.study}/{slide.series}.json")
    return json.loads(path.read_text()) if path else None


def test_a_good_study_exits_0_with_the_report_as_json(cloud: Cloud, tmp_path: Path) -> None:
    slide = push(cloud, tmp_path, "good")
    code, out, errors = run(cloud, "--study", slide.study, "--json")
    assert code == 0
    said = json.loads(out)
    assert [(one["series"], one["status"]) for one in said["series"]] == [(slide.series, "ready")]
    assert said["series"][0]["report"] == record(cloud, "readiness", slide)
    assert json.loads(errors)["status"] == "ready"


def test_a_failure_exits_2(cloud: Cloud) -> None:
    code, out, _ = run(cloud, "--study", "1.2.404")
    assert code == 2
    assert json.loads(out)["severity"] == "ERROR"


@pytest.mark.parametrize("needed", ["RECORDS_BUCKET", "STAGED_BUCKET"])
def test_wrong_settings_exit_3_with_one_line(cloud: Cloud, needed: str) -> None:
    code, _, errors = run(cloud, **{needed: ""})
    assert code == 3
    assert needed in json.loads(errors)["message"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"RECORDS_BUCKET": "nowhere"}, "there is no bucket nowhere"),
        ({"BACKLOG_SUBSCRIPTION": "projects/dicom-local/subscriptions/nowhere"}, "pull on projects/"),
    ],
)
def test_what_is_missing_on_the_platform_exits_3_and_is_named(cloud: Cloud, more: dict[str, str], words: str) -> None:
    code, out, _ = run(cloud, **more)
    assert code == 3
    assert words in json.loads(out.splitlines()[-1])["message"]


def test_no_credentials_exit_3(cloud: Cloud, tmp_path: Path) -> None:
    nothing = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "absent.json")}
    code, out, _ = run(cloud, **nothing)
    assert code == 3
    assert "no usable Google credentials" in json.loads(out)["message"]


def test_sigterm_ends_with_143_and_the_next_run_resumes(cloud: Cloud, tmp_path: Path) -> None:
    slide = push(cloud, tmp_path, "terminated")
    process = start(cloud, QUIET_SECONDS="50", WAIT_SECONDS="100")
    assert process.stdout is not None
    assert "messages about" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert json.loads(out.splitlines()[-1])["message"].startswith("ended before all was done")
    assert errors == ""
    assert record(cloud, "work", slide)["series"] == slide.series
    assert record(cloud, "readiness", slide) is None
    assert run(cloud)[0] == 0
    assert record(cloud, "readiness", slide)["status"] == "ready"
    assert record(cloud, "work", slide) is None


def test_two_tasks_share_the_backlog_and_each_study_is_done_once(cloud: Cloud, tmp_path: Path) -> None:
    slides = [push(cloud, tmp_path / str(number), f"shared {number}") for number in range(3)]
    tasks = [start(cloud, CLOUD_RUN_TASK_INDEX=str(task), CLOUD_RUN_TASK_COUNT="2") for task in range(2)]
    outs = [task.communicate(timeout=PATIENCE)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0]
    assert run(cloud)[0] == 0  # items that one task wrote after the other had looked
    for slide in slides:
        assert record(cloud, "readiness", slide)["status"] == "ready"
        assert sum(out.count(f'"series": "{slide.series}", "status": "ready"') for out in outs) <= 1
    assert object_names(cloud, "records", "work/") == []


def test_two_runs_at_once_end_as_one(cloud: Cloud, tmp_path: Path) -> None:
    slide = push(cloud, tmp_path, "at once")
    runs = [start(cloud, "--study", slide.study) for _ in range(4)]
    outs = [process.communicate(timeout=PATIENCE)[0] for process in runs]
    assert [process.returncode for process in runs] == [0] * 4
    assert sum('"status": "ready"' in out for out in outs) == 1
    assert sum('"status": "unchanged"' in out for out in outs) == 3


def test_what_a_task_is_refused_is_written_down_for_the_others(cloud: Cloud, tmp_path: Path) -> None:
    slide = push(cloud, tmp_path, "refused")
    with spoiling(int(cloud.base.rpartition(":")[2])) as proxy:
        proxy.faults = Faults("429", 1.0, wants=lambda line: "/dicomWeb/" in line, most=1)
        root = environment(cloud)["DICOMWEB_ROOT"].replace(cloud.base, f"http://127.0.0.1:{proxy.port}")
        task = {"CLOUD_RUN_EXECUTION": "prepare-1", "MOST_TASKS": "2"}
        code, out, _ = run(cloud, "--study", slide.study, DICOMWEB_ROOT=root, **task)
    assert code == 0, out
    path = object_path(cloud, "records", "state/pace.json")
    assert path is not None
    assert json.loads(path.read_text())["rate"] == MOST_REQUESTS / 2
