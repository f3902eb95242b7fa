from __future__ import annotations

from typing import Any

import pulumi_gcp as gcp

from components.delivery import Delivery, DeliveryArgs, Trigger
from tests.components.looking import before, children, inputs
from tests.harness import Deploy, Graph

ACCOUNT = "projects/dicom-local/serviceAccounts/a-builder@dicom-local.iam.gserviceaccount.com"
REPOSITORY = "projects/dicom-local/locations/europe-west4/connections/github/repositories/lab-platform"


def delivery(deploy: Deploy, branch: str = "main", **trigger: Any) -> Graph:
    def program() -> None:
        account = gcp.serviceaccount.Account("build", account_id="a-builder").name
        secret = gcp.secretmanager.Secret("secret", secret_id="token", replication={"auto": {}})
        version = gcp.secretmanager.SecretVersion("version", secret=secret.id, secret_data="not a token")
        readable = gcp.secretmanager.SecretIamMember(
            "readable", secret_id=secret.id, role="roles/secretmanager.secretAccessor", member="group:x@example.org"
        )
        args = DeliveryArgs(
            project="dicom-local",
            location="europe-west4",
            repository="lab/platform",
            branch=branch,
            installation_id=4711,
            token_version=version.name,
            token_readable=[readable],
            triggers={"deploy": Trigger(description="Deploys", file="d.yaml", service_account=account, **trigger)},
        )
        Delivery("delivery", args)

    return deploy(program)


def test_it_declares_connection_repository_and_triggers(deploy: Deploy) -> None:
    assert children(delivery(deploy), "delivery") == {
        "delivery-github": "cloudbuildv2/connection:Connection",
        "delivery-repository": "cloudbuildv2/repository:Repository",
        "delivery-deploy": "cloudbuild/trigger:Trigger",
    }


def test_the_token_is_readable_before_there_is_a_connection(deploy: Deploy) -> None:
    graph = delivery(deploy)

    assert "readable" in before(graph, "delivery-github")
    config = inputs(graph, "delivery-github")["githubConfig"]
    assert config["appInstallationId"] == 4711
    assert config["authorizerCredential"]["oauthTokenSecretVersion"].endswith("/secrets/token/versions/1")


def test_repository_and_trigger_are_in_the_region_of_the_connection(deploy: Deploy) -> None:
    graph = delivery(deploy)

    assert {inputs(graph, f"delivery-{part}")["location"] for part in ("github", "repository", "deploy")} == {
        "europe-west4"
    }
    assert inputs(graph, "delivery-repository")["remoteUri"] == "https://github.com/lab/platform.git"
    assert inputs(graph, "delivery-repository")["parentConnection"] == "github"


def test_a_push_trigger_listens_to_exactly_one_branch(deploy: Deploy) -> None:
    trigger = inputs(delivery(deploy, on_push=True, included_files=["jobs/**"]), "delivery-deploy")

    assert trigger["repositoryEventConfig"] == {"repository": REPOSITORY, "push": {"branch": "^main$"}}
    assert trigger["filename"] == "d.yaml"
    assert trigger["includedFiles"] == ["jobs/**"]
    assert "sourceToBuild" not in trigger


def test_a_dot_in_a_branchs_name_is_a_dot(deploy: Deploy) -> None:
    trigger = inputs(delivery(deploy, branch="release/1.0", on_push=True), "delivery-deploy")

    assert trigger["repositoryEventConfig"]["push"] == {"branch": r"^release/1\.0$"}


def test_a_trigger_by_hand_builds_the_branch_with_the_file_in_it(deploy: Deploy) -> None:
    trigger = inputs(delivery(deploy), "delivery-deploy")

    assert trigger["gitFileSource"]["path"] == "d.yaml"
    assert trigger["gitFileSource"]["repository"] == trigger["sourceToBuild"]["repository"] == REPOSITORY
    assert trigger["sourceToBuild"]["ref"] == "refs/heads/main"
    assert "repositoryEventConfig" not in trigger


def test_a_trigger_runs_as_its_own_account_and_waits_for_approval_when_told(deploy: Deploy) -> None:
    trigger = inputs(delivery(deploy, on_push=True, approval=True, substitutions={"_STACK": "prod"}), "delivery-deploy")

    assert trigger["serviceAccount"] == ACCOUNT
    assert trigger["approvalConfig"] == {"approvalRequired": True}
    assert trigger["substitutions"] == {"_STACK": "prod"}
    assert inputs(delivery(deploy), "delivery-deploy")["approvalConfig"] == {"approvalRequired": False}
