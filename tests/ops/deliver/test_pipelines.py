"""The Cloud Build files against Google's schema and against the triggers that the program declares for them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.discovery import catalogue
from infra.build_images import FILE, UNPINNED, builders, unpinned
from localcloud.control.schema import violations
from tests.infra import stacks
from tests.ops.deliver.pipelines import BUILT_IN, FILES, ROOT, build, rendered, used

EACH = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


def triggers() -> dict[str, dict[str, Any]]:
    """Inputs of each trigger that a stack declares, by the file that it runs."""
    both = (stacks.prod(), stacks.phi())
    declared = [node.inputs for graph in both for node in graph.all("Trigger") if "cloudbuild" in node.type]
    return {made.get("filename") or made["gitFileSource"]["path"]: made for made in declared}


def trigger(file: Path) -> dict[str, Any]:
    return triggers()[file.relative_to(ROOT).as_posix()]


def test_each_file_has_a_trigger_and_each_trigger_a_file() -> None:
    assert set(triggers()) == {file.relative_to(ROOT).as_posix() for file in FILES}


@EACH
def test_a_file_is_a_build_of_googles_schema(file: Path) -> None:
    document = catalogue().method("cloudbuild.v1:projects.builds.create").document

    assert violations(document, "Build", rendered(file, trigger(file)["substitutions"])) == []
    assert violations(document, "Build", {**build(file), "step": []})


@EACH
def test_a_file_uses_what_its_trigger_gives_and_the_trigger_gives_no_more(file: Path) -> None:
    asked = used(file.read_text(encoding="utf-8"))

    assert {name for name in asked if name.startswith("_")} == set(trigger(file)["substitutions"])
    assert asked - set(trigger(file)["substitutions"]) <= BUILT_IN.keys()


@EACH
def test_every_step_runs_in_an_image_by_digest(file: Path) -> None:
    for step in rendered(file, trigger(file)["substitutions"])["steps"]:
        assert re.search(r"@sha256:([0-9a-f]{64}|unpinned)$", step["name"]), step["name"]


@EACH
def test_builds_log_to_cloud_logging_only_prove_where_they_come_from_and_end(file: Path) -> None:
    made = build(file)

    assert made["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    assert made["options"]["requestedVerifyOption"] == "VERIFIED"
    assert 0 < int(made["timeout"].removesuffix("s")) <= 7200
    assert "serviceAccount" not in made, "the trigger says as whom"
    assert trigger(file)["serviceAccount"].startswith("projects/my-imaging/serviceAccounts/imaging-")


def test_each_image_and_the_viewer_are_built_by_their_own_account() -> None:
    def account(name: str) -> str:
        return trigger(ROOT / f"delivery/{name}.yaml")["serviceAccount"].rpartition("/")[2].partition("@")[0]

    assert {name: account(name) for name in ("deploy", "job-image", "viewer", "viewer-image")} == {
        "deploy": "imaging-deployer",
        "job-image": "imaging-job-build",
        "viewer": "imaging-viewer-build",
        "viewer-image": "imaging-viewer-build",
    }


@EACH
def test_a_secret_only_comes_from_secret_manager_to_the_step_that_needs_it(file: Path) -> None:
    made = build(file)
    secrets = made.get("availableSecrets", {}).get("secretManager", [])

    assert "secrets" not in made
    assert set(made.get("availableSecrets", {})) <= {"secretManager"}
    for secret in secrets:
        assert [step["id"] for step in made["steps"] if secret["env"] in step.get("secretEnv", [])]
    assert not [step for step in made["steps"] if "env" in step]


@pytest.mark.parametrize("name", ["job-image", "viewer-image"])
def test_an_image_is_pushed_by_cloud_build_itself_so_that_its_origin_is_signed(name: str) -> None:
    made = build(ROOT / f"delivery/{name}.yaml")

    assert made["images"] == ["$_IMAGE:$BUILD_ID"]
    assert not [step for step in made["steps"] if "docker push" in step["script"]]


def test_a_builder_without_a_digest_is_said_and_never_a_tag() -> None:
    pins = yaml.safe_load(FILE.read_text())

    assert unpinned(viewer_image=True) == [name for name, pin in pins.items() if not pin["digest"]]
    for name, image in builders().items():
        assert image == f"{pins[name]['image']}@{pins[name]['digest'] or UNPINNED}"


def test_the_viewers_base_is_only_missed_where_a_delivery_builds_an_image_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.build_images.builders", lambda: {"nginx": f"nginx@{UNPINNED}"})

    assert (unpinned(), unpinned(viewer_image=True)) == ([], ["nginx"])


def test_a_tag_in_place_of_a_digest_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "builders.yaml"
    file.write_text("python: {image: docker.io/library/python, tag: 3.12-slim, digest: latest}\n")

    with pytest.raises(ValueError, match=r"the digest of python is not sha256: and 64"):
        builders(file)
