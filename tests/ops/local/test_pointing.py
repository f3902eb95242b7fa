"""The stack file and the environment that point other programs at the local cloud."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from ops.local.pointing import BEGIN, END, UNIVERSE, exports, project_of, rewrite, write_config
from ops.local.state import RunningCloud

TEMPLATE = Path("Pulumi.local.yaml")
BASE = "http://127.0.0.1:9999"


def endpoints(text: str) -> dict[str, str]:
    config = yaml.safe_load(text)["config"]
    return {key: value for key, value in config.items() if "CustomEndpoint" in key}


def test_every_endpoint_of_our_stack_file_moves_and_every_other_setting_stays() -> None:
    before = TEMPLATE.read_text()

    after = rewrite(before, BASE, {})

    assert endpoints(before)
    assert all(value.startswith(f"{BASE}/") and value.endswith("/") for value in endpoints(after).values())
    old, new = yaml.safe_load(before)["config"], yaml.safe_load(after)["config"]
    assert {k: v for k, v in old.items() if "127.0.0.1" not in str(v)} == {
        k: v for k, v in new.items() if "127.0.0.1" not in str(v)
    }
    assert old.keys() == new.keys()


def test_writing_twice_gives_the_same_file(tmp_path: Path) -> None:
    stack = tmp_path / "Pulumi.local.yaml"
    digest = {"dicom-platform:jobImageDigest": "sha256:" + "a" * 64}

    write_config(stack, TEMPLATE, BASE, digest)
    once = stack.read_text()
    write_config(stack, TEMPLATE, BASE, digest)

    assert stack.read_text() == once
    assert yaml.safe_load(once)["config"]["dicom-platform:jobImageDigest"] == digest["dicom-platform:jobImageDigest"]


def test_no_credentials_are_written_and_those_of_an_earlier_version_go(tmp_path: Path) -> None:
    """The policy refuses them in a provider's settings (rule no-credentials-in-the-provider)."""
    stack = tmp_path / "Pulumi.local.yaml"
    stack.write_text(TEMPLATE.read_text().replace(f"  {END}", f"  gcp:credentials: /old/key.json\n  {END}"))

    write_config(stack, TEMPLATE, BASE, {})

    config = yaml.safe_load(stack.read_text())["config"]
    assert not {"gcp:credentials", "gcp:accessToken"} & config.keys()
    assert config.keys() == yaml.safe_load(TEMPLATE.read_text())["config"].keys()


def test_a_file_without_the_marks_is_refused_and_left_alone(tmp_path: Path) -> None:
    stack = tmp_path / "Pulumi.local.yaml"
    stack.write_text("config: {}\n")

    with pytest.raises(ValueError, match=r"lacks the lines .*endpoints.* take them from Pulumi\.local\.yaml"):
        write_config(stack, TEMPLATE, BASE, {})

    assert stack.read_text() == "config: {}\n"


def test_the_marks_stand_in_our_stack_file_once() -> None:
    text = TEMPLATE.read_text()

    assert text.count(BEGIN) == 1
    assert text.count(END) == 1


@pytest.mark.parametrize(
    ("line", "project"),
    [("  gcp:project: p-1\n", "p-1"), ('  gcp:project: "p-1"  # ours\n', "p-1"), ("  gcp:region: x\n", "")],
)
def test_the_project_of_a_stack_file_is_known(tmp_path: Path, line: str, project: str) -> None:
    stack = tmp_path / "Pulumi.local.yaml"
    stack.write_text(f"config:\n{line}")

    assert project_of(stack) == project


def test_exports_hold_no_secret_and_survive_a_shell(tmp_path: Path) -> None:
    key = tmp_path / "a key.json"
    state = RunningCloud(pid=1, port=9999, base=BASE, project="dicom-local", data=str(tmp_path), credentials=str(key))

    lines = exports(state, tmp_path / "pulumi")

    values = dict(shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in lines)
    assert values["GOOGLE_CREDENTIALS"] == str(key)
    assert values["GOOGLE_CLOUD_UNIVERSE_DOMAIN"] == UNIVERSE
    assert values["STORAGE_EMULATOR_HOST"] == f"{BASE}/storage.googleapis.com"
    assert not any("PRIVATE KEY" in line for line in lines)
