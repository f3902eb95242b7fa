"""What a declared resource becomes, beyond what the recording shows."""

from __future__ import annotations

import re

import pulumi
import pulumi_docker as docker
import pulumi_gcp as gcp
import pytest

from engine import DeploymentFailed
from tests import harness

LOCATION = "europe-west4"


def failure(program: object) -> str:
    with pytest.raises(DeploymentFailed) as caught:
        harness.deploy(program)  # pyright: ignore[reportArgumentType]
    return str(caught.value)


def test_a_type_without_a_row_is_refused_saying_where_to_add_one():
    message = failure(lambda: gcp.redis.Instance("cache", memory_size_gb=1))

    assert re.match(r"gcp:redis/instance:Instance 'cache' \(test_rest.py#\d+\): .*does not know this type", message)
    assert "engine/types" in message


def test_an_image_that_needs_docker_is_refused_with_the_other_choices():
    message = failure(lambda: docker.Image("job", image_name="x"))

    assert "docker:index/image:Image 'job'" in message
    assert "needs a Docker engine" in message
    assert "set jobImage to prebuilt or cloud_build" in message


def test_an_unknown_function_is_refused_naming_the_known_ones():
    message = failure(lambda: gcp.projects.get_project_output(filter="x"))

    assert message.startswith("gcp:projects/getProject:getProject: the in-process deployer does not know this function")
    assert "getWebAppConfig" in message


def test_an_input_that_the_api_has_no_field_for_is_named():
    def program() -> None:
        container = {"image": "i", "commandz": ["x"]}
        template = {"template": {"containers": [container]}}
        gcp.cloudrunv2.Job("j", name="j", location=LOCATION, template=template)  # pyright: ignore[reportArgumentType]

    assert "template.template.containers.commandz: the run API has no field 'commandz' for it" in failure(program)


def test_what_the_api_refuses_is_told_with_its_message():
    message = failure(
        lambda: gcp.artifactregistry.Repository("r", repository_id="r", location=LOCATION, format="docker")
    )

    assert "Repository 'r' (test_rest.py#" in message
    assert "answered 400" in message
    assert "docker" in message


def test_without_a_project_the_sentence_says_where_to_set_it():
    with pytest.raises(DeploymentFailed, match="project: is missing: declare it, or set gcp:project"):
        harness.deploy(lambda: gcp.pubsub.Topic("t", name="t", project=""))


def test_a_resource_without_a_name_gets_its_own_with_seven_digits_the_same_each_time():
    first, second = (harness.deploy(lambda: [gcp.pubsub.Topic("t"), gcp.serviceaccount.Account("a")]) for _ in range(2))

    assert re.fullmatch("t-[0-9a-f]{7}", first.inputs("Topic")["name"])
    assert re.fullmatch("a-[0-9a-f]{7}", first.inputs("Account")["accountId"])
    assert first.inputs("Topic") == second.inputs("Topic")
    assert first.one("Topic").id == f"projects/dicom-local/topics/{first.inputs('Topic')['name']}"


def test_an_explicit_provider_decides_the_project():
    def program() -> None:
        other = gcp.Provider("other", project="proj-other")
        gcp.pubsub.Topic("t", name="t", opts=pulumi.ResourceOptions(provider=other))

    assert "projects/proj-other/topics/t" in failure(program)


def test_computed_outputs_reach_the_program():
    def program() -> None:
        account = gcp.serviceaccount.Account("a", account_id="worker")
        secret = gcp.secretmanager.Secret("s", secret_id="s", replication={"auto": {}})
        version = gcp.secretmanager.SecretVersion("v", secret=secret.id, secret_data="x")
        images = gcp.artifactregistry.Repository("r", repository_id="r", location=LOCATION, format="DOCKER")
        site = gcp.firebase.HostingSite("h", site_id="my-site")
        sink = gcp.logging.ProjectSink("k", name="k", destination="storage.googleapis.com/b", filter="x")
        bucket = gcp.storage.Bucket("b", name="my-bucket", location="EU")
        role = gcp.projects.IAMCustomRole("c", role_id="reader", title="c", permissions=["pubsub.topics.get"])
        for name, value in {
            "email": account.email,
            "member": account.member,
            "account": account.name,
            "secret": secret.name,
            "version": version.version,
            "images": pulumi.Output.all(images.name, images.registry_uri),
            "site": site.default_url,
            "writer": sink.writer_identity,
            "bucket": bucket.url,
            "role": role.name,
        }.items():
            pulumi.export(name, value)

    outputs = harness.deploy(program).outputs

    email = "worker@dicom-local.iam.gserviceaccount.com"
    assert outputs == {
        "email": email,
        "member": f"serviceAccount:{email}",
        "account": f"projects/dicom-local/serviceAccounts/{email}",
        "secret": "projects/dicom-local/secrets/s",
        "version": "1",
        "images": ["r", "europe-west4-docker.pkg.dev/dicom-local/r"],
        "site": "https://my-site.web.app",
        "writer": outputs["writer"],
        "bucket": "gs://my-bucket",
        "role": "projects/dicom-local/roles/reader",
    }
    assert outputs["writer"].startswith("serviceAccount:service-")


def test_a_preview_asks_no_api_but_for_functions():
    def program() -> None:
        topic = gcp.pubsub.Topic("t", name="t")
        gcp.pubsub.Subscription("s", topic=topic.id)
        pulumi.export("number", gcp.organizations.get_project_output(project_id="dicom-local").number)

    graph = harness.deploy(program, preview=True)

    assert {request.method for request in graph.requests} == {"GET"}
    assert graph.outputs == {"number": "123456789012"}


def test_what_exists_already_is_a_conflict_but_firebase_and_sites_are_taken_over():
    def program() -> None:
        gcp.firebase.Project("f")
        gcp.firebase.HostingSite("h", site_id="my-site")
        gcp.pubsub.Topic("t", name="t")

    first = harness.deploy(program)
    first.deployment.resources.clear()

    with pytest.raises(DeploymentFailed) as caught:
        harness.deploy(program, previous=first)
    assert [failed.name for failed in caught.value.failures] == ["t"]
    assert "answered 409" in str(caught.value)


def test_zero_retries_are_sent_and_three_are_the_default():
    def program(**retries: int) -> None:
        template = {"template": {"containers": [{"image": "i"}], **retries}}
        gcp.cloudrunv2.Job("j", name="j", location=LOCATION, template=template)  # pyright: ignore[reportArgumentType]

    def sent(**retries: int) -> int:
        requests = harness.deploy(lambda: program(**retries)).requests
        return requests[0].body["template"]["template"]["maxRetries"]

    assert sent() == 3
    assert sent(max_retries=0) == 0


def test_a_log_bucket_with_analytics_says_so():
    def program() -> None:
        gcp.logging.ProjectBucketConfig(
            "l", project="dicom-local", location="global", bucket_id="_Default", enable_analytics=True
        )

    sent = next(request for request in harness.deploy(program).requests if request.method == "PATCH")

    assert sent.body["analyticsEnabled"] is True
    assert sent.query == {"updateMask": "analyticsEnabled"}


def test_whoever_asks_pays_for_a_bucket_that_says_so():
    requests = harness.deploy(
        lambda: gcp.storage.Bucket("b", name="my-bucket", location="EU", requester_pays=True)
    ).requests

    assert requests[0].body["billing"] == {"requesterPays": True}


def test_a_buckets_lifecycle_state_becomes_is_live():
    def program() -> None:
        rules = [
            {"action": {"type": "Delete"}, "condition": {"age": 30, "with_state": "ARCHIVED"}},
            {"action": {"type": "Delete"}, "condition": {"matches_prefixes": ["tmp/"], "with_state": "ANY", "age": 1}},
        ]
        gcp.storage.Bucket("b", name="my-bucket", location="EU", lifecycle_rules=rules)  # pyright: ignore[reportArgumentType]

    rules = harness.deploy(program).requests[0].body["lifecycle"]["rule"]

    assert [rule["condition"] for rule in rules] == [
        {"age": 30, "isLive": False},
        {"age": 1, "matchesPrefix": ["tmp/"]},
    ]
