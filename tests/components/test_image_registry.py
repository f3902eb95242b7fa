from __future__ import annotations

from typing import Any

from components.image_registry import ImageRegistry, ImageRegistryArgs
from tests.components.looking import children, grants, inputs, node
from tests.harness import Deploy, Graph


def registry(deploy: Deploy, **changes: Any) -> Graph:
    args: dict[str, Any] = {
        "project": "dicom-local",
        "location": "europe-west4",
        "repository": "images",
        "writers": {"build": "group:build@example.org"},
        "labels": {"environment": "test"},
        "source_bucket": "some-builds",
        "source_readers": {"build": "group:build@example.org"},
        "protected": True,
    }
    return deploy(lambda: ImageRegistry("registry", ImageRegistryArgs(**args | changes)))


def test_it_declares_a_docker_repository_and_who_pushes(deploy: Deploy) -> None:
    graph = registry(deploy)

    assert children(graph, "registry") == {
        "registry-images": "artifactregistry/repository:Repository",
        "registry-pushed-by-build": "artifactregistry/repositoryIamMember:RepositoryIamMember",
        "registry-sources": "storage/bucket:Bucket",
        "registry-sources-read-by-build": "storage/bucketIAMMember:BucketIAMMember",
    }
    assert inputs(graph, "registry-images")["format"] == "DOCKER"
    assert grants(graph) == {
        ("group:build@example.org", "roles/artifactregistry.writer", "images"),
        ("group:build@example.org", "roles/storage.objectViewer", "some-builds"),
    }


def test_a_tag_never_moves_and_images_are_scanned(deploy: Deploy) -> None:
    images = inputs(registry(deploy), "registry-images")

    assert images["dockerConfig"] == {"immutableTags": True}
    assert images["vulnerabilityScanningConfig"] == {"enablementConfig": "INHERITED"}


def test_old_images_go_for_real_and_the_newest_stay_whatever_their_age(deploy: Deploy) -> None:
    images = inputs(registry(deploy, keep=5, delete_untagged_after_days=90), "registry-images")

    assert images["cleanupPolicyDryRun"] is False
    assert images["cleanupPolicies"] == [
        {"id": "keep-newest", "action": "KEEP", "mostRecentVersions": {"keepCount": 5}},
        {"id": "delete-untagged", "action": "DELETE", "condition": {"tagState": "UNTAGGED", "olderThan": "7776000s"}},
    ]


def test_its_address_is_in_artifact_registry(deploy: Deploy) -> None:
    address = node(registry(deploy), "registry").outputs["address"]

    assert address == "europe-west4-docker.pkg.dev/dicom-local/images"
