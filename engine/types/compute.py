"""What runs and what delivers it: images, jobs, schedules, workflows, events, builds."""

from __future__ import annotations

from collections.abc import Callable

from engine.types.row import Around, Json, Row

LOCATION = "projects/{project}/locations/{location}"
REGION = "projects/{project}/locations/{region}"


def cleanup_by_id(inputs: Json, _: Around) -> Json:
    """Pulumi lists cleanup policies with their ids; the API has them by id."""
    policies = inputs.pop("cleanupPolicies", [])
    inputs["cleanupPolicies"] = {policy.pop("id"): policy for policy in policies}
    return inputs


def order_environment(inputs: Json, _: Around) -> Json:
    """The provider keeps a container's environment as a set, which it sends by name."""
    for container in inputs["template"]["template"].get("containers", []):
        container.get("envs", []).sort(key=lambda variable: variable["name"])
    return inputs


def named_in_full(collection: str, place: str) -> Callable[[Json, Around], Json]:
    def shape(inputs: Json, around: Around) -> Json:
        inputs["name"] = f"projects/{around.project}/locations/{inputs[place]}/{collection}/{inputs['name']}"
        return inputs

    return shape


RUN = {
    "gcp:artifactregistry/repository:Repository": Row(
        host="artifactregistry",
        create=f"POST /v1/{LOCATION}/repositories?repository_id={{repositoryId}}",
        id=f"{LOCATION}/repositories/{{repositoryId}}",
        labelled=True,
        defaults={"mode": "STANDARD_REPOSITORY"},
        shape=cleanup_by_id,
        outputs={
            "name": "{repositoryId}",
            "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
        },
    ),
    "gcp:cloudrunv2/job:Job": Row(
        host="run",
        create=f"POST /v2/{LOCATION}/jobs?jobId={{name}}",
        id=f"{LOCATION}/jobs/{{name}}",
        labelled=True,
        rename={
            "template.template.containers.envs": "env",
            "template.template.containers.commands": "command",
        },
        keep=frozenset({"template.template.maxRetries"}),
        defaults={"template.template.maxRetries": 3},
        shape=order_environment,
    ),
    "gcp:cloudrunv2/service:Service": Row(
        host="run",
        create=f"POST /v2/{LOCATION}/services?serviceId={{name}}",
        id=f"{LOCATION}/services/{{name}}",
        labelled=True,
        rename={
            "template.containers.envs": "env",
            "template.containers.commands": "command",
            "template.healthCheckDisabled": "healthCheckDisabled",
            "traffics": "traffic",
        },
    ),
    "gcp:cloudscheduler/job:Job": Row(
        host="cloudscheduler",
        create=f"POST /v1/{REGION}/jobs",
        id=f"{REGION}/jobs/{{name}}",
        then=(f"POST /v1/{REGION}/jobs/{{name}}:resume",),
        skip=frozenset({"paused", "region"}),
        defaults={"timeZone": "Etc/UTC"},
        shape=named_in_full("jobs", "region"),
    ),
    "gcp:workflows/workflow:Workflow": Row(
        host="workflows",
        create=f"POST /v1/{REGION}/workflows?workflowId={{name}}",
        id=f"{REGION}/workflows/{{name}}",
        labelled=True,
        in_body=frozenset({"name"}),
        skip=frozenset({"namePrefix"}),
    ),
    "gcp:eventarc/trigger:Trigger": Row(
        host="eventarc",
        create=f"POST /v1/{LOCATION}/triggers?triggerId={{name}}",
        id=f"{LOCATION}/triggers/{{name}}",
        labelled=True,
        in_body=frozenset({"name"}),
        rename={"matchingCriterias": "eventFilters", "destination.cloudRunService": "cloudRun"},
        shape=named_in_full("triggers", "location"),
    ),
}

BUILD = {
    "gcp:cloudbuildv2/connection:Connection": Row(
        host="cloudbuild",
        create=f"POST /v2/{LOCATION}/connections?connectionId={{name}}",
        id=f"{LOCATION}/connections/{{name}}",
        numbers=frozenset({"githubConfig.appInstallationId"}),
    ),
    "gcp:cloudbuildv2/repository:Repository": Row(
        host="cloudbuild",
        create=f"POST /v2/{LOCATION}/connections/{{~parentConnection}}/repositories?repositoryId={{name}}",
        id=f"{LOCATION}/connections/{{~parentConnection}}/repositories/{{name}}",
        in_body=frozenset({"name"}),
    ),
    "gcp:cloudbuild/trigger:Trigger": Row(
        host="cloudbuild",
        create=f"POST /v1/{LOCATION}/triggers",
        id=f"{LOCATION}/triggers/{{answer.id}}",
        automatic="name",
        rename={"build.steps.envs": "env", "build.options.envs": "env"},
        defaults={"build.options.dynamicSubstitutions": False},
        fallback={"location": "global"},
        outputs={"triggerId": "{answer.id}"},
    ),
}

ROWS = {**RUN, **BUILD}
