"""The Cloud Run Job that makes studies ready for the viewer, and everything that starts it.

Owns: the job, its schedules, and the chain topic → Eventarc trigger → workflow → job. Deliberately not: the backlog
(the archive's subscription; what starts the job only changes how soon), the image, and a start on create, which
would run an image before its roles have spread.

Traps this component knows:
* `deletion_protection` of job and workflow is on unless said otherwise, and a protected job cannot be replaced
  either.
* Eventarc's own agent comes into being by the first call only, which Google refuses meanwhile: so it is asked for, and
  granted its role, before the trigger.
* Eventarc cannot start a job, hence the workflow. One event is one *instance*: the workflow makes a burst one start.
* Cloud Scheduler calls a Google API with an OAuth token; the identity token of its other setting is refused.
* `command` and `args` are declared even when empty: what runs is in the plan, not only in the image.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:StudyJobs"
WORKFLOW = Path(__file__).with_name("study_jobs_workflow.yaml")


@dataclass(frozen=True, kw_only=True)
class StudyJobsArgs:
    project: str
    location: str
    job: str
    image: pulumi.Input[str]
    """By digest: `NAME@sha256:…`."""
    command: Sequence[str]
    args: Sequence[str]
    env: Mapping[str, pulumi.Input[str]]
    """Plain values only; a secret never goes here."""
    service_account: pulumi.Input[str]
    """E-mail of the identity that the job runs as."""
    service_account_member: pulumi.Input[str]
    """The same as an IAM member."""
    subscription: pulumi.Input[str]
    """Name of the backlog's subscription, which the job drains."""
    starter: gcp.serviceaccount.Account
    """Identity that may start the job; the schedule and the workflow run as it."""
    eventarc_agent: pulumi.Input[str]
    """IAM member of Google's service agent, which delivers the events."""
    topic: pulumi.Input[str]
    claims_bucket: pulumi.Input[str]
    """Where the workflow claims a window; the starter can add objects."""
    after: Sequence[pulumi.Resource]
    """What must exist before anything starts the job, such as grants on other resources."""
    run_endpoint: str
    storage_endpoint: str
    """Roots of the two APIs, with a trailing slash."""
    schedule: str
    sweep_schedule: str
    """When it looks at every study."""
    window_seconds: int
    tasks: int
    """Most that run at once. An execution begins with one, which starts more when there is work for them."""
    cpu: str
    memory: str
    timeout_seconds: int
    max_retries: int
    protected: bool
    labels: Mapping[str, str]
    testers: Mapping[str, pulumi.Input[str]]
    """Members that may start the job with other arguments and follow the execution, by a key that stays."""
    kms_key: str | None = None
    """Full name of a customer-managed key for the workflow, whose executions hold the events' UIDs."""


class StudyJobs(pulumi.ComponentResource):
    """`job` and `run_url`, to which a POST with an access token starts it."""

    job: gcp.cloudrunv2.Job
    run_url: pulumi.Output[str]

    def __init__(self, name: str, args: StudyJobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"jobName": args.job, "image": args.image}, opts)
        self._name, self._args = name, args
        self.job = self._job()
        job_url = pulumi.Output.format("{0}v2/{1}", args.run_endpoint, self.job.id)
        self.run_url = pulumi.Output.format("{0}:run", job_url)
        starts = self._grants()
        self._schedules(starts)
        self._events(job_url, starts)
        self.register_outputs({"job": self.job.id, "runUrl": self.run_url})

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _job(self) -> gcp.cloudrunv2.Job:
        args = self._args
        return gcp.cloudrunv2.Job(
            f"{self._name}-job",
            project=args.project,
            location=args.location,
            name=args.job,
            labels=args.labels,
            deletion_protection=args.protected,
            template={
                # No parallelism: Google then runs all tasks of an execution, however many that one was started with.
                "task_count": 1,
                "template": {
                    "service_account": args.service_account,
                    "timeout": f"{args.timeout_seconds}s",
                    "max_retries": args.max_retries,
                    "containers": [
                        {
                            "image": args.image,
                            "commands": list(args.command),
                            "args": list(args.args),
                            # The provider sorts them by name; so do we, lest a plan shows a difference.
                            "envs": [{"name": key, "value": value} for key, value in sorted(args.env.items())],
                            "resources": {"limits": {"cpu": args.cpu, "memory": args.memory}},
                        }
                    ],
                },
            },
            opts=self._child(),
        )

    def _grants(self) -> list[pulumi.Resource]:
        """What must be granted before anything starts the job. No predefined role is as small as the starter's."""
        args = self._args
        overrides = ["run.jobs.runWithOverrides"]
        permissions = ["run.jobs.get", "run.jobs.run", *overrides]
        start = self._role("starter", "Starts the study job, also to look at every study", permissions)
        drains = gcp.pubsub.SubscriptionIAMMember(
            f"{self._name}-drains",
            subscription=args.subscription,
            role="roles/pubsub.subscriber",
            member=args.service_account_member,
            opts=self._child(),
        )
        started = self._grant("started-by-starter", start, args.starter.member)
        grants: list[pulumi.Resource] = [*args.after, drains, started]
        if args.tasks > 1:
            more = self._role("scaler", "Starts more tasks of the study job itself", ["run.jobs.run", *overrides])
            grants.append(self._grant("scaled-by-job", more, args.service_account_member))
        if args.testers:
            permissions = ["run.executions.get", "run.jobs.run", *overrides]
            test = self._role("tester", "Starts the study job on a given study and follows it", permissions)
            for key, member in args.testers.items():
                self._grant(f"tested-by-{key}", test, member)
        # Neither Workflows nor Eventarc has policies on a single workflow or trigger.
        for role in ("workflows.invoker", "eventarc.eventReceiver"):
            grants.append(
                gcp.projects.IAMMember(
                    f"{self._name}-starter-{role}",
                    project=args.project,
                    role=f"roles/{role}",
                    member=args.starter.member,
                    opts=self._child(),
                )
            )
        return grants

    def _role(self, key: str, words: str, permissions: list[str]) -> gcp.projects.IAMCustomRole:
        return gcp.projects.IAMCustomRole(
            f"{self._name}-{key}",
            project=self._args.project,
            role_id=f"studyJob{key.capitalize()}",
            title=f"Study job {key}",
            description=words,
            permissions=permissions,
            stage="GA",
            opts=self._child(),
        )

    def _grant(self, key: str, role: gcp.projects.IAMCustomRole, member: pulumi.Input[str]) -> pulumi.Resource:
        return gcp.cloudrunv2.JobIamMember(
            f"{self._name}-{key}",
            project=self._args.project,
            location=self._args.location,
            name=self.job.name,
            role=role.name,
            member=member,
            opts=self._child(),
        )

    def _schedules(self, starts: list[pulumi.Resource]) -> None:
        self._schedule("schedule", "Starts the study job, whatever events were missed", self._args.schedule, starts)
        words = "Lets the study job look at every study, for what nobody told: deletions, corrections"
        self._schedule("sweep", words, self._args.sweep_schedule, starts, self._sweep())

    def _sweep(self) -> Mapping[str, Any]:
        """The weekly look at every study: as many tasks as there may be, each for its share of the studies, with
        a day to look at them.
        """
        container = {"args": [*self._args.args, "--sweep"]}
        return {
            "overrides": {
                "taskCount": self._args.tasks,
                "timeout": "86400s",
                "containerOverrides": [container],
            }
        }

    def _schedule(
        self, key: str, words: str, when: str, starts: list[pulumi.Resource], body: Mapping[str, Any] | None = None
    ) -> None:
        args = self._args
        target: gcp.cloudscheduler.JobHttpTargetArgsDict = {
            "http_method": "POST",
            "uri": self.run_url,
            "oauth_token": {"service_account_email": args.starter.email},
        }
        if body is not None:
            target["headers"] = {"Content-Type": "application/json"}
            target["body"] = base64.b64encode(json.dumps(body).encode()).decode()
        gcp.cloudscheduler.Job(
            f"{self._name}-{key}",
            project=args.project,
            region=args.location,
            name=f"{args.job}-{key}",
            description=words,
            schedule=when,
            time_zone="Etc/UTC",
            attempt_deadline="60s",
            retry_config={"retry_count": 1},
            http_target=target,
            opts=self._child(*starts),
        )

    def _events(self, job_url: pulumi.Output[str], starts: list[pulumi.Resource]) -> None:
        args = self._args
        workflow = gcp.workflows.Workflow(
            f"{self._name}-workflow",
            project=args.project,
            region=args.location,
            name=f"{args.job}-on-event",
            description="Starts the study job once for a burst of new instances",
            service_account=args.starter.id,
            source_contents=WORKFLOW.read_text(encoding="utf-8"),
            crypto_key_name=args.kms_key,
            user_env_vars={
                "JOB_URL": job_url,
                "CLAIMS_URL": pulumi.Output.format(
                    "{0}upload/storage/v1/b/{1}/o", args.storage_endpoint, args.claims_bucket
                ),
                "WINDOW_SECONDS": str(args.window_seconds),
            },
            call_log_level="LOG_ERRORS_ONLY",
            deletion_protection=args.protected,
            labels=args.labels,
            opts=self._child(*starts),
        )
        agent = gcp.projects.IAMMember(
            f"{self._name}-eventarc-agent",
            project=args.project,
            role="roles/eventarc.serviceAgent",
            member=args.eventarc_agent,
            opts=self._child(),
        )
        gcp.eventarc.Trigger(
            f"{self._name}-events",
            project=args.project,
            location=args.location,
            name=f"{args.job}-on-event",
            matching_criterias=[{"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}],
            transport={"pubsub": {"topic": args.topic}},
            destination={"workflow": workflow.id},
            service_account=args.starter.email,
            labels=args.labels,
            opts=self._child(*starts, agent),
        )
