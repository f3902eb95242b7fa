"""The viewer of a stack on Firebase and, for images of patients, on Cloud Run behind Identity-Aware Proxy."""

from __future__ import annotations

from typing import Any

from infra.build_images import builders
from tests.components.looking import before, grants, inputs, names, node, resources
from tests.harness import Graph
from tests.infra import stacks
from tests.infra.bad_settings import PHI
from tests.infra.test_settings import read

BASE = builders()["nginx"]


def test_phi_is_accepted_with_a_covered_host_a_key_and_a_locked_retention_of_six_years() -> None:
    made = read("prod", **{"gcp:project": "my-imaging", **PHI})

    assert (made.data_class, made.viewer_host) == ("phi", "cloud_run")


def test_with_phi_nothing_of_firebase_is_declared_or_switched_on() -> None:
    graph = stacks.phi()

    assert not [made.name for made in resources(graph).values() if "firebase" in made.type]
    assert not [made for made in graph.all("projects/service:Service") if "firebase" in made.inputs["service"]]
    assert not [(member, role) for member, role, _ in grants(graph) if "firebase" in role]


def test_the_service_serves_the_released_image_to_the_groups_of_the_settings() -> None:
    graph = stacks.phi()
    image = inputs(graph, "viewer-service")["template"]["containers"][0]["image"]
    passing = {member for member, role, _ in grants(graph) if role == "roles/iap.httpsResourceAccessor"}

    assert node(graph, "viewer").type == "dicom-platform:components:ViewerService"
    assert image == f"europe-west4-docker.pkg.dev/my-imaging/images/viewer@{stacks.A_DIGEST}"
    assert passing == {"group:pathologists@example.org", "group:annotators@example.org"}
    assert "apis-iap" in before(graph, "viewer-service")


def test_the_account_it_runs_as_has_no_role_and_the_deployer_may_act_as_it() -> None:
    graph = stacks.phi()
    account = inputs(graph, "viewer-service")["template"]["serviceAccount"]

    assert account == "imaging-viewer@my-imaging.iam.gserviceaccount.com"
    assert not [role for member, role, _ in grants(graph) if member == f"serviceAccount:{account}"]
    assert {member for member, _, resource in grants(graph) if account in resource} == {
        "serviceAccount:imaging-deployer@my-imaging.iam.gserviceaccount.com"
    }


def test_who_passed_the_proxy_is_in_the_audit_logs() -> None:
    audited = {made.inputs["service"] for made in stacks.phi().all("IAMAuditConfig")}

    assert "iap.googleapis.com" in audited
    assert "iap.googleapis.com" not in {made.inputs["service"] for made in stacks.prod().all("IAMAuditConfig")}


def test_only_who_builds_the_viewers_image_may_push_it() -> None:
    assert "registry-pushed-by-viewerBuild" in names(stacks.phi(), "RepositoryIamMember")
    assert "registry-pushed-by-viewerBuild" not in names(stacks.prod(), "RepositoryIamMember")


def test_outputs_name_the_service_and_no_site() -> None:
    outputs = stacks.phi().outputs

    assert outputs["viewerHost"] == "cloud_run"
    assert outputs["viewerUrl"].endswith(".europe-west4.run.app")
    assert outputs["oauth"]["redirectUris"] == [f"{outputs['viewerUrl']}/"]
    assert not {"viewerSite", "previewSite", "previewUrl"} & set(outputs)


def test_the_builder_of_an_image_reads_no_secret_since_the_image_is_built_from_the_settings() -> None:
    def readers(graph: Graph) -> set[str]:
        secrets = names(graph, "SecretIamMember")
        return {name.rpartition("-")[2] for name in secrets if name.startswith("vault-viewer-config-read-by-")}

    assert readers(stacks.phi()) == {"deployer"}
    assert readers(stacks.prod()) == {"deployer", "previewViewer", "viewerBuild"}


def without_an_image(**changes: Any) -> list[str]:
    """The first deploy succeeds, has no viewer yet, and says this."""
    graph = stacks.phi(viewerImageDigest=None, **changes)
    assert not names(graph, "cloudrunv2/service:Service")
    assert "viewerUrl" not in graph.outputs
    return graph.outputs["nextCommands"]


def test_without_an_image_a_delivery_is_what_comes_next() -> None:
    first, second = without_an_image()[:2]

    assert first.startswith("gcloud builds triggers run deploy-prod --project=my-imaging --region=europe-west1 ")
    assert second.startswith(".venv/bin/python -m ops deliver settings --stack prod ")


def test_where_nothing_is_delivered_a_person_builds_it_from_the_pinned_base() -> None:
    said = without_an_image(githubTokenVersion=None)

    assert [
        command for command in said if f"viewer release --outputs outputs.json --base {builders()['nginx']}" in command
    ]
    assert [command for command in said if "viewerImageDigest sha256:DIGEST" in command]


def test_an_image_of_somebody_elses_is_a_digest_to_set() -> None:
    said = without_an_image(viewerImage="prebuilt")

    assert [command for command in said if "viewer" in command] == [
        "pulumi config set -s prod dicom-platform:viewerImageDigest sha256:DIGEST"
    ]


def test_dev_and_prod_release_slim_and_the_local_stack_the_lite_page() -> None:
    apps = {stack: made().outputs["viewerApp"] for stack, made in
            {"local": stacks.local, "dev": stacks.empty_dev, "prod": stacks.prod}.items()}  # fmt: skip

    assert apps == {"local": "lite", "dev": "slim", "prod": "slim"}
