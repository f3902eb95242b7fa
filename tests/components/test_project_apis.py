from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.project_apis import ProjectApis, ProjectApisArgs
from tests.components.looking import before, children, inputs, names
from tests.harness import Deploy, Graph


def apis(deploy: Deploy) -> Graph:
    args = ProjectApisArgs(project="dicom-local", services=["healthcare", "run"], agents=["healthcare"])
    return deploy(lambda: ProjectApis("apis", args))


def test_each_api_is_turned_on_and_the_agents_that_are_asked_for_are_made(deploy: Deploy) -> None:
    assert children(apis(deploy), "apis") == {
        "apis-healthcare": "projects/service:Service",
        "apis-run": "projects/service:Service",
        "apis-healthcare-agent": "projects/serviceIdentity:ServiceIdentity",
    }
    assert inputs(apis(deploy), "apis-run")["service"] == "run.googleapis.com"


KEY = "projects/dicom-local/locations/europe-west4/keyRings/ring/cryptoKeys/images"
ENCRYPTS = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
AGENTS = {
    "healthcare": "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com",
    "storage": "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
}


def a_key() -> None:
    ring = gcp.kms.KeyRing("ring", name="ring", location="europe-west4")
    gcp.kms.CryptoKey("images", name="images", key_ring=ring.id)


def keyed() -> None:
    services = ["cloudkms", "healthcare", "storage"]
    ProjectApis(
        "apis",
        ProjectApisArgs(
            project="dicom-local", services=services, agents=["healthcare"], kms_key=KEY, key_users=list(AGENTS)
        ),
    )


def policy_of_the_key(graph: Graph) -> list[dict[str, Any]]:
    return graph.cloud.iam.policy(f"//cloudkms.googleapis.com/{KEY}").get("bindings", [])


def test_whoever_encrypts_may_use_the_key_storages_agent_too_which_nobody_can_ask_for(deploy: Deploy) -> None:
    graph = deploy(keyed, previous=deploy(a_key))

    for service, agent in AGENTS.items():
        assert inputs(graph, f"apis-key-used-by-{service}") == {"cryptoKeyId": KEY, "role": ENCRYPTS, "member": agent}
    assert "apis-storage" in before(graph, "apis-key-used-by-storage")


def test_the_grant_that_an_earlier_release_made_is_kept_and_not_taken_away_by_its_successor(deploy: Deploy) -> None:
    def former() -> None:
        a_key()
        archive = pulumi.ComponentResource("dicom-platform:components:ImagingArchive", "archive")
        gcp.kms.CryptoKeyIAMMember(
            "archive-key-usable",
            crypto_key_id=KEY,
            role=ENCRYPTS,
            member=AGENTS["healthcare"],
            opts=pulumi.ResourceOptions(parent=archive),
        )

    graph = deploy(keyed, previous=deploy(former))

    assert graph.one("CryptoKeyIAMMember", "apis-key-used-by-healthcare").status != "created"
    [binding] = policy_of_the_key(graph)
    assert set(AGENTS.values()) == set(binding["members"])


def test_destroying_the_stack_leaves_apis_on(deploy: Deploy) -> None:
    graph = apis(deploy)

    for name in names(graph, "Service"):
        assert inputs(graph, name)["disableOnDestroy"] is False
        assert "disableDependentServices" not in inputs(graph, name)


def test_an_agent_is_made_when_its_api_is_on_and_is_named_as_iam_does(deploy: Deploy) -> None:
    graph = apis(deploy)

    assert "apis-healthcare" in before(graph, "apis-healthcare-agent")
    assert graph.one("ProjectApis").outputs["agents"] == {
        "healthcare": "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
    }
