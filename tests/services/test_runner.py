"""Cloud Run jobs: what a task gets, how it ends, and that nothing of it stays behind."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from localcloud.runner import execution as execution_module
from tests.services.client import LOCATION, PROJECT, Api

RUN = "run.googleapis.com/v2"
JOB = f"{LOCATION}/jobs/prepare"
Until = Callable[[Callable[[], Any]], Any]


class Jobs:
    """Declares one job whose image is a folder with `main.py`, and runs it."""

    def __init__(self, api: Api, folder: Path, until: Until) -> None:
        self.api, self.folder, self.until = api, folder, until
        self.account = api.account("job-runner")
        self.python = "import sys, os, time, json\n"

    def declare(
        self,
        script: str,
        *,
        task: dict[str, Any] | None = None,
        container: dict[str, Any] | None = None,
        **execution: Any,
    ) -> None:
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "main.py").write_text(self.python + script)
        digest = self.api.parts.registry.seed(source)
        image = {"image": f"europe-west4-docker.pkg.dev/dicom-local/images/prepare@{digest}"}
        containers = [{**image, "command": ["python", "main.py"], **(container or {})}]
        template = {"containers": containers, "serviceAccount": self.account, "maxRetries": 0, **(task or {})}
        body = {"template": {**execution, "template": template}}
        self.api.call("POST", f"{RUN}/{LOCATION}/jobs?jobId=prepare", body)

    def start(self, **body: Any) -> str:
        """Name of the operation."""
        return self.api.call("POST", f"{RUN}/{JOB}:run", body)["name"]

    def ended(self, operation: str) -> dict[str, Any]:
        return self.until(lambda: self.done(operation))

    def done(self, operation: str) -> dict[str, Any] | None:
        found = self.api.call("GET", f"{RUN}/{operation}")
        return found if found.get("done") else None

    def run(self, **body: Any) -> dict[str, Any]:
        return self.ended(self.start(**body))

    def executions(self) -> list[dict[str, Any]]:
        return self.api.call("GET", f"{RUN}/{JOB}/executions").get("executions", [])

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted((self.api.parts.cloud.data / "logs").glob("prepare-*.log")))


@pytest.fixture
def jobs(api: Api, tmp_path: Path, until: Until) -> Jobs:
    return Jobs(api, tmp_path, until)


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


def test_a_task_sees_what_is_declared_and_nothing_of_this_machine(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    jobs.declare("print(json.dumps(dict(os.environ)))", container={"env": [{"name": "GREETING", "value": "hi"}]})

    jobs.run()

    env = json.loads(jobs.log().partition("task 0: ")[2])
    [execution] = jobs.executions()
    assert env["GREETING"] == "hi"
    assert env["CLOUD_RUN_JOB"] == "prepare"
    assert env["CLOUD_RUN_EXECUTION"] == execution["name"].rpartition("/")[2]
    assert (env["CLOUD_RUN_TASK_INDEX"], env["CLOUD_RUN_TASK_COUNT"], env["CLOUD_RUN_TASK_ATTEMPT"]) == ("0", "1", "0")
    assert env["GCE_METADATA_HOST"].startswith("127.0.0.1:")
    assert "SECRET_OF_THE_HOST" not in env


def test_the_task_speaks_as_the_jobs_account(jobs: Jobs) -> None:
    jobs.declare(
        "import google.auth, google.auth.transport.requests as t\n"
        "c, p = google.auth.default(); c.refresh(t.Request()); print(c.service_account_email, p, c.token)"
    )

    jobs.run()

    email, project, token = jobs.log().splitlines()[-1].rpartition("task 0: ")[2].split()
    assert (email, project) == (jobs.account, "dicom-local")
    assert jobs.api.parts.cloud.iam.authenticate(f"Bearer {token}").email == jobs.account


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


def test_overrides_change_one_run(jobs: Jobs) -> None:
    jobs.declare("print(sys.argv[1:], os.environ.get('MODE'), os.environ['KEPT'])", container={
        "args": ["declared"], "env": [{"name": "MODE", "value": "a"}, {"name": "KEPT", "value": "k"}]})  # fmt: skip

    override = {"args": ["--study", "1.2"], "env": [{"name": "MODE", "value": "b"}]}
    jobs.run(overrides={"containerOverrides": [override], "taskCount": 2})
    jobs.run(overrides={"containerOverrides": [{"clearArgs": True}]})

    log = jobs.log()
    assert log.count("['--study', '1.2'] b k") == 2
    assert log.count("[] a k") == 1


def test_overrides_need_a_permission_of_their_own(jobs: Jobs) -> None:
    jobs.declare("pass")
    starter = jobs.api.account("job-starter")
    jobs.api.grant(starter, "roles/run.invoker")

    body = {"overrides": {"taskCount": 2}}
    status, message = jobs.api.refused("POST", f"{RUN}/{JOB}:run", body, account=starter)

    assert (status, "run.jobs.runWithOverrides" in message) == (403, True)
    jobs.api.call("POST", f"{RUN}/{JOB}:run", {}, account=starter)


def secret(jobs: Jobs) -> dict[str, Any]:
    root = f"secretmanager.googleapis.com/v1/{PROJECT}/secrets"
    jobs.api.call("POST", f"{root}?secretId=key", {"replication": {"automatic": {}}})
    jobs.api.call("POST", f"{root}/key:addVersion", {"payload": {"data": base64.b64encode(b"s3cret").decode()}})
    return {"env": [{"name": "KEY", "valueSource": {"secretKeyRef": {"secret": "key", "version": "latest"}}}]}


def test_a_secret_reaches_the_task_when_its_account_may_read_it(jobs: Jobs) -> None:
    jobs.declare("print('key', os.environ['KEY'][::-1])", container=secret(jobs))
    jobs.api.grant(jobs.account, "roles/secretmanager.secretAccessor")

    jobs.run()

    assert "key terc3s" in jobs.log()


def test_a_secret_that_the_account_may_not_read_fails_the_run_by_name(jobs: Jobs) -> None:
    jobs.declare("print('started')", container=secret(jobs))

    operation = jobs.run()

    assert jobs.account in operation["error"]["message"]
    assert "secretmanager.versions.access" in operation["error"]["message"]
    assert "started" not in jobs.log()


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


STUBBORN = """
import signal, subprocess
signal.signal(signal.SIGTERM, lambda *_: (print('asked to stop'), sys.exit(0)))
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])
print('pids', os.getpid(), child.pid)
time.sleep(300)
"""


def started(jobs: Jobs) -> list[int]:
    line = jobs.until(lambda: "pids" in jobs.log() and jobs.log())
    return [int(pid) for pid in line.partition("pids ")[2].split()[:2]]


def gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def test_a_cancelled_execution_is_asked_to_stop_and_leaves_no_process(jobs: Jobs) -> None:
    jobs.declare(STUBBORN)
    operation = jobs.start()
    pids = started(jobs)
    [execution] = jobs.executions()
    assert execution["runningCount"] == 1

    jobs.api.call("POST", f"{RUN}/{execution['name']}:cancel", {})

    assert "cancelled" in jobs.ended(operation)["error"]["message"]
    assert "asked to stop" in jobs.log()
    assert gone(pids)
    assert jobs.executions()[0]["cancelledCount"] == 1
    status = jobs.api.call("GET", f"{RUN}/{JOB}")["latestCreatedExecution"]["completionStatus"]
    assert status == "EXECUTION_CANCELLED"


def test_deleting_the_job_ends_what_runs(jobs: Jobs) -> None:
    jobs.declare(STUBBORN)
    jobs.start()
    pids = started(jobs)

    jobs.api.call("DELETE", f"{RUN}/{JOB}")

    jobs.until(lambda: gone(pids))
    assert jobs.api.raw("GET", f"{RUN}/{JOB}").status_code == 404


def test_children_that_outlive_their_parent_are_ended_too(jobs: Jobs) -> None:
    jobs.declare(
        "import subprocess\n"
        "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        "print('pids', os.getpid(), c.pid)"
    )

    operation = jobs.run()

    assert "error" not in operation
    assert gone(started(jobs))


def test_an_execution_whose_log_cannot_be_written_still_ends_as_failed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.declare("print('x')")
    in_the_way = jobs.api.parts.cloud.data / "a-file"
    in_the_way.write_text("in the way")
    monkeypatch.setattr(execution_module, "log_path", lambda cloud, execution: in_the_way / "x.log")

    operation = jobs.run()

    assert "the log cannot be written: " in operation["error"]["message"]
    [execution] = jobs.executions()
    assert execution["conditions"][0]["state"] == "CONDITION_FAILED"


def test_a_finished_execution_leaves_only_its_log(jobs: Jobs) -> None:
    jobs.declare("print('x')")

    jobs.run()

    folder = jobs.api.parts.cloud.data / "executions"
    jobs.until(lambda: not list(folder.iterdir()))
    assert "x" in jobs.log()
