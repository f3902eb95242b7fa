"""What single APIs do differently, where the recorded traffic does not show it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.control.client import LOCATION, Client

ACCOUNTS = "iam/v1/projects/p-1/serviceAccounts"
ROLES = "iam/v1/projects/p-1/roles"
SECRETS = "secretmanager/v1/projects/p-1/secrets"
BUCKETS = "storage/storage/v1/b"
SITES = "firebasehosting/v1beta1/projects/p-1/sites"
SCHEDULER = f"cloudscheduler/v1/{LOCATION}/jobs"
WORKFLOWS = f"workflows/v1/{LOCATION}/workflows"
SERVICES = "serviceusage/v1/projects/p-1/services"


@pytest.fixture
def secret(client: Client) -> str:
    """A secret with two versions."""
    client.ok("POST", SECRETS, {"replication": {"automatic": {}}}, secretId="s")
    for data in ("b25l", "dHdv"):
        client.ok("POST", f"{SECRETS}/s:addVersion", {"payload": {"data": data}})
    return f"{SECRETS}/s"


def test_latest_is_the_newest_version(client: Client, secret: str) -> None:
    assert client.ok("GET", f"{secret}/versions/latest")["name"] == "projects/111122223333/secrets/s/versions/2"
    assert client.ok("GET", f"{secret}/versions/latest:access")["payload"]["data"] == "dHdv"


def test_a_payload_is_in_no_other_answer(client: Client, secret: str) -> None:
    shown = [client.ok("GET", f"{secret}/versions"), client.ok("GET", f"{secret}/versions/1"), client.ok("GET", secret)]

    assert "b25l" not in str(shown)
    assert len(shown[0]["versions"]) == 2


def test_a_disabled_version_is_not_read_until_enabled(client: Client, secret: str) -> None:
    client.ok("POST", f"{secret}/versions/1:disable", {})

    code, message = client.refused("GET", f"{secret}/versions/1:access")
    client.ok("POST", f"{secret}/versions/1:enable", {})

    assert (code, "DISABLED" in message) == (400, True)
    assert client.ok("GET", f"{secret}/versions/1:access")["payload"]["data"] == "b25l"


def test_a_destroyed_version_stays_destroyed_and_its_payload_is_gone(client: Client, secret: str) -> None:
    client.ok("POST", f"{secret}/versions/1:destroy", {})

    assert client.refused("POST", f"{secret}/versions/1:enable", {})[0] == 400
    assert "b25l" not in str(client.cloud.resources.all("secretmanager.googleapis.com"))


def test_a_deleted_secret_leaves_no_payload(client: Client, secret: str) -> None:
    client.ok("DELETE", secret)

    assert client.cloud.resources.all("secretmanager.googleapis.com") == {}


def test_reading_a_payload_needs_the_accessor_role(client: Client, secret: str) -> None:
    client.grant("roles/secretmanager.viewer", "user:ann@example.org")
    client.grant("roles/secretmanager.secretAccessor", "user:bob@example.org", secret)

    def read(email: str) -> int:
        return client.ask("GET", f"{secret}/versions/1:access", authorization=client.bearer(email)).status

    assert (read("ann@example.org"), read("bob@example.org")) == (403, 200)


def test_a_service_account_is_made_changed_disabled_and_deleted(client: Client) -> None:
    email = client.account("job-runner")
    url = f"{ACCOUNTS}/{email}"

    client.ok("PATCH", url, {"serviceAccount": {"displayName": "Job"}, "updateMask": "display_name"})
    client.ok("POST", f"{url}:disable", {})

    account = client.ok("GET", url)
    assert email == "job-runner@p-1.iam.gserviceaccount.com"
    assert (account["displayName"], account["disabled"], account["projectId"]) == ("Job", True, "p-1")
    client.ok("POST", f"{url}:enable", {})
    assert "disabled" not in client.ok("GET", url)
    client.ok("DELETE", url)
    assert client.refused("GET", url)[0] == 404


@pytest.mark.parametrize("identifier", ["", "short", "Upper-case", "9starts-with-digit", "ends-with-", "x" * 31])
def test_a_bad_account_id_is_400(client: Client, identifier: str) -> None:
    assert client.refused("POST", ACCOUNTS, {"accountId": identifier})[0] == 400


def test_grants_of_a_deleted_account_do_not_pass_to_a_namesake(client: Client) -> None:
    email = client.account("job-runner")
    client.grant("roles/pubsub.viewer", f"serviceAccount:{email}")

    client.ok("DELETE", f"{ACCOUNTS}/{email}")
    client.account("job-runner")

    assert client.ask("GET", "pubsub/v1/projects/p-1/topics", authorization=client.bearer(email)).status == 403


def test_a_deleted_role_is_still_readable_and_can_come_back(client: Client) -> None:
    role = {"role": {"title": "R", "includedPermissions": ["pubsub.topics.list"]}, "roleId": "lister"}
    client.ok("POST", ROLES, role)

    client.ok("DELETE", f"{ROLES}/lister")

    assert client.ok("GET", f"{ROLES}/lister")["deleted"] is True
    assert "undelete" in client.refused("POST", ROLES, role)[1]
    client.ok("POST", f"{ROLES}/lister:undelete", {})
    assert "deleted" not in client.ok("GET", f"{ROLES}/lister")


def test_impersonation_needs_token_creator_and_gives_a_token_of_the_account(client: Client) -> None:
    job, starter = client.account("job-runner"), client.account("job-starter")
    url = f"iamcredentials/v1/projects/-/serviceAccounts/{job}:generateAccessToken"
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "600s"}

    before = client.ask("POST", url, body, authorization=client.bearer(starter))
    client.grant("roles/iam.serviceAccountTokenCreator", f"serviceAccount:{starter}", f"{ACCOUNTS}/{job}")
    after = client.ask("POST", url, body, authorization=client.bearer(starter))

    assert before.status == 403
    assert "iam.serviceAccounts.getAccessToken" in before.body["error"]["message"]
    assert client.cloud.iam.authenticate(f"Bearer {after.body['accessToken']}").email == job
    assert after.body["expireTime"] == "2027-01-15T08:10:00.000000Z"


def test_running_as_an_account_needs_act_as(client: Client) -> None:
    deployer, job = client.account("deployer"), client.account("job-runner")
    client.grant("roles/run.developer", f"serviceAccount:{deployer}")
    body = {"template": {"template": {"serviceAccount": job, "containers": [{"image": "x"}]}}}
    url = f"run/v2/{LOCATION}/jobs"

    before = client.ask("POST", url, body, authorization=client.bearer(deployer), jobId="j")
    client.grant("roles/iam.serviceAccountUser", f"serviceAccount:{deployer}", f"{ACCOUNTS}/{job}")
    after = client.ask("POST", url, body, authorization=client.bearer(deployer), jobId="j")

    assert before.status == 403
    assert "iam.serviceAccounts.actAs" in before.body["error"]["message"]
    assert after.status == 200


def test_running_as_nobody_is_400(client: Client) -> None:
    body: dict[str, Any] = {"serviceAccount": "projects/p-1/serviceAccounts/none-here@p-1.iam.gserviceaccount.com"}

    code, message = client.refused("POST", WORKFLOWS, body, workflowId="w")

    assert (code, "none-here@p-1" in message) == (400, True)


def test_a_label_is_removed_by_null_and_the_others_stay(client: Client) -> None:
    client.ok("POST", BUCKETS, {"name": "records-1", "labels": {"a": "1", "b": "2"}}, project="p-1")

    client.ok("PATCH", f"{BUCKETS}/records-1", {"labels": {"a": None, "c": "3"}, "website": None})

    bucket = client.ok("GET", f"{BUCKETS}/records-1")
    assert bucket["labels"] == {"b": "2", "c": "3"}
    assert bucket["metageneration"] == "2"
    assert client.ok("GET", BUCKETS, project="p-1")["items"] == [bucket]


def test_a_bucket_says_what_the_caller_may(client: Client) -> None:
    client.ok("POST", BUCKETS, {"name": "records-1"}, project="p-1")
    client.grant("roles/storage.objectViewer", "user:ann@example.org")

    def held(permission: str) -> list[str]:
        url, ann = f"{BUCKETS}/records-1/iam/testPermissions", client.bearer("ann@example.org")
        return client.ask("GET", url, authorization=ann, permissions=permission).body.get("permissions", [])

    assert held("storage.objects.get") == ["storage.objects.get"]
    assert held("storage.objects.create") == []


@pytest.mark.parametrize("name", ["", "ab", "Upper", "-dash", "x" * 64])
def test_a_bad_bucket_name_is_400(client: Client, name: str) -> None:
    assert client.refused("POST", BUCKETS, {"name": name}, project="p-1")[0] == 400


@pytest.mark.parametrize("url", [f"{SITES}/v/channels", "firebasehosting/v1beta1/sites/v/channels"])
def test_a_channel_is_made_by_both_paths(client: Client, url: str) -> None:
    client.ok("POST", SITES, {}, siteId="v")

    channel = client.ok("POST", url, {"ttl": "86400s"}, channelId="preview")

    assert channel["name"] == "sites/v/channels/preview"
    assert channel["url"].startswith("https://v--preview-")
    assert channel["expireTime"] == "2027-01-16T08:00:00.000000Z"


def test_a_schedule_is_paused_and_resumed(client: Client) -> None:
    job = {"name": f"{LOCATION}/jobs/nightly", "schedule": "0 3 * * *", "httpTarget": {"uri": "https://x.example"}}
    client.ok("POST", SCHEDULER, job)

    paused = client.ok("POST", f"{SCHEDULER}/nightly:pause", {})["state"]
    resumed = client.ok("POST", f"{SCHEDULER}/nightly:resume", {})["state"]

    assert (paused, resumed) == ("PAUSED", "ENABLED")


def test_a_workflow_has_a_new_revision_for_new_source_only(client: Client) -> None:
    client.ok("POST", WORKFLOWS, {"sourceContents": "main: {}"}, workflowId="w")

    client.ok("PATCH", f"{WORKFLOWS}/w", {"labels": {"a": "b"}}, updateMask="labels")
    same = client.ok("GET", f"{WORKFLOWS}/w")["revisionId"]
    client.ok("PATCH", f"{WORKFLOWS}/w", {"sourceContents": "main: {steps: []}"}, updateMask="sourceContents")
    new = client.ok("GET", f"{WORKFLOWS}/w")["revisionId"]

    assert (same[:6], new[:6]) == ("000001", "000002")


def test_a_trigger_keeps_what_google_adds_over_a_patch(client: Client) -> None:
    url = f"cloudbuild/v1/{LOCATION}/triggers"
    push = {"repository": f"{LOCATION}/connections/c/repositories/r", "push": {"branch": "^main$"}}
    trigger = client.ok("POST", url, {"name": "deploy", "filename": "c.yaml", "repositoryEventConfig": push})

    client.ok("PATCH", f"{url}/{trigger['id']}", {"description": "d", "repositoryEventConfig": push})

    changed = client.ok("GET", f"{url}/{trigger['id']}")
    assert changed["repositoryEventConfig"]["repositoryType"] == "GITHUB"
    assert (changed["id"], changed["name"]) == (trigger["id"], "deploy")
    assert client.refused("POST", url, {"name": "deploy"})[0] == 409


@pytest.mark.parametrize("bucket", ["_Default", "_Required"])
def test_the_log_buckets_of_every_project_stay(client: Client, bucket: str) -> None:
    assert client.refused("DELETE", f"logging/v2/projects/p-1/locations/global/buckets/{bucket}")[0] == 400


def test_a_log_metric_has_its_short_name_in_every_answer(client: Client) -> None:
    url, metric = "logging/v2/projects/p-1/metrics", {"name": "seconds-to-view", "filter": "severity=ERROR"}
    made = client.ok("POST", url, metric)
    changed = client.ok("PUT", f"{url}/seconds-to-view", {**metric, "filter": "severity>=ERROR"})
    read = client.ok("GET", f"{url}/seconds-to-view")
    [listed] = client.ok("GET", url)["metrics"]

    assert {answer["name"] for answer in (made, changed, read, listed)} == {"seconds-to-view"}
    assert made["metricDescriptor"]["type"] == "logging.googleapis.com/user/seconds-to-view"
    assert read["filter"] == "severity>=ERROR"


@pytest.mark.parametrize(
    ("kind", "change"),
    [("sinks", {"destination": "storage.googleapis.com/kept"}), ("exclusions", {"description": "kept elsewhere"})],
)
def test_what_logging_calls_by_a_short_name_has_it_in_every_answer(
    client: Client, kind: str, change: dict[str, str]
) -> None:
    url, wanted = f"logging/v2/projects/p-1/{kind}", {"name": "audit", "filter": "severity=ERROR"}
    made = client.ok("POST", url, {**wanted, **change})
    changed = client.ok("PATCH", f"{url}/audit", {**wanted, **change, "filter": "a"}, updateMask="filter")
    read = client.ok("GET", f"{url}/audit")
    listed = [each["name"] for each in client.ok("GET", url)[kind]]

    assert {answer["name"] for answer in (made, changed, read)} == {"audit"}
    assert "audit" in listed
    assert read["filter"] == "a"


def test_a_locked_log_bucket_stays(client: Client) -> None:
    url = f"logging/v2/{LOCATION}/buckets"
    for identifier, locked in (("audit", True), ("debug", False)):
        client.ok("POST", f"{url}:createAsync", {"locked": locked}, bucketId=identifier)

    client.ok("DELETE", f"{url}/debug")

    assert "locked" in client.refused("DELETE", f"{url}/audit")[1]


def test_services_are_enabled_one_by_one_too(client: Client) -> None:
    api = f"{SERVICES}/run.googleapis.com"
    before = client.ok("GET", api)["state"]

    client.ok("POST", f"{api}:enable", {})

    assert (before, client.ok("GET", api)["state"]) == ("DISABLED", "ENABLED")
    assert client.ok("GET", api)["name"] == "projects/111122223333/services/run.googleapis.com"


def test_a_subscription_needs_its_topic(client: Client) -> None:
    body = {"topic": "projects/p-1/topics/none"}

    assert client.refused("PUT", "pubsub/v1/projects/p-1/subscriptions/s", body)[0] == 404


def test_the_project_in_both_versions(client: Client) -> None:
    one = client.ok("GET", "cloudresourcemanager/v1/projects/111122223333")
    three = client.ok("GET", "cloudresourcemanager/v3/projects/p-1")

    assert (one["projectId"], one["projectNumber"], one["lifecycleState"]) == ("p-1", "111122223333", "ACTIVE")
    assert (three["name"], three["projectId"], three["state"]) == ("projects/111122223333", "p-1", "ACTIVE")


def test_in_a_new_project_an_api_answers_once_it_is_enabled(client: Client) -> None:
    client.cloud.new_project = True
    topics = "pubsub/v1/projects/p-1/topics"

    code, message = client.refused("GET", topics)
    client.ok("POST", f"{SERVICES}:batchEnable", {"serviceIds": ["pubsub.googleapis.com"]})

    assert code == 403
    assert message.startswith(
        "pubsub.googleapis.com has not been used in project 111122223333 before or it is disabled."
    )
    assert client.ok("GET", topics) == {}
