"""What a new project on Google refuses, undoes or leaves out, and the local cloud with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.api_request import ApiRequest, ApiResponse
from localcloud.awkward import AGENT_SECONDS, API_SECONDS, EVERY_POINT, GRANT_SECONDS
from tests.localcloud.control.client import LOCATION, Client

DAY = 86400
PROJECT = "cloudresourcemanager/v1/projects/p-1"
BUCKETS = "logging/v2/projects/p-1/locations/europe-west4/buckets"
POOLS = "iam/v1/projects/p-1/locations/global/workloadIdentityPools"
ROLES = "iam/v1/projects/p-1/roles"
HEALTHCARE = "service-111122223333@gcp-sa-healthcare.iam.gserviceaccount.com"
IDENTITY = "serviceusage/v1beta1/projects/p-1/services/{}.googleapis.com:generateServiceIdentity"


@pytest.fixture
def awkward(client: Client) -> Client:
    client.cloud.awkward = EVERY_POINT
    return client


def policy(member: str, role: str = "roles/viewer") -> dict[str, Any]:
    return {"policy": {"bindings": [{"role": role, "members": [member]}]}}


# -- service agents


def test_a_grant_to_an_agent_that_nobody_asked_for_is_refused(client: Client) -> None:
    code, message = client.refused("POST", f"{PROJECT}:setIamPolicy", policy(f"serviceAccount:{HEALTHCARE}"))

    assert (code, message) == (400, f"Service account {HEALTHCARE} does not exist.")


def test_an_agent_exists_once_it_was_asked_for(client: Client) -> None:
    made = client.ok("POST", IDENTITY.format("healthcare"), {})

    assert made["response"]["email"] == HEALTHCARE
    client.ok("POST", f"{PROJECT}:setIamPolicy", policy(f"serviceAccount:{HEALTHCARE}"))


@pytest.mark.parametrize("service", ["storage", "logging"])
def test_some_identities_are_answered_without_an_e_mail(client: Client, service: str) -> None:
    assert "email" not in client.ok("POST", IDENTITY.format(service), {})["response"]


def trigger(client: Client) -> dict[str, Any]:
    account = client.account("starter-1")
    transport = {"pubsub": {"topic": "projects/p-1/topics/t"}}
    return {
        "eventFilters": [{"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}],
        "destination": {"workflow": f"{LOCATION}/workflows/w"},
        "transport": transport,
        "serviceAccount": account,
    }


def test_the_first_trigger_is_refused_until_its_agent_is_seen(awkward: Client) -> None:
    body, url = trigger(awkward), f"eventarc/v1/{LOCATION}/triggers"

    code, message = awkward.refused("POST", url, body, triggerId="t")
    assert (code, "Eventarc Service Agent" in message) == (400, True)
    awkward.clock.now += AGENT_SECONDS
    awkward.ok("POST", url, body, triggerId="t")


def test_an_agent_that_was_asked_for_in_time_lets_the_first_trigger_through(awkward: Client) -> None:
    awkward.ok("POST", IDENTITY.format("eventarc"), {})
    awkward.clock.now += AGENT_SECONDS

    awkward.ok("POST", f"eventarc/v1/{LOCATION}/triggers", trigger(awkward), triggerId="t")


def test_iam_knows_a_new_agent_a_while_later(awkward: Client) -> None:
    awkward.ok("POST", IDENTITY.format("healthcare"), {})
    grant = policy(f"serviceAccount:{HEALTHCARE}")

    assert awkward.refused("POST", f"{PROJECT}:setIamPolicy", grant)[0] == 400
    awkward.clock.now += AGENT_SECONDS
    awkward.ok("POST", f"{PROJECT}:setIamPolicy", grant)


# -- what an agent will do later, it must be allowed to do now

TOPIC, KEY = "projects/p-1/topics/t", "projects/p-1/locations/europe-west4/keyRings/r/cryptoKeys/k"
DATASET = f"healthcare/v1/{LOCATION}/datasets"
ON_BEHALF: dict[str, tuple[str, str, str, str, dict[str, Any], dict[str, str]]] = {
    "a secret's reminders": (
        "secretmanager",
        f"pubsub/v1/{TOPIC}",
        "roles/pubsub.publisher",
        "secretmanager/v1/projects/p-1/secrets",
        {"replication": {"automatic": {}}, "topics": [{"name": TOPIC}]},
        {"secretId": "s"},
    ),
    "a dataset's key": (
        "healthcare",
        f"cloudkms/v1/{KEY}",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        DATASET,
        {"encryptionSpec": {"kmsKeyName": KEY}},
        {"datasetId": "d"},
    ),
    "a topic's key": (
        "pubsub",
        f"cloudkms/v1/{KEY}",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "pubsub/v1/projects/p-1/topics/keyed",
        {"kmsKeyName": KEY},
        {},
    ),
    "a bucket's key": (
        "storage",
        f"cloudkms/v1/{KEY}",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "storage/storage/v1/b",
        {"name": "keyed", "encryption": {"defaultKmsKeyName": KEY}},
        {"project": "p-1"},
    ),
    "a workflow's key": (
        "workflows",
        f"cloudkms/v1/{KEY}",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        f"workflows/v1/{LOCATION}/workflows",
        {"sourceContents": "main: {steps: []}", "cryptoKeyName": KEY},
        {"workflowId": "w"},
    ),
}


@pytest.mark.parametrize("what", ON_BEHALF)
def test_what_an_agent_does_for_it_is_asked_at_once_and_a_grant_counts_later(awkward: Client, what: str) -> None:
    service, target, role, url, body, query = ON_BEHALF[what]
    awkward.ok("PUT", f"pubsub/v1/{TOPIC}", {})
    awkward.ok("POST", f"cloudkms/v1/{LOCATION}/keyRings", {}, keyRingId="r")
    awkward.ok("POST", f"cloudkms/v1/{LOCATION}/keyRings/r/cryptoKeys", {"purpose": "ENCRYPT_DECRYPT"}, cryptoKeyId="k")
    if service == "storage":
        agent = awkward.ok("GET", "storage/storage/v1/projects/p-1/serviceAccount")["email_address"]
    else:
        agent = awkward.ok("POST", IDENTITY.format(service), {})["response"]["email"]
    awkward.clock.now += AGENT_SECONDS
    verb = "PUT" if "topics" in url else "POST"

    assert agent in awkward.refused(verb, url, body, **query)[1]
    awkward.grant(role, f"serviceAccount:{agent}", target)
    assert agent in awkward.refused(verb, url, body, **query)[1]
    awkward.clock.now += GRANT_SECONDS
    awkward.ok(verb, url, body, **query)


def test_storages_agent_exists_once_its_name_was_read(client: Client) -> None:
    agent = "service-111122223333@gs-project-accounts.iam.gserviceaccount.com"
    assert client.refused("POST", f"{PROJECT}:setIamPolicy", policy(f"serviceAccount:{agent}"))[0] == 400

    client.ok("GET", "storage/storage/v1/projects/p-1/serviceAccount")

    client.ok("POST", f"{PROJECT}:setIamPolicy", policy(f"serviceAccount:{agent}"))


# -- delays


def test_a_grant_counts_after_a_while_and_a_second_one_does_not_set_it_back(awkward: Client) -> None:
    email = awkward.account("reader-1")
    bearer, topics = awkward.bearer(email), "pubsub/v1/projects/p-1/topics"
    awkward.grant("roles/pubsub.viewer", f"serviceAccount:{email}")

    assert awkward.ask("GET", topics, authorization=bearer).status == 403
    awkward.clock.now += GRANT_SECONDS - 1
    assert awkward.ask("GET", topics, authorization=bearer).status == 403
    awkward.grant("roles/browser", f"serviceAccount:{email}")
    awkward.clock.now += 1
    assert awkward.ask("GET", topics, authorization=bearer).status == 200
    assert "since" not in awkward.ok("POST", f"{PROJECT}:getIamPolicy")


def test_an_api_answers_a_while_after_it_was_enabled(awkward: Client) -> None:
    awkward.cloud.new_project = True
    awkward.ok("POST", "serviceusage/v1/projects/p-1/services/pubsub.googleapis.com:enable", {})

    response = awkward.ask("GET", "pubsub/v1/projects/p-1/topics")
    assert response.body["error"]["details"][0]["reason"] == "SERVICE_DISABLED"
    awkward.clock.now += API_SECONDS
    assert awkward.ask("GET", "pubsub/v1/projects/p-1/topics").status == 200


# -- who pays


def as_person(client: Client, host: str, path: str, **more: str) -> ApiResponse:
    request = ApiRequest(host=host, method="GET", path=path, authorization=client.bearer("ann@example.org"), **more)
    return client.plane.handle(request)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("firebasehosting.googleapis.com", "/v1beta1/projects/p-1/sites"),
        ("firebase.googleapis.com", "/v1beta1/projects/p-1/webApps"),
        ("cloudbilling.googleapis.com", "/v1/projects/p-1/billingInfo"),
    ],
)
def test_a_persons_credentials_name_the_project_that_pays(client: Client, host: str, path: str) -> None:
    client.grant("roles/owner", "user:ann@example.org")

    refused = as_person(client, host, path)

    assert (refused.status, "requires a quota project" in refused.body["error"]["message"]) == (403, True)
    assert as_person(client, host, path, user_project="p-1").status in (200, 404)
    assert as_person(client, host, path, user_project="somebody-elses").status == 403


def test_who_names_a_project_needs_the_permission_to_use_it(client: Client) -> None:
    email = client.account("reader-1")
    client.grant("roles/firebase.viewer", f"serviceAccount:{email}")
    request = ApiRequest(
        host="firebase.googleapis.com",
        method="GET",
        path="/v1beta1/projects/p-1/webApps",
        authorization=client.bearer(email),
        user_project="p-1",
    )

    refused = client.plane.handle(request)
    client.grant("roles/serviceusage.serviceUsageConsumer", f"serviceAccount:{email}")

    assert refused.body["error"]["details"][0]["reason"] == "USER_PROJECT_DENIED"
    assert client.plane.handle(request).status in (200, 404)


# -- deleted, and not gone


def test_a_deleted_log_bucket_is_there_for_a_week_and_takes_no_change(client: Client) -> None:
    client.ok("POST", f"{BUCKETS}:createAsync", {"retentionDays": 30}, bucketId="audit")
    client.ok("DELETE", f"{BUCKETS}/audit")

    assert client.ok("GET", f"{BUCKETS}/audit")["lifecycleState"] == "DELETE_REQUESTED"
    code, message = client.refused("PATCH", f"{BUCKETS}/audit", {"retentionDays": 40}, updateMask="retentionDays")
    assert (code, "must be in an ACTIVE state" in message) == (400, True)
    assert client.refused("POST", f"{BUCKETS}:createAsync", {}, bucketId="audit")[0] == 409
    client.clock.now += 7 * DAY
    assert client.refused("GET", f"{BUCKETS}/audit")[0] == 404
    client.ok("POST", f"{BUCKETS}:createAsync", {}, bucketId="audit")


def test_a_deleted_log_bucket_can_be_had_back(client: Client) -> None:
    client.ok("POST", f"{BUCKETS}:createAsync", {}, bucketId="audit")
    client.ok("DELETE", f"{BUCKETS}/audit")

    client.ok("POST", f"{BUCKETS}/audit:undelete", {})

    client.clock.now += 8 * DAY
    assert client.ok("GET", f"{BUCKETS}/audit")["lifecycleState"] == "ACTIVE"


@pytest.mark.parametrize("days", [10, 500])
def test_a_locked_log_buckets_retention_is_not_changed(client: Client, days: int) -> None:
    client.ok("POST", f"{BUCKETS}:createAsync", {"retentionDays": 400, "locked": True}, bucketId="audit")

    refused = client.refused("PATCH", f"{BUCKETS}/audit", {"retentionDays": days}, updateMask="retentionDays")
    client.ok("PATCH", f"{BUCKETS}/audit", {"description": "kept", "retentionDays": 400}, updateMask="description")

    assert (refused[0], "cannot be changed" in refused[1]) == (400, True)


def test_a_deleted_pools_id_is_taken_for_thirty_days(client: Client) -> None:
    client.ok("POST", POOLS, {}, workloadIdentityPoolId="github")
    client.ok("DELETE", f"{POOLS}/github")

    assert client.refused("POST", POOLS, {}, workloadIdentityPoolId="github")[0] == 409
    client.clock.now += 30 * DAY
    client.ok("POST", POOLS, {}, workloadIdentityPoolId="github")


def test_a_deleted_pool_can_be_had_back(client: Client) -> None:
    client.ok("POST", POOLS, {}, workloadIdentityPoolId="github")
    client.ok("DELETE", f"{POOLS}/github")

    client.ok("POST", f"{POOLS}/github:undelete", {})

    assert client.ok("GET", f"{POOLS}/github")["state"] == "ACTIVE"
    assert client.refused("POST", f"{POOLS}/github:undelete", {})[0] == 400


def test_a_deleted_roles_id_is_taken_and_it_can_be_had_back_for_a_week(client: Client) -> None:
    body = {"roleId": "reader", "role": {"includedPermissions": ["pubsub.topics.get"]}}
    for wait in (6, 8):
        client.ask("POST", ROLES, body)
        client.ok("DELETE", f"{ROLES}/reader")
        assert client.refused("POST", ROLES, body)[0] == 409
        client.clock.now += wait * DAY
        assert (client.ask("POST", f"{ROLES}/reader:undelete", {}).status == 200) == (wait == 6)

    client.clock.now += 29 * DAY
    client.ok("POST", ROLES, body)


# -- limits and forms


def test_zeros_are_left_out_of_a_dashboard(client: Client) -> None:
    tiles = [{"xPos": 0, "yPos": 16, "width": 24, "height": 16, "widget": {"title": "t", "blank": {}}}]
    sent = {"displayName": "board", "mosaicLayout": {"columns": 48, "tiles": tiles}}

    made = client.ok("POST", "monitoring/v1/projects/p-1/dashboards", sent)

    [tile] = client.ok("GET", f"monitoring/v1/{made['name']}")["mosaicLayout"]["tiles"]
    assert tile == {"yPos": 16, "width": 24, "height": 16, "widget": {"title": "t", "blank": {}}}


@pytest.mark.parametrize(("count", "status"), [(5, 200), (6, 400)])
def test_a_budget_tells_five_channels_at_most(client: Client, count: int, status: int) -> None:
    channels = [f"projects/p-1/notificationChannels/{number}" for number in range(count)]
    body = {"displayName": "b", "notificationsRule": {"monitoringNotificationChannels": channels}}

    assert client.ask("POST", "billingbudgets/v1/billingAccounts/1/budgets", body).status == status


@pytest.mark.parametrize(
    ("cpu", "memory", "status"),
    [
        ("1", "512Mi", 200),
        ("1", "4Gi", 200),
        ("1", "5Gi", 400),
        ("4", "1Gi", 400),
        ("4", "2Gi", 200),
        ("4000m", "1024Mi", 400),
        ("6", "3Gi", 400),
        ("8", "4Gi", 200),
        ("8", "33Gi", 400),
        ("many", "1Gi", 400),
        ("1", "1 GB", 400),
    ],
)
def test_memory_fits_the_cpus(client: Client, cpu: str, memory: str, status: int) -> None:
    resources = {"limits": {"cpu": cpu, "memory": memory}}
    image = "europe-west4-docker.pkg.dev/p-1/r/i@sha256:" + "0" * 64
    template = {"containers": [{"image": image, "resources": resources}]}

    answer = client.ask("POST", f"run/v2/{LOCATION}/jobs", {"template": {"template": template}}, jobId="j")

    assert answer.status == status, answer.body


def test_attestation_rules_need_a_permission_of_their_own(client: Client) -> None:
    client.ok("POST", POOLS, {}, workloadIdentityPoolId="github")
    body = {"roleId": "reader", "role": {"includedPermissions": ["iam.workloadIdentityPools.get"]}}
    client.ok("POST", ROLES, body)
    email = client.account("reader-1")
    client.grant("projects/p-1/roles/reader", f"serviceAccount:{email}")

    rules = client.ask("GET", f"{POOLS}/github:listAttestationRules", authorization=client.bearer(email))

    assert client.ask("GET", f"{POOLS}/github", authorization=client.bearer(email)).status == 200
    assert (rules.status, "getAttestationRules" in rules.body["error"]["message"]) == (403, True)


def test_builds_run_in_some_regions_only(awkward: Client) -> None:
    body = {"steps": [{"name": "gcr.io/cloud-builders/docker"}]}

    code, message = awkward.refused("POST", f"cloudbuild/v1/{LOCATION}/builds", body)

    assert (code, "in this region" in message) == (400, True)
    awkward.ok("POST", "cloudbuild/v1/projects/p-1/locations/europe-west1/builds", body)


@pytest.mark.parametrize("declared", [False, True])
def test_a_builds_account_must_read_its_source(client: Client, declared: bool, tmp_path: Path) -> None:
    client.ok("POST", "storage/storage/v1/b", {"name": "sources-1"}, project="p-1")
    email = client.account("builder-1")
    source = {"storageSource": {"bucket": "sources-1", "object": "a.tgz"}}
    account = {"serviceAccount": f"projects/p-1/serviceAccounts/{email}"} if declared else {}
    body = {"steps": [{"name": "x"}], "source": source, **account}
    url = "cloudbuild/v1/projects/p-1/locations/europe-west1/builds"

    code, message = client.refused("POST", url, body)
    client.grant("roles/storage.objectViewer", f"serviceAccount:{email}")

    assert (code, "cannot fetch its source" in message) == (403, True)
    assert client.ask("POST", url, body).status == (200 if declared else 403)
