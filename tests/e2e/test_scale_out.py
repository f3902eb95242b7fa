"""More tasks for more work, on a deployed stack: the job starts itself, with the rights that the stack gives it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.conftest import PATIENCE, Platform, deployed
from tests.jobs.copying_support import SERIES, file_of
from tests.local_objects import object_names, object_path

MOST, STUDIES = 4, 9
"""Nine studies are more than two tasks do in two minutes, as long as none was measured."""


@pytest.fixture(scope="module")
def scaling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Without its event chain, so that one execution is begun, by the test, and finds all of the work."""
    with deployed(tmp_path_factory.mktemp("scaling"), **{"dicom-platform:jobTasks": str(MOST)}) as platform:
        platform.stop_events()
        yield platform


def arrive(platform: Platform, prefix: str) -> list[str]:
    """Studies of one small instance each; what was decided before is forgotten, so that this window has no decision."""
    for name in records(platform, "starts/scale-"):
        url = f"{platform.outputs['endpoints']['storage']}storage/v1/b/{platform.outputs['recordsBucket']}/o/"
        owner = platform.session(platform.cloud.iam.owner)
        assert owner.delete(url + quote(name, safe=""), timeout=30).ok
    studies = [f"{prefix}.{number}" for number in range(STUDIES)]
    owner = platform.session(platform.cloud.iam.owner)
    headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
    for study in studies:
        data = file_of(1, study, Modality="OT", SOPClassUID="1.2.3")
        assert owner.post(f"{platform.root}/studies", data=data, headers=headers, timeout=30).ok
    return studies


def executions(platform: Platform) -> dict[str, dict[str, Any]]:
    """By name."""
    url = platform.outputs["jobRunUrl"].removesuffix(":run") + "/executions"
    found = platform.session(platform.cloud.iam.owner).get(url, timeout=30).json().get("executions", [])
    return {one["name"]: one for one in found}


def records(platform: Platform, prefix: str) -> dict[str, Any]:
    """Objects that begin with `prefix`, by name."""
    bucket = platform.outputs["recordsBucket"]
    paths = {name: object_path(platform.cloud, bucket, name) for name in object_names(platform.cloud, bucket, prefix)}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path is not None}


def until_all_are_ready(platform: Platform, studies: list[str]) -> None:
    """And every execution has ended."""
    end = time.monotonic() + PATIENCE
    while True:
        ready = [study for study in studies if (name := f"readiness/{study}/study.json") in records(platform, name)]
        going = [one for one in executions(platform).values() if "completionTime" not in one]
        if len(ready) == len(studies) and not going:
            return
        assert time.monotonic() < end, (ready, going)
        time.sleep(0.2)


def test_an_execution_that_finds_more_than_one_task_does_starts_more_of_them(scaling: Platform) -> None:
    studies = arrive(scaling, "1.2.826.41")
    first = scaling.run_job("--quiet-seconds", "0")
    until_all_are_ready(scaling, studies)

    [decision] = records(scaling, "starts/scale-").values()
    assert (decision["outcome"], decision["waiting"], decision["running"], decision["tasks"]) == (
        "started",
        STUDIES,
        1,
        2,
    )
    assert decision["execution"] == first["name"].rpartition("/")[2]
    second = executions(scaling)[decision["started"]]
    assert (second["taskCount"], second["succeededCount"]) == (2, 2)
    reports = records(scaling, "readiness/1.2.826.41.")
    assert {reports[f"readiness/{study}/{SERIES}.json"]["status"] for study in studies} == {"ready"}
    assert records(scaling, "work/") == records(scaling, "owners/") == {}


def test_where_it_may_not_start_more_one_task_does_all_and_says_why(scaling: Platform) -> None:
    owner, url = scaling.session(scaling.cloud.iam.owner), scaling.outputs["jobRunUrl"].removesuffix(":run")
    policy = owner.get(f"{url}:getIamPolicy", timeout=30).json()
    job = f"serviceAccount:{scaling.outputs['serviceAccounts']['job']}"
    assert any(job in binding["members"] for binding in policy["bindings"])
    policy["bindings"] = [binding for binding in policy["bindings"] if job not in binding["members"]]
    assert owner.post(f"{url}:setIamPolicy", json={"policy": policy}, timeout=30).ok
    before = set(executions(scaling))

    studies = arrive(scaling, "1.2.826.42")
    execution = scaling.run_job("--quiet-seconds", "0")
    until_all_are_ready(scaling, studies)

    [decision] = records(scaling, "starts/scale-").values()
    assert decision["outcome"] == "refused"
    assert "needs run.jobs.runWithOverrides on the job itself" in decision["reason"]
    assert "more tasks were not started" in scaling.log(execution)
    assert set(executions(scaling)) - before == {execution["name"]}
    assert records(scaling, "work/") == {}
