from __future__ import annotations

from typing import Any

from components.secret_vault import SecretVault, SecretVaultArgs, VaultSecret
from tests.components.looking import before, children, grants, inputs, node
from tests.harness import Deploy, Graph

AGENT = "serviceAccount:service-123456789012@gcp-sa-secretmanager.iam.gserviceaccount.com"


def vault(deploy: Deploy, *, protected: bool = True, **secret: Any) -> Graph:
    args = SecretVaultArgs(
        location="europe-west4",
        secrets={"token": VaultSecret(description="A token", accessors={"build": "group:build@example.org"}, **secret)},
        secretmanager_agent=AGENT,
        labels={"environment": "test"},
        protected=protected,
    )
    return deploy(lambda: SecretVault("vault", args))


def test_it_declares_secrets_accessors_and_the_rotation_topic_but_no_value(deploy: Deploy) -> None:
    assert children(vault(deploy), "vault") == {
        "vault-rotation": "pubsub/topic:Topic",
        "vault-rotation-announced": "pubsub/topicIAMMember:TopicIAMMember",
        "vault-token": "secretmanager/secret:Secret",
        "vault-token-read-by-build": "secretmanager/secretIamMember:SecretIamMember",
    }


def test_a_value_is_read_by_its_accessors_only(deploy: Deploy) -> None:
    assert grants(vault(deploy)) == {
        ("group:build@example.org", "roles/secretmanager.secretAccessor", "projects/dicom-local/secrets/token"),
        (AGENT, "roles/pubsub.publisher", "secret-rotation"),
    }


def test_values_stay_in_one_region(deploy: Deploy) -> None:
    replicas = inputs(vault(deploy), "vault-token")["replication"]["userManaged"]["replicas"]

    assert [replica["location"] for replica in replicas] == ["europe-west4"]


def test_a_secret_that_rotates_has_a_topic_on_which_google_may_publish_first(deploy: Deploy) -> None:
    graph = vault(deploy, rotates_from="2099-03-01T00:00:00Z")
    secret = inputs(graph, "vault-token")

    assert secret["rotation"] == {"rotationPeriod": "7776000s", "nextRotationTime": "2099-03-01T00:00:00Z"}
    assert secret["topics"] == [{"name": "projects/dicom-local/topics/secret-rotation"}]
    assert "vault-rotation-announced" in before(graph, "vault-token")


def test_the_next_reminder_that_google_moves_is_no_change(deploy: Deploy) -> None:
    assert node(vault(deploy, rotates_from="2099-03-01T00:00:00Z"), "vault-token").ignore_changes == [
        "rotation.nextRotationTime"
    ]


def test_protection_guards_the_secret_too(deploy: Deploy) -> None:
    assert node(vault(deploy), "vault-token").protect
    assert inputs(vault(deploy), "vault-token")["deletionProtection"] is True
    assert not node(vault(deploy, protected=False), "vault-token").protect
    assert inputs(vault(deploy, protected=False), "vault-token")["deletionProtection"] is False
