from __future__ import annotations

from typing import Any

import pulumi_gcp as gcp

from components.viewer_service import ViewerService, ViewerServiceArgs
from tests.components.looking import before, children, grants, inputs, node
from tests.harness import Deploy, Graph

IMAGE = "europe-west4-docker.pkg.dev/dicom-local/images/viewer@sha256:" + "ab" * 32
AGENT = "serviceAccount:service-1@gcp-sa-iap.iam.gserviceaccount.com"
GROUPS = ["annotators@example.org", "pathologists@example.org"]
PROXY = "projects/dicom-local/iap_web/cloud_run-europe-west4/services/viewer"


def service(deploy: Deploy, **changes: Any) -> Graph:
    def program() -> None:
        account = gcp.serviceaccount.Account("runs-as", account_id="a-viewer")
        args: dict[str, Any] = {
            "project": "dicom-local",
            "location": "europe-west4",
            "service": "viewer",
            "image": IMAGE,
            "service_account": account.email,
            "proxy_agent": AGENT,
            "groups": GROUPS,
            "protected": True,
            "labels": {"environment": "test"},
        }
        ViewerService("viewer", ViewerServiceArgs(**args | changes))

    return deploy(program)


def test_it_declares_the_service_the_proxys_call_and_who_may_pass(deploy: Deploy) -> None:
    assert children(service(deploy), "viewer") == {
        "viewer-service": "cloudrunv2/service:Service",
        "viewer-called-by-proxy": "cloudrunv2/serviceIamMember:ServiceIamMember",
        "viewer-opened-by-annotators@example.org": "iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
        "viewer-opened-by-pathologists@example.org": "iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
    }


def test_only_the_proxy_calls_it_and_only_the_groups_pass_the_proxy(deploy: Deploy) -> None:
    graph = service(deploy)
    run, proxy = "//run.googleapis.com/projects/dicom-local/locations/europe-west4/services/viewer", PROXY

    assert graph.cloud.iam.policy(run)["bindings"] == [{"role": "roles/run.invoker", "members": [AGENT]}]
    assert graph.cloud.iam.policy(f"//iap.googleapis.com/{proxy}")["bindings"] == [
        {"role": "roles/iap.httpsResourceAccessor", "members": [f"group:{group}" for group in GROUPS]}
    ]
    assert not [member for member, *_ in grants(graph) if member in ("allUsers", "allAuthenticatedUsers")]


def test_the_proxy_stands_in_front_and_calls_are_checked(deploy: Deploy) -> None:
    declared = inputs(service(deploy), "viewer-service")

    assert declared["iapEnabled"] is True
    assert declared["invokerIamDisabled"] is False
    assert declared["launchStage"] == "GA"
    assert declared["deletionProtection"] is True


def test_it_runs_one_image_by_digest_as_its_own_account(deploy: Deploy) -> None:
    graph = service(deploy)
    template = inputs(graph, "viewer-service")["template"]

    assert [container["image"] for container in template["containers"]] == [IMAGE]
    assert template["serviceAccount"] == "a-viewer@dicom-local.iam.gserviceaccount.com"
    assert not [member for member, *_ in grants(graph) if "a-viewer" in member]
    assert template["scaling"]["maxInstanceCount"] == 4


def test_grants_wait_for_the_service(deploy: Deploy) -> None:
    graph = service(deploy)

    for name in ("viewer-called-by-proxy", "viewer-opened-by-pathologists@example.org"):
        assert "viewer-service" in before(graph, name)


def test_the_url_is_the_services_own(deploy: Deploy) -> None:
    url = node(service(deploy), "viewer").outputs["url"]

    assert url.startswith("https://viewer-")
    assert url.endswith(".europe-west4.run.app")


def test_the_proxys_policy_of_a_service_that_does_not_exist_is_not_found(deploy: Deploy) -> None:
    graph = service(deploy, groups=[])
    owner = f"Bearer {graph.cloud.iam.token(graph.cloud.iam.owner)}"

    def asked(name: str) -> int:
        from engine.api_request import ApiRequest

        path = f"/v1/projects/dicom-local/iap_web/cloud_run-europe-west4/services/{name}:getIamPolicy"
        request = ApiRequest(
            method="POST", host="iap.googleapis.com", path=path, query={}, authorization=owner, body={}
        )
        return graph.plane.handle(request).status

    assert (asked("viewer"), asked("other")) == (200, 404)
