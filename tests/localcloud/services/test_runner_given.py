"""What a task of a Cloud Run job is given: environment, account, overrides, secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.localcloud.services.client import PROJECT
from tests.localcloud.services.runner_jobs import JOB, RUN, Jobs


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
