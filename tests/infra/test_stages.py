"""An empty project: the first `pulumi up` succeeds and says what comes next, the second adds and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from engine.api_request import ApiRequest
from infra.build_images import builders, unpinned
from tests import harness
from tests.components.looking import children, grants, resources
from tests.harness import Graph
from tests.infra import stacks

ROOT = Path(__file__).resolve().parents[2]
FIRST = {"environment": "dev", "gcp:project": "my-imaging", "githubRepository": "lab/platform"}


def up(previous: Graph | None = None, **settings: Any) -> Graph:
    return harness.deploy_whole(config=FIRST | settings, previous=previous)


def added(graph: Graph) -> set[str]:
    """Names of what a second deployment made; everything else it found as it was."""
    return {made.name for made in resources(graph).values() if made.status == "created" and made.custom}


def test_the_first_up_declares_what_it_can() -> None:
    graph = up()

    absent = {"StudyJobs", "Delivery", "ViewerConfig"}
    assert not [made for made in resources(graph).values() if made.type.rpartition(":")[2] in absent]
    assert not {"job", "jobRunUrl", "imageDigest", "viewerConfig"} & graph.outputs.keys()


def test_a_preview_needs_a_project_and_asks_google_nothing() -> None:
    graph = harness.deploy_whole(config=FIRST, preview=True)

    assert graph.requests == []
    assert resources(graph).keys() == resources(up()).keys()


def test_the_same_again_is_nothing_to_do() -> None:
    first = up()

    again = up(first)

    assert added(again) == set()
    assert [request for request in again.requests if request.method != "GET"] == []


def test_an_image_brings_the_job_and_leaves_the_rest_as_it_is() -> None:
    first = up()

    second = up(first, jobImageDigest=stacks.A_DIGEST)

    watching_it = {"watch-job-failed", "watch-job-silent", "watch-set-aside"}
    assert added(second) == names_under(second, "jobs") | watching_it
    assert "jobs-job" in added(second)
    assert resources(second).keys() >= resources(first).keys()
    assert second.outputs["job"] == "projects/my-imaging/locations/europe-west4/jobs/prepare"


def test_a_token_brings_the_delivery_and_leaves_the_rest_as_it_is() -> None:
    first = up()
    add_token(first)

    second = up(first, githubInstallationId=4711, githubTokenVersion=1)

    assert added(second) == names_under(second, "delivery")
    assert "delivery-deploy-test" in added(second)


def test_a_sign_in_client_brings_the_viewers_configuration() -> None:
    second = up(up(), oauthClientId="123456789012-abc.apps.googleusercontent.com")

    promised = {"levels-check", "levels-viewer", "levels-viewer-fast", "levels-viewer-slow"}
    assert added(second) == {"viewer-config-version"} | promised  # nobody can release a viewer before, so none promised


def names_under(graph: Graph, component: str) -> set[str]:
    return set(children(graph, component))


def add_token(graph: Graph) -> None:
    """What `gcloud secrets versions add` does; the value is a person's business, and any will do here."""
    request = ApiRequest(
        host="secretmanager.googleapis.com",
        method="POST",
        path="/v1/projects/my-imaging/secrets/github-token:addVersion",
        body={"payload": {"data": "bm90IGEgdG9rZW4="}},
        authorization=f"Bearer {graph.cloud.iam.token(graph.cloud.iam.owner)}",
    )
    assert graph.plane.handle(request).status == 200


def test_it_says_exactly_what_comes_next() -> None:
    assert stacks.empty_dev().outputs["nextCommands"] == [
        "gcloud builds submit jobs/prepare --project=my-imaging --region=europe-west1 "
        "--config=delivery/job-image-by-hand.yaml "
        "--service-account=projects/my-imaging/serviceAccounts/imaging-job-build@my-imaging.iam.gserviceaccount.com "
        "--gcs-source-staging-dir=gs://my-imaging-imaging-builds/source "
        "--substitutions=_IMAGE=europe-west4-docker.pkg.dev/my-imaging/images/prepare,"
        f"_BASE={builders()['python']},_DOCKER={builders()['docker']}",
        'pulumi config set -s dev dicom-platform:jobImageDigest "$(gcloud artifacts docker images list '
        "europe-west4-docker.pkg.dev/my-imaging/images/prepare --project=my-imaging "
        "--sort-by=~UPDATE_TIME --limit=1 --format='value(version)')\"",
        "# create an OAuth client (Web application) with the origins of output oauth: "
        "https://console.cloud.google.com/auth/clients?project=my-imaging",
        "pulumi config set -s dev dicom-platform:oauthClientId CLIENT-ID",
        "pulumi config set -s dev --path 'dicom-platform:alertEmails[0]' E-MAIL  # nobody is told of alerts yet",
        "pulumi up -s dev",
    ]


def test_with_everything_set_nothing_comes_next() -> None:
    pins = [f".venv/bin/python -m ops deliver pin {name}  # then commit infra/builders.yaml" for name in unpinned()]

    assert stacks.prod().outputs["nextCommands"] == [*pins, *(["pulumi up -s prod"] if pins else [])]
    assert stacks.local().outputs["nextCommands"] == []


def test_a_repository_without_a_token_is_a_token_to_add() -> None:
    assert up(jobImageDigest=stacks.A_DIGEST, oauthClientId="1-a.apps.googleusercontent.com").outputs[
        "nextCommands"
    ] == [
        "gcloud secrets versions add github-token --project=my-imaging --data-file=-",
        "pulumi config set -s test dicom-platform:githubInstallationId INSTALLATION-ID",
        "pulumi config set -s test dicom-platform:githubTokenVersion 1",
        'pulumi config set -s test dicom-platform:githubRepositoryId "$(gh api repos/lab/platform --jq .id)"'
        "  # lets its pull requests be previewed",
        "pulumi config set -s test --path 'dicom-platform:alertEmails[0]' E-MAIL  # nobody is told of alerts yet",
        "pulumi up -s test",
    ]


def test_the_build_by_hand_has_a_tag_of_its_own_each_time_and_logs_where_its_account_may() -> None:
    build = yaml.safe_load((ROOT / "delivery" / "job-image-by-hand.yaml").read_text())

    assert build["images"] == ["$_IMAGE:$BUILD_ID"]
    assert build["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    assert [step["name"] for step in build["steps"]] == ["$_DOCKER"]


def test_whoever_builds_by_hand_finds_the_source_in_a_bucket_of_the_region() -> None:
    """Google's own bucket for sources is in no region, and no account of ours reads it."""
    graph = stacks.phi()
    bucket = graph.one("storage/bucket:Bucket", "registry-sources").inputs
    readers = {(who.partition("@")[0], role) for who, role, where in grants(graph) if where == bucket["name"]}

    assert (bucket["name"], bucket["location"].lower()) == ("my-imaging-imaging-builds", "europe-west4")
    assert readers == {
        ("serviceAccount:imaging-job-build", "roles/storage.objectViewer"),
        ("serviceAccount:imaging-viewer-build", "roles/storage.objectViewer"),
    }
