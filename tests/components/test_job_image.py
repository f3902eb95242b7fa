from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.job_image import JobImage, JobImageArgs, content_tag
from engine import Declared, Deployment, run
from tests.components.looking import children, inputs, node
from tests.harness import Deploy, Graph

NAME = "europe-west4-docker.pkg.dev/dicom-local/images/prepare"
DIGEST = "sha256:" + "ab" * 32
BASE = "python@sha256:" + "cd" * 32


class Docker:
    """Stands in for the docker provider, which needs an engine on this machine: pushes nothing, answers a digest."""

    def check(self, declared: Declared) -> dict[str, Any]:
        return declared.inputs

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        name = declared.inputs["imageName"].rpartition(":")[0]
        return "image", {**declared.inputs, "repoDigest": f"{name}@{DIGEST}"}

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError(token)


def image(deploy: Deploy, digest: str) -> Graph:
    return deploy(lambda: JobImage("image", JobImageArgs(image=NAME, digest=digest)))


def built(context: Path) -> Deployment:
    args = JobImageArgs(image=NAME, context=str(context), base=BASE)
    return run(lambda: JobImage("image", args), Docker(), project="dicom-platform", stack="test", config={})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "work.py").write_text("print('work')\n")
    return tmp_path


def test_a_digest_from_elsewhere_is_used_as_it_is_and_nothing_is_built(deploy: Deploy) -> None:
    graph = image(deploy, DIGEST)

    assert children(graph, "image") == {}
    assert node(graph, "image").outputs["reference"] == f"{NAME}@{DIGEST}"


def test_a_folder_is_built_for_cloud_run_and_never_at_preview(source: Path) -> None:
    graph = built(source)

    assert children(graph, "image") == {"image-build": "index/image:Image"}
    build = inputs(graph, "image-build")
    assert build["build"]["context"] == str(source)
    assert build["build"]["platform"] == "linux/amd64"
    assert build["build"]["args"] == {"BASE": BASE}
    assert build["buildOnPreview"] is False
    assert build["imageName"] == f"{NAME}:{content_tag(source, BASE)}"


def test_what_is_built_here_is_referred_to_by_the_digest_of_the_push(source: Path) -> None:
    graph = built(source)

    assert node(graph, "image").outputs["reference"] == f"{NAME}@{DIGEST}"


def test_a_folder_with_nothing_to_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no Dockerfile"):
        content_tag(tmp_path, BASE)


def test_a_folder_is_not_built_on_a_base_that_nobody_named(source: Path) -> None:
    with pytest.raises(ValueError, match="image: a folder is built on a base by digest; give base"):
        JobImage("image", JobImageArgs(image=NAME, context=str(source)))


def test_an_image_has_one_owner(source: Path) -> None:
    with pytest.raises(ValueError, match="not both; one image has one owner"):
        JobImage("image", JobImageArgs(image=NAME, digest=DIGEST, context=str(source), base=BASE))


def test_before_there_is_an_image_there_is_no_reference(deploy: Deploy) -> None:
    made: list[JobImage] = []

    deploy(lambda: made.append(JobImage("image", JobImageArgs(image=NAME))))

    assert made[0].reference is None
    assert made[0].digest is None


def test_the_tag_follows_content_not_time(source: Path) -> None:
    before = content_tag(source, BASE)

    os.utime(source / "work.py", (1, 1))
    assert content_tag(source, BASE) == before
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "work.pyc").write_bytes(b"cache")
    assert content_tag(source, BASE) == before

    (source / "work.py").write_text("print('other work')\n")
    assert content_tag(source, BASE) != before


def test_a_renewed_base_is_another_tag(source: Path) -> None:
    assert content_tag(source, BASE) != content_tag(source, BASE.replace("cd", "ef"))
