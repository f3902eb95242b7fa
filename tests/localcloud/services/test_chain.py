"""What starts the job: schedule, and topic, trigger, workflow. Each link with its permission, and without it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.chain import Chain
from localcloud.chain.scheduler import Scheduler
from tests.localcloud.services.client import LOCATION, PROJECT, Api, Clock

SCHEDULER = f"cloudscheduler.googleapis.com/v1/{LOCATION}"
WORKFLOWS = f"workflows.googleapis.com/v1/{LOCATION}"
EXECUTIONS = f"workflowexecutions.googleapis.com/v1/{LOCATION}/workflows/start/executions"
EVENTARC = f"eventarc.googleapis.com/v1/{LOCATION}"
RUN = f"run.googleapis.com/v2/{LOCATION}"
TOPIC = f"{PROJECT}/topics/stored"
Until = Callable[[Callable[[], Any]], Any]


def scheduler_of(api: Api) -> Scheduler:
    [chain] = [service for service in api.parts.services if isinstance(service, Chain)]
    return chain.scheduler


class Started:
    """A job, and an account that may start it: `roles/run.developer` holds get and run."""

    def __init__(self, api: Api, folder: Path, until: Until) -> None:
        self.api, self.until = api, until
        (folder / "main.py").write_text("print('ran')")
        image = f"europe-west4-docker.pkg.dev/dicom-local/images/prepare@{api.parts.registry.seed(folder)}"
        container = {"image": image, "command": ["python", "main.py"]}
        template = {"containers": [container], "serviceAccount": api.account("job-runner"), "maxRetries": 0}
        api.call("POST", f"{RUN}/jobs?jobId=prepare", {"template": {"template": template}})
        self.starter = api.account("job-starter")
        api.grant(self.starter, "roles/run.developer")

    def executions(self) -> list[dict[str, Any]]:
        return self.api.call("GET", f"{RUN}/jobs/prepare/executions").get("executions", [])

    def log(self) -> str:
        path = self.api.parts.cloud.data / "logs" / "chain.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def started(api: Api, tmp_path: Path, until: Until) -> Started:
    folder = tmp_path / "source"
    folder.mkdir()
    return Started(api, folder, until)


def schedule(started: Started, **more: Any) -> dict[str, Any]:
    target = {
        "uri": f"https://run.googleapis.com/v2/{LOCATION}/jobs/prepare:run",
        "httpMethod": "POST",
        "oauthToken": {"serviceAccountEmail": started.starter},
    }
    body = {"name": f"{LOCATION}/jobs/every-hour", "schedule": "0 * * * *", "timeZone": "Etc/UTC", "httpTarget": target}
    return started.api.call("POST", f"{SCHEDULER}/jobs", body | more)


def test_the_schedule_starts_the_job_when_its_time_has_come(started: Started, clock: Clock) -> None:
    clock.now = 1_800_000_000 - 1_800_000_000 % 3600 + 60
    schedule(started)
    clock.advance(1200)
    # The scheduler looks once a second: it must have seen the job before its time comes.
    started.until(lambda: scheduler_of(started.api).due)
    assert started.executions() == []

    clock.advance(2400)

    assert len(started.until(started.executions)) == 1
    job = started.until(
        lambda: started.api.call("GET", f"{SCHEDULER}/jobs/every-hour") if "called" in started.log() else None
    )
    assert "lastAttemptTime" in job
    assert not job["status"]


def test_run_forces_a_schedule(started: Started) -> None:
    schedule(started)

    started.api.call("POST", f"{SCHEDULER}/jobs/every-hour:run", {})

    assert len(started.until(started.executions)) == 1


def test_a_paused_schedule_starts_nothing(started: Started, clock: Clock) -> None:
    schedule(started)
    started.api.call("POST", f"{SCHEDULER}/jobs/every-hour:pause", {})
    scheduler = scheduler_of(started.api)
    scheduler.tick()

    clock.advance(7200)
    scheduler.tick()

    assert scheduler.due == {}


def test_without_its_permission_the_starter_starts_nothing_and_the_log_says_why(started: Started) -> None:
    schedule(started)
    started.api.revoke("roles/run.developer")

    started.api.call("POST", f"{SCHEDULER}/jobs/every-hour:run", {})

    log = started.until(started.log)
    assert "403" in log
    assert "run.jobs.run" in log
    assert started.executions() == []
    assert "run.jobs.run" in started.api.call("GET", f"{SCHEDULER}/jobs/every-hour")["status"]["message"]


def test_an_oidc_token_is_of_no_use_to_googles_apis(started: Started) -> None:
    uri = f"https://run.googleapis.com/v2/{LOCATION}/jobs/prepare:run"
    schedule(started, httpTarget={"uri": uri, "oidcToken": {"serviceAccountEmail": started.starter}})

    started.api.call("POST", f"{SCHEDULER}/jobs/every-hour:run", {})

    assert "401" in started.until(started.log)


def test_a_failed_call_is_repeated_as_the_retry_config_says(started: Started) -> None:
    schedule(started, retryConfig={"retryCount": 2, "minBackoffDuration": "0.01s"})
    started.api.revoke("roles/run.developer")

    started.api.call("POST", f"{SCHEDULER}/jobs/every-hour:run", {})

    started.until(lambda: started.log().count("403") == 3)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schedule": "every 5 minutes"}, "write five"),
        ({"schedule": ""}, "write five"),
        ({"timeZone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"httpTarget": None, "pubsubTarget": {"topicName": TOPIC}}, "no httpTarget"),
    ],
)
def test_a_schedule_that_would_never_work_is_refused(started: Started, change: dict[str, Any], named: str) -> None:
    body = {"name": f"{LOCATION}/jobs/x", "schedule": "* * * * *", "httpTarget": {"uri": "https://run.googleapis.com/"}}

    status, message = started.api.refused("POST", f"{SCHEDULER}/jobs", body | change)

    assert (status, named in message) == (400, True), message


class Burst(Started):
    """The event chain as the stack declares it, with the stack's own workflow."""

    def __init__(self, api: Api, folder: Path, until: Until, window: str) -> None:
        super().__init__(api, folder, until)
        api.call("POST", "storage.googleapis.com/storage/v1/b?project=dicom-local", {"name": "records"})
        api.call("PUT", f"pubsub.googleapis.com/v1/{TOPIC}", {})
        api.grant(self.starter, "roles/workflows.invoker", "roles/eventarc.eventReceiver", "roles/storage.objectAdmin")
        env = {
            "WINDOW_SECONDS": window,
            "CLAIMS_URL": "https://storage.googleapis.com/upload/storage/v1/b/records/o",
            "JOB_URL": f"https://run.googleapis.com/v2/{LOCATION}/jobs/prepare",
        }
        source = Path("components/study_jobs_workflow.yaml").read_text()
        workflow = {"sourceContents": source, "serviceAccount": self.starter, "userEnvVars": env}
        api.call("POST", f"{WORKFLOWS}/workflows?workflowId=start", workflow)
        trigger = {
            "name": f"{LOCATION}/triggers/stored",
            "eventFilters": [{"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}],
            "transport": {"pubsub": {"topic": TOPIC}},
            "destination": {"workflow": f"{LOCATION}/workflows/start"},
            "serviceAccount": self.starter,
        }
        api.call("POST", f"{EVENTARC}/triggers?triggerId=stored", trigger)

    def publish(self, count: int) -> None:
        messages = [{"data": base64.b64encode(b"instance").decode()}] * count
        self.api.call("POST", f"pubsub.googleapis.com/v1/{TOPIC}:publish", {"messages": messages})

    def workflow_runs(self) -> list[dict[str, Any]]:
        return self.api.call("GET", EXECUTIONS)["executions"]

    def ended(self, count: int) -> list[dict[str, Any]] | None:
        runs = self.workflow_runs()
        return runs if len(runs) == count and all("endTime" in run for run in runs) else None


@pytest.fixture
def burst(api: Api, tmp_path: Path, until: Until) -> Burst:
    folder = tmp_path / "source"
    folder.mkdir()
    return Burst(api, folder, until, window="1")


def test_a_stored_instance_starts_the_job(burst: Burst) -> None:
    burst.publish(1)

    [run] = burst.until(lambda: burst.ended(1))

    assert run["state"] == "SUCCEEDED"
    [execution] = burst.executions()
    assert run["result"] == f'"{execution["name"]}"'


def test_five_hundred_messages_start_the_job_at_most_twice(burst: Burst) -> None:
    burst.publish(500)

    runs = burst.until(lambda: burst.ended(500))

    assert {run["state"] for run in runs} == {"SUCCEEDED"}
    assert 1 <= len(burst.executions()) <= 2


def test_who_loses_the_race_for_a_window_does_not_fail_where_google_limits_writes(burst: Burst) -> None:
    """One change of an object's name a second: the losers get 429, not 412 (Cloud Storage's quotas)."""
    cloud = burst.api.parts.cloud
    cloud.awkward |= {"object_writes"}

    burst.publish(20)

    runs = burst.until(lambda: burst.ended(20))
    assert {run["state"] for run in runs} == {"SUCCEEDED"}
    assert len(burst.executions()) == 1


@pytest.mark.parametrize(
    ("role", "named"),
    [
        ("roles/eventarc.eventReceiver", "eventarc.events.receiveEvent"),
        ("roles/workflows.invoker", "workflows.executions.create"),
        ("roles/storage.objectAdmin", "storage.objects.create"),
        ("roles/run.developer", "run.jobs.get"),
    ],
)
def test_each_link_of_the_chain_needs_its_grant(burst: Burst, role: str, named: str) -> None:
    burst.api.revoke(role)

    burst.publish(1)

    assert named in burst.until(burst.log)
    assert burst.executions() == []


def test_a_trigger_that_is_deleted_starts_nothing(burst: Burst) -> None:
    burst.api.call("DELETE", f"{EVENTARC}/triggers/stored")

    burst.publish(1)

    assert burst.workflow_runs() == []


def test_a_workflow_that_is_not_understood_is_refused_when_it_is_deployed(api: Api) -> None:
    source = "- one: {call: googleapis.run.v2.projects.locations.jobs.run}"

    body = {"sourceContents": source}
    status, message = api.refused("POST", f"{WORKFLOWS}/workflows?workflowId=odd", body)

    assert status == 400
    assert "Workflow odd: step one calls googleapis.run.v2" in message


def test_an_execution_can_be_started_by_hand_and_cancelled(api: Api, until: Until) -> None:
    account = api.account("runner")
    source = "main: {params: [input], steps: [{wait: {call: sys.sleep, args: {seconds: '${input.seconds}'}}}]}"
    api.call("POST", f"{WORKFLOWS}/workflows?workflowId=start", {"sourceContents": source, "serviceAccount": account})
    name = api.call("POST", EXECUTIONS, {"argument": '{"seconds": 300}'})["name"]
    path = f"workflowexecutions.googleapis.com/v1/{name}"
    until(lambda: api.call("GET", path)["state"] == "ACTIVE")

    api.call("POST", f"{path}:cancel", {})

    assert until(lambda: api.call("GET", path).get("endTime"))
    assert api.call("GET", path)["state"] == "CANCELLED"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"eventFilters": [{"attribute": "type", "value": "other"}]}, "filters"),
        ({"destination": {"cloudRun": {"service": "x", "region": "y"}}}, "no workflow"),
        ({"transport": {}}, "names no topic"),
        ({"serviceAccount": ""}, "no serviceAccount"),
    ],
)
def test_a_trigger_that_would_never_fire_is_refused(burst: Burst, change: dict[str, Any], named: str) -> None:
    trigger = {
        "name": f"{LOCATION}/triggers/other",
        "eventFilters": [{"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}],
        "transport": {"pubsub": {"topic": TOPIC}},
        "destination": {"workflow": f"{LOCATION}/workflows/start"},
        "serviceAccount": burst.starter,
    }

    status, message = burst.api.refused("POST", f"{EVENTARC}/triggers?triggerId=other", trigger | change)

    assert (status, named in message) == (400, True), message
