"""Setting policies: what is refused, what is kept, how writers do not overwrite each other."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.control.special.agents import ensure_agent
from tests.localcloud.control.client import Client

PROJECT = "cloudresourcemanager/v1/projects/p-1"
TOPIC = "pubsub/v1/projects/p-1/topics/t"
VIEWER = {"role": "roles/viewer", "members": ["user:a@b.org"]}


@pytest.fixture
def topic(client: Client) -> str:
    client.ok("PUT", TOPIC, {})
    return TOPIC


def bind(role: str, *members: str, **more: Any) -> dict[str, Any]:
    return {"bindings": [{"role": role, "members": list(members), **more}]}


def test_a_policy_is_read_back_with_a_stable_etag(client: Client, topic: str) -> None:
    unset = client.ok("GET", f"{topic}:getIamPolicy")
    written = client.ok("POST", f"{topic}:setIamPolicy", {"policy": bind("roles/pubsub.publisher", "user:a@b.org")})

    assert unset == {"etag": "ACAB"}
    assert client.ok("GET", f"{topic}:getIamPolicy") == client.ok("GET", f"{topic}:getIamPolicy") == written
    assert written["bindings"] == [{"role": "roles/pubsub.publisher", "members": ["user:a@b.org"]}]


def test_bindings_of_one_role_are_merged_and_empty_ones_dropped(client: Client, topic: str) -> None:
    bindings = [
        {"role": "roles/pubsub.publisher", "members": ["user:a@b.org"]},
        {"role": "roles/pubsub.viewer", "members": []},
        {"role": "roles/pubsub.publisher", "members": ["user:c@b.org", "user:a@b.org"]},
    ]

    policy = client.ok("POST", f"{topic}:setIamPolicy", {"policy": {"bindings": bindings, "version": 3}})

    assert policy["bindings"] == [{"role": "roles/pubsub.publisher", "members": ["user:a@b.org", "user:c@b.org"]}]
    assert policy["version"] == 1


def test_a_writer_with_an_old_etag_is_refused(client: Client, topic: str) -> None:
    old = client.ok("GET", f"{topic}:getIamPolicy")["etag"]
    client.grant("roles/pubsub.publisher", "user:a@b.org", topic)

    response = client.ask("POST", f"{topic}:setIamPolicy", {"policy": {"bindings": [], "etag": old}})

    assert (response.status, response.body["error"]["status"]) == (409, "ABORTED")
    assert "concurrent policy changes" in response.body["error"]["message"]
    assert "bindings" in client.ok("GET", f"{topic}:getIamPolicy")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (bind("roles/pubsub.nothing", "user:a@b.org"), "Role roles/pubsub.nothing is not supported for this resource."),
        (bind("projects/p-1/roles/none", "user:a@b.org"), "Role projects/p-1/roles/none is not supported"),
        (bind("roles/pubsub.viewer", "ann@example.org"), "Invalid member 'ann@example.org'"),
        (bind("roles/pubsub.viewer", "user:ann"), "Invalid member 'user:ann'"),
        (bind("roles/pubsub.viewer", "robot:a@b.org"), "Invalid member 'robot:a@b.org'"),
        (
            bind("roles/pubsub.viewer", "serviceAccount:none@p-1.iam.gserviceaccount.com"),
            "Service account none@p-1.iam.gserviceaccount.com does not exist.",
        ),
        (bind("", "user:a@b.org"), "A binding of the policy has no role."),
        (
            {**bind("roles/pubsub.viewer", "user:a@b.org", condition={"expression": "true"}), "version": 3},
            "Condition 'true' of the binding of roles/pubsub.viewer is not understood: the local cloud knows",
        ),
        (
            bind(
                "roles/pubsub.viewer",
                "user:a@b.org",
                condition={"expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'},
            ),
            "Conditional role bindings need a policy with version 3.",
        ),
    ],
)
def test_a_bad_policy_is_refused_in_words(client: Client, topic: str, policy: dict[str, Any], said: str) -> None:
    code, message = client.refused("POST", f"{topic}:setIamPolicy", {"policy": policy})

    assert code == 400
    assert message.startswith(said)
    assert client.ok("GET", f"{topic}:getIamPolicy") == {"etag": "ACAB"}


@pytest.mark.parametrize(
    "member",
    [
        "user:a@b.org",
        "group:g@b.org",
        "serviceAccount:service-111122223333@gcp-sa-healthcare.iam.gserviceaccount.com",
        "domain:example.org",
        "allUsers",
        "projectOwner:p-1",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/attribute.repository/a/b",
        "deleted:serviceAccount:x@p-1.iam.gserviceaccount.com?uid=123",
    ],
)
def test_every_kind_of_member_is_taken(client: Client, topic: str, member: str) -> None:
    ensure_agent(client.cloud, "healthcare")
    client.ok("POST", f"{topic}:setIamPolicy", {"policy": bind("roles/pubsub.viewer", member)})


def test_a_deleted_custom_role_cannot_be_granted(client: Client, topic: str) -> None:
    client.ok("POST", "iam/v1/projects/p-1/roles", {"roleId": "r12", "role": {"title": "R"}})
    client.ok("DELETE", "iam/v1/projects/p-1/roles/r12")

    assert (
        client.refused("POST", f"{topic}:setIamPolicy", {"policy": bind("projects/p-1/roles/r12", "user:a@b.org")})[0]
        == 400
    )


def test_the_policy_of_what_is_not_there_is_404(client: Client) -> None:
    assert client.refused("GET", f"{TOPIC}:getIamPolicy")[0] == 404
    assert client.refused("POST", f"{TOPIC}:setIamPolicy", {"policy": {}})[0] == 404


def test_no_policy_of_the_project_shuts_the_owner_out(client: Client) -> None:
    policy = {"policy": bind("roles/viewer", "user:a@b.org")}

    written = client.ok("POST", f"{PROJECT}:setIamPolicy", policy)

    assert written["bindings"] == policy["policy"]["bindings"]
    assert client.ok("POST", f"{PROJECT}:getIamPolicy", {}) == written


def test_audit_configs_are_kept_with_the_project(client: Client) -> None:
    audit = [{"service": "healthcare.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    policy = {"bindings": [VIEWER], "auditConfigs": audit}
    client.ok("POST", f"{PROJECT}:setIamPolicy", {"policy": policy, "updateMask": "bindings,etag,auditConfigs"})

    # A client that knows nothing of audit configs changes the bindings.
    client.ok("POST", f"{PROJECT}:setIamPolicy", {"policy": {"bindings": [VIEWER]}, "updateMask": "bindings"})

    assert client.ok("POST", f"{PROJECT}:getIamPolicy", {})["auditConfigs"] == audit


def test_a_buckets_policy_is_the_body_itself(client: Client) -> None:
    client.ok("POST", "storage/storage/v1/b", {"name": "records-1"}, project="p-1")
    policy = client.ok("GET", "storage/storage/v1/b/records-1/iam")
    policy["bindings"].append({"role": "roles/storage.objectViewer", "members": ["user:a@b.org"]})

    client.ok("PUT", "storage/storage/v1/b/records-1/iam", policy)

    after = client.ok("GET", "storage/storage/v1/b/records-1/iam")
    assert after["resourceId"] == "projects/_/buckets/records-1"
    assert [binding["role"] for binding in after["bindings"]] == [
        "roles/storage.legacyBucketOwner", "roles/storage.legacyBucketReader", "roles/storage.objectViewer",
    ]  # fmt: skip


def test_changing_a_policy_needs_the_permission_on_that_resource(client: Client, topic: str) -> None:
    client.grant("roles/pubsub.editor", "user:ann@example.org")

    response = client.ask(
        "POST", f"{topic}:setIamPolicy", {"policy": {}}, authorization=client.bearer("ann@example.org")
    )

    assert response.status == 403
    assert "pubsub.topics.setIamPolicy" in response.body["error"]["message"]
