"""Images, the job and what starts it, builds, the site."""

from __future__ import annotations

import json

import pulumi
import pulumi_gcp as gcp

from tests.engine.all_types.common import DESCRIPTION, LABELS, LOCATION, PROJECT
from tests.engine.all_types.data import Data
from tests.engine.all_types.identity import Identity

DIGEST = "a" * 64


def declare(identity: Identity, data: Data) -> None:
    job = worker_job(identity, data, images(identity))
    starts(identity, data, job)
    builds(identity, data)
    site()


def images(identity: Identity) -> gcp.artifactregistry.Repository:
    repository = gcp.artifactregistry.Repository(
        "images",
        repository_id="images",
        format="DOCKER",
        location=LOCATION,
        labels=LABELS,
        description=DESCRIPTION,
        docker_config={"immutable_tags": True},
        cleanup_policy_dry_run=False,
        cleanup_policies=[
            {
                "id": "delete-old",
                "action": "DELETE",
                "condition": {"older_than": "2592000s", "tag_state": "UNTAGGED"},
            },
            {"id": "keep-10", "action": "KEEP", "most_recent_versions": {"keep_count": 10}},
        ],
    )
    gcp.artifactregistry.RepositoryIamMember(
        "pull",
        repository=repository.name,
        location=LOCATION,
        role="roles/artifactregistry.reader",
        member=identity.worker.member,
    )
    return repository


def worker_job(identity: Identity, data: Data, images: gcp.artifactregistry.Repository) -> gcp.cloudrunv2.Job:
    image = pulumi.Output.format(
        "{0}-docker.pkg.dev/{1}/{2}/worker@sha256:{3}", LOCATION, PROJECT, images.repository_id, DIGEST
    )
    secret = {"secret_key_ref": {"secret": data.api_key.secret_id, "version": "latest"}}
    container = {
        "image": image,
        "args": ["--rev", "1"],
        "resources": {"limits": {"cpu": "2", "memory": "4Gi"}},
        "envs": [{"name": "DICOM_STORE", "value": data.store.id}, {"name": "API_KEY", "value_source": secret}],
    }
    job = gcp.cloudrunv2.Job(
        "worker",
        name="worker",
        location=LOCATION,
        deletion_protection=False,
        labels=LABELS,
        template={
            "task_count": 1,
            "parallelism": 1,
            "template": {
                "service_account": identity.worker.email,
                "max_retries": 1,
                "timeout": "3600s",
                "containers": [container],
            },
        },
    )
    gcp.cloudrunv2.JobIamMember(
        "job-inv", name=job.name, location=LOCATION, role="roles/run.invoker", member=identity.invoker.member
    )
    return job


def starts(identity: Identity, data: Data, job: gcp.cloudrunv2.Job) -> None:
    gcp.cloudscheduler.Job(
        "nightly",
        name="nightly",
        region=LOCATION,
        schedule="0 3 * * *",
        time_zone="Europe/Amsterdam",
        description=DESCRIPTION,
        attempt_deadline="320s",
        retry_config={"retry_count": 1},
        http_target={
            "http_method": "POST",
            "uri": pulumi.Output.format("https://run.googleapis.com/v2/{0}:run", job.id),
            "oauth_token": {"service_account_email": identity.invoker.email},
        },
    )
    log = {"call": "sys.log", "args": {"text": "${event}"}}
    workflow = gcp.workflows.Workflow(
        "run-worker",
        name="run-worker",
        region=LOCATION,
        service_account=identity.invoker.id,
        deletion_protection=False,
        labels=LABELS,
        description=DESCRIPTION,
        call_log_level="LOG_ERRORS_ONLY",
        user_env_vars={"JOB": job.id},
        source_contents=json.dumps({"main": {"params": ["event"], "steps": [{"log": log}]}}),
    )
    gcp.eventarc.Trigger(
        "on-dicom",
        name="on-dicom",
        location=LOCATION,
        service_account=identity.invoker.email,
        labels=LABELS,
        destination={"workflow": workflow.id},
        matching_criterias=[{"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}],
        transport={"pubsub": {"topic": data.topic.id}},
    )


def builds(identity: Identity, data: Data) -> None:
    credential = {"oauth_token_secret_version": data.github_token.id}
    connection = gcp.cloudbuildv2.Connection(
        "github",
        name="github",
        location=LOCATION,
        annotations={"rev": "1"},
        github_config={"app_installation_id": 12345, "authorizer_credential": credential},
    )
    repository = gcp.cloudbuildv2.Repository(
        "repo",
        name="app",
        location=LOCATION,
        parent_connection=connection.name,
        remote_uri="https://github.com/acme/app.git",
    )
    on_push = {"repository": repository.id, "push": {"branch": "^main$"}}

    def trigger(resource: str, name: str, **what: object) -> None:
        gcp.cloudbuild.Trigger(
            resource,
            name=name,
            location=LOCATION,
            description=DESCRIPTION,
            service_account=identity.worker.id,
            **what,  # pyright: ignore[reportArgumentType]
        )

    trigger(
        "t-inline",
        "push-inline",
        repository_event_config=on_push,
        tags=["rev1"],
        substitutions={"_REV": "1"},
        included_files=["src/**"],
        build={
            "steps": [
                {
                    "name": "gcr.io/cloud-builders/docker",
                    "args": ["build", "-t", "x", "."],
                    "timeout": "600s",
                },
                {"name": "bash", "script": "echo hi", "envs": ["A=b"]},
            ],
            "timeout": "1200s",
            "images": ["x"],
            "options": {"logging": "CLOUD_LOGGING_ONLY", "machine_type": "E2_HIGHCPU_8"},
        },
    )
    trigger(
        "t-file",
        "push-file",
        filename="cloudbuild.yaml",
        repository_event_config=on_push,
        include_build_logs="INCLUDE_BUILD_LOGS_WITH_STATUS",
    )
    on_pull_request = {"branch": "^main$", "comment_control": "COMMENTS_ENABLED"}
    trigger(
        "t-pr",
        "pr-check",
        filename="ci.yaml",
        repository_event_config={"repository": repository.id, "pull_request": on_pull_request},
    )
    source = {"repository": repository.id, "repo_type": "GITHUB"}
    trigger(
        "t-manual",
        "manual",
        source_to_build={**source, "ref": "refs/heads/main"},
        git_file_source={**source, "path": "deploy.yaml", "revision": "refs/heads/main"},
        approval_config={"approval_required": True},
    )


def site() -> None:
    project = gcp.firebase.Project("firebase", project=PROJECT)
    app = gcp.firebase.WebApp("viewer", display_name="Viewer 1", opts=pulumi.ResourceOptions(depends_on=[project]))
    config = gcp.firebase.get_web_app_config_output(web_app_id=app.app_id, project=PROJECT)
    pulumi.export("apiKey", config.api_key)
    viewer = gcp.firebase.HostingSite("site", site_id="proj-fake-viewer", app_id=app.app_id)
    gcp.firebase.HostingCustomDomain(
        "dom",
        site_id=viewer.site_id,
        custom_domain="viewer.example.org",
        wait_dns_verification=False,
        cert_preference="GROUPED",
    )
