"""Cloud Run jobs: how an execution goes, how it ends, what is refused before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.client import PROJECT
from tests.localcloud.services.runner_jobs import JOB, RUN, Jobs


def test_a_run_succeeds_and_says_so_everywhere(jobs: Jobs) -> None:
    jobs.declare("print('hello', *sys.argv[1:])", container={"args": ["world"]})

    operation = jobs.run()

    [execution] = jobs.executions()
    job = jobs.api.call("GET", f"{RUN}/{JOB}")
    assert operation["response"]["name"] == execution["name"]
    assert execution["succeededCount"] == 1
    assert "failedCount" not in execution
    assert execution["conditions"][0]["state"] == "CONDITION_SUCCEEDED"
    assert job["latestCreatedExecution"]["completionStatus"] == "EXECUTION_SUCCEEDED"
    assert job["latestCreatedExecution"]["name"] == execution["name"]
    assert execution["logUri"].startswith("file://")
    assert "task 0: hello world" in jobs.log()


def test_a_failing_task_fails_the_operation_with_its_exit_code_and_the_log(jobs: Jobs) -> None:
    jobs.declare("print('why', file=sys.stderr); sys.exit(2)")

    operation = jobs.run()

    [execution] = jobs.executions()
    log = next((jobs.api.parts.cloud.data / "logs").glob("prepare-*.log"))
    assert operation["error"]["message"] == f"task 0 failed with exit code 2; log: {log}"
    assert execution["failedCount"] == 1
    assert execution["conditions"][0]["state"] == "CONDITION_FAILED"
    assert jobs.api.call("GET", f"{RUN}/{JOB}")["latestCreatedExecution"]["completionStatus"] == "EXECUTION_FAILED"
    assert "task 0: why" in jobs.log()


def test_a_task_is_tried_again_up_to_max_retries(jobs: Jobs) -> None:
    jobs.declare("sys.exit(0 if os.environ['CLOUD_RUN_TASK_ATTEMPT'] == '2' else 1)", task={"maxRetries": 2})

    operation = jobs.run()

    assert "error" not in operation
    assert jobs.executions()[0]["retriedCount"] == 1
    assert jobs.log().count("failed with exit code 1") == 2


def test_max_retries_of_zero_is_kept(jobs: Jobs) -> None:
    jobs.declare("sys.exit(1)")

    jobs.run()

    assert jobs.api.call("GET", f"{RUN}/{JOB}")["template"]["template"]["maxRetries"] == 0
    assert jobs.log().count("attempt") == 1


def test_tasks_share_the_work_by_index_and_keep_to_the_parallelism(jobs: Jobs, tmp_path: Path) -> None:
    folder = tmp_path / "running"
    folder.mkdir()
    jobs.declare(
        f"p = os.path.join({str(folder)!r}, os.environ['CLOUD_RUN_TASK_INDEX'])\n"
        f"open(p, 'w').close(); print('beside', len(os.listdir({str(folder)!r}))); time.sleep(.2); os.remove(p)",
        taskCount=5,
        parallelism=2,
    )

    jobs.run()

    log = jobs.log()
    assert jobs.executions()[0]["succeededCount"] == 5
    assert all(f"task {index}:" in log for index in range(5))
    assert "beside 3" not in log


def test_one_failing_task_of_several_fails_the_execution(jobs: Jobs) -> None:
    jobs.declare("sys.exit(int(os.environ['CLOUD_RUN_TASK_INDEX'] == '1'))", taskCount=3)

    operation = jobs.run()

    [execution] = jobs.executions()
    assert "task 1 failed with exit code 1" in operation["error"]["message"]
    assert (execution["succeededCount"], execution["failedCount"]) == (2, 1)


def test_a_task_that_takes_too_long_is_ended(jobs: Jobs) -> None:
    jobs.declare("time.sleep(60)", task={"timeout": "1s"})

    operation = jobs.run()

    assert "task 0 exceeded its time-out of 1 s" in operation["error"]["message"]


@pytest.mark.parametrize(
    ("container", "task", "named"),
    [
        ({"image": "europe-west4-docker.pkg.dev/p/i@sha256:00"}, {}, "sha256:00 is not in the local registry"),
        ({"image": "europe-west4-docker.pkg.dev/p/i:latest"}, {}, "without a digest"),
        ({"command": []}, {}, "declares no command"),
        ({}, {"serviceAccount": ""}, "no serviceAccount"),
    ],
)
def test_a_job_that_cannot_run_here_is_refused_when_it_is_started(
    jobs: Jobs, container: dict[str, Any], task: dict[str, Any], named: str
) -> None:
    jobs.declare("pass", container=container, task=task)

    status, message = jobs.api.refused("POST", f"{RUN}/{JOB}:run", {})

    assert (status, named in message) == (400, True), message
    assert jobs.executions() == []


def test_a_job_whose_account_is_gone_is_refused(jobs: Jobs) -> None:
    jobs.declare("pass")
    jobs.api.call("DELETE", f"iam.googleapis.com/v1/{PROJECT}/serviceAccounts/{jobs.account}")

    status, message = jobs.api.refused("POST", f"{RUN}/{JOB}:run", {})

    assert (status, f"There is no principal {jobs.account}" in message) == (400, True), message


def test_tasks_as_resources_are_refused_rather_than_shown_empty(jobs: Jobs) -> None:
    jobs.declare("pass")
    jobs.run()

    status, message = jobs.api.refused("GET", f"{RUN}/{jobs.executions()[0]['name']}/tasks")

    assert (status, "logUri" in message) == (501, True)


def test_a_command_that_does_not_exist_fails_the_task_in_words(jobs: Jobs) -> None:
    jobs.declare("pass", container={"command": ["no-such-program"]})

    assert "could not run no-such-program: No such file" in jobs.run()["error"]["message"]
