"""A local cloud that keeps its folder: a job execution after the process was ended in the middle of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.local.session import session
from tests.localcloud.services.client import LOCATION, PROJECT, Api

RUN = f"run.googleapis.com/v2/{LOCATION}"


def test_an_execution_that_the_end_interrupted_does_not_look_as_if_it_were_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], Any]], Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "main.py").write_text("import time; print('up'); time.sleep(300)")
    with session(port=0, data=tmp_path / "kept", settings={"project": "dicom-local"}) as parts:
        api = Api(parts)
        apis = {"serviceIds": ["iam.googleapis.com", "run.googleapis.com"]}
        api.call("POST", f"serviceusage.googleapis.com/v1/{PROJECT}/services:batchEnable", apis)
        image = f"europe-west4-docker.pkg.dev/dicom-local/images/prepare@{parts.registry.seed(tmp_path / 'source')}"
        container = {"image": image, "command": ["python", "main.py"]}
        template = {"containers": [container], "serviceAccount": api.account("job-runner")}
        api.call("POST", f"{RUN}/jobs?jobId=prepare", {"template": {"template": template}})
        api.call("POST", f"{RUN}/jobs/prepare:run", {})
        until(lambda: list((parts.cloud.data / "logs").glob("prepare-*.log")))

    with session(port=0, data=tmp_path / "kept", settings={"project": "dicom-local"}) as parts:
        job = Api(parts).call("GET", f"{RUN}/jobs/prepare")

    assert job["latestCreatedExecution"]["completionStatus"] == "EXECUTION_CANCELLED"
    assert "completionTime" in job["latestCreatedExecution"]
