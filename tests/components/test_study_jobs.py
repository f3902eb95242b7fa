from __future__ import annotations

import base64
import json
from typing import Any

import pulumi_gcp as gcp
import pytest
import yaml

from components.study_jobs import WORKFLOW, StudyJobs, StudyJobsArgs
from tests.components.looking import before, children, grants, inputs, names, node
from tests.harness import Deploy, Graph

IMAGE = "europe-west4-docker.pkg.dev/dicom-local/images/prepare@sha256:" + "ab" * 32
STARTER = "serviceAccount:a-starter@dicom-local.iam.gserviceaccount.com"
JOB = "projects/dicom-local/locations/europe-west4/jobs/prepare"


def jobs(deploy: Deploy, **changes: Any) -> Graph:
    def program() -> None:
        starter = gcp.serviceaccount.Account("starter", account_id="a-starter")
        worker = gcp.serviceaccount.Account("worker", account_id="a-worker")
        topic = gcp.pubsub.Topic("topic", name="instances")
        backlog = gcp.pubsub.Subscription("backlog", name="backlog", topic=topic.id)
        records = gcp.storage.Bucket("records", name="records-of-test", location="europe-west4")
        adds = gcp.storage.BucketIAMMember(
            "adds", bucket=records.name, role="roles/storage.objectCreator", member=starter.member
        )
        args: dict[str, Any] = {
            "project": "dicom-local",
            "location": "europe-west4",
            "job": "prepare",
            "image": IMAGE,
            "command": ["python", "-m", "prepare"],
            "args": [],
            "env": {"B": "2", "A": "1"},
            "service_account": worker.email,
            "service_account_member": worker.member,
            "subscription": backlog.name,
            "starter": starter,
            "eventarc_agent": "serviceAccount:service-1@gcp-sa-eventarc.iam.gserviceaccount.com",
            "topic": topic.id,
            "claims_bucket": records.name,
            "after": [adds],
            "run_endpoint": "https://run.googleapis.com/",
            "storage_endpoint": "https://storage.googleapis.com/",
            "schedule": "*/15 * * * *",
            "sweep_schedule": "0 2 * * 6",
            "window_seconds": 60,
            "tasks": 4,
            "cpu": "2",
            "memory": "4Gi",
            "timeout_seconds": 3600,
            "max_retries": 1,
            "protected": True,
            "labels": {"environment": "test"},
            "testers": {},
        }
        StudyJobs("jobs", StudyJobsArgs(**args | changes))

    return deploy(program)


def test_it_declares_the_job_its_schedule_and_the_chain_of_events(deploy: Deploy) -> None:
    assert children(jobs(deploy), "jobs") == {
        "jobs-job": "cloudrunv2/job:Job",
        "jobs-starter": "projects/iAMCustomRole:IAMCustomRole",
        "jobs-started-by-starter": "cloudrunv2/jobIamMember:JobIamMember",
        "jobs-starter-workflows.invoker": "projects/iAMMember:IAMMember",
        "jobs-eventarc-agent": "projects/iAMMember:IAMMember",
        "jobs-starter-eventarc.eventReceiver": "projects/iAMMember:IAMMember",
        "jobs-drains": "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
        "jobs-schedule": "cloudscheduler/job:Job",
        "jobs-sweep": "cloudscheduler/job:Job",
        "jobs-scaler": "projects/iAMCustomRole:IAMCustomRole",
        "jobs-scaled-by-job": "cloudrunv2/jobIamMember:JobIamMember",
        "jobs-workflow": "workflows/workflow:Workflow",
        "jobs-events": "eventarc/trigger:Trigger",
    }


def test_what_runs_is_in_the_plan_command_arguments_image_and_environment(deploy: Deploy) -> None:
    container = inputs(jobs(deploy), "jobs-job")["template"]["template"]["containers"][0]

    assert container["image"] == IMAGE
    assert container["commands"] == ["python", "-m", "prepare"]
    assert container["args"] == []
    assert container["envs"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert container["resources"] == {"limits": {"cpu": "2", "memory": "4Gi"}}


def test_an_execution_is_bounded_and_runs_as_its_own_account(deploy: Deploy) -> None:
    template = inputs(jobs(deploy), "jobs-job")["template"]

    assert template["taskCount"] == 1
    assert "parallelism" not in template  # it begins with one task, and may be started with more
    assert template["template"]["timeout"] == "3600s"
    assert template["template"]["maxRetries"] == 1
    assert template["template"]["serviceAccount"] == "a-worker@dicom-local.iam.gserviceaccount.com"


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize("resource", ["jobs-job", "jobs-workflow"])
def test_deletion_protection_is_said_out_loud_as_its_default_is_on(
    deploy: Deploy, resource: str, protected: bool
) -> None:
    assert inputs(jobs(deploy, protected=protected), resource)["deletionProtection"] is protected


def test_the_job_is_never_started_by_declaring_it(deploy: Deploy) -> None:
    job = inputs(jobs(deploy), "jobs-job")

    assert not {"startExecutionToken", "runExecutionToken"} & job.keys()


def test_the_starter_may_start_this_job_and_see_if_it_runs_and_no_more(deploy: Deploy) -> None:
    graph = jobs(deploy)

    assert set(inputs(graph, "jobs-starter")["permissions"]) == {
        "run.jobs.get",
        "run.jobs.run",
        "run.jobs.runWithOverrides",
    }
    assert {(role, where) for member, role, where in grants(graph) if member == STARTER} == {
        ("projects/dicom-local/roles/studyJobStarter", "prepare"),
        ("roles/workflows.invoker", "dicom-local"),
        ("roles/eventarc.eventReceiver", "dicom-local"),
        ("roles/storage.objectCreator", "records-of-test"),
    }


def test_the_job_may_drain_its_backlog(deploy: Deploy) -> None:
    assert inputs(jobs(deploy), "jobs-drains") == {
        "subscription": "backlog",
        "role": "roles/pubsub.subscriber",
        "member": "serviceAccount:a-worker@dicom-local.iam.gserviceaccount.com",
    }


def test_a_tester_may_give_arguments_and_follow_the_execution(deploy: Deploy) -> None:
    graph = jobs(deploy, testers={"smoke": "group:smoke@example.org"})

    assert set(inputs(graph, "jobs-tester")["permissions"]) == {
        "run.executions.get",
        "run.jobs.run",
        "run.jobs.runWithOverrides",
    }
    assert inputs(graph, "jobs-tested-by-smoke")["member"] == "group:smoke@example.org"
    assert "jobs-tester" not in names(jobs(deploy), "IAMCustomRole")


def test_the_schedule_calls_the_job_with_an_access_token(deploy: Deploy) -> None:
    schedule = inputs(jobs(deploy), "jobs-schedule")

    assert schedule["httpTarget"] == {
        "httpMethod": "POST",
        "uri": f"https://run.googleapis.com/v2/{JOB}:run",
        "oauthToken": {"serviceAccountEmail": "a-starter@dicom-local.iam.gserviceaccount.com"},
    }
    assert (schedule["schedule"], schedule["timeZone"]) == ("*/15 * * * *", "Etc/UTC")


def test_the_sweep_lets_the_job_look_at_every_study(deploy: Deploy) -> None:
    graph = jobs(deploy)
    sweep, target = inputs(graph, "jobs-sweep"), inputs(graph, "jobs-sweep")["httpTarget"]

    told = json.loads(base64.b64decode(target["body"]))["overrides"]
    assert target["headers"] == {"Content-Type": "application/json"}
    assert told["containerOverrides"][0]["args"][-1] == "--sweep"
    assert (sweep["schedule"], sweep["timeZone"]) == ("0 2 * * 6", "Etc/UTC")


def test_an_event_of_the_topic_reaches_the_workflow(deploy: Deploy) -> None:
    graph = jobs(deploy)
    trigger = inputs(graph, "jobs-events")

    assert trigger["matchingCriterias"] == [
        {"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}
    ]
    assert trigger["transport"] == {"pubsub": {"topic": "projects/dicom-local/topics/instances"}}
    assert trigger["destination"] == {"workflow": node(graph, "jobs-workflow").id}
    assert trigger["serviceAccount"] == "a-starter@dicom-local.iam.gserviceaccount.com"


def test_the_workflow_knows_the_job_the_claims_and_the_window(deploy: Deploy) -> None:
    workflow = inputs(jobs(deploy, window_seconds=30), "jobs-workflow")

    assert workflow["userEnvVars"] == {
        "JOB_URL": f"https://run.googleapis.com/v2/{JOB}",
        "CLAIMS_URL": "https://storage.googleapis.com/upload/storage/v1/b/records-of-test/o",
        "WINDOW_SECONDS": "30",
    }


def test_nothing_can_start_the_job_before_it_may_do_its_work(deploy: Deploy) -> None:
    graph = jobs(deploy)

    for start in ("jobs-schedule", "jobs-workflow", "jobs-events"):
        assert {"jobs-job", "jobs-started-by-starter", "jobs-drains", "adds"} <= before(graph, start)


def test_the_workflow_reads_no_variable_that_is_not_given(deploy: Deploy) -> None:
    given = inputs(jobs(deploy), "jobs-workflow")["userEnvVars"]

    used = {part.partition('"')[0] for part in WORKFLOW.read_text().split('sys.get_env("')[1:]}

    assert used == set(given)


def test_the_workflow_claims_before_it_waits_looks_and_starts() -> None:
    steps = yaml.safe_load(WORKFLOW.read_text())["main"]["steps"]

    assert [name for step in steps for name in step] == [
        "window",
        "take_claim",
        "wait",
        "look",
        "busy",
        "start",
        "done",
    ]
    claim = steps[1]["take_claim"]["try"]["args"]
    assert claim["query"]["ifGenerationMatch"] == "0"


@pytest.mark.parametrize("status", [412, 429])
def test_a_claim_that_storage_refuses_as_taken_or_too_fast_is_no_failure(status: int) -> None:
    """Storage takes about one write a second to a name, whatever the precondition."""
    steps = yaml.safe_load(WORKFLOW.read_text())["main"]["steps"]
    [claim] = [step["take_claim"] for step in steps if "take_claim" in step]
    [taken] = claim["except"]["steps"][0]["taken"]["switch"]

    assert f"refusal.code == {status}" in taken["condition"]
