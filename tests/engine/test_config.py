"""Settings files are read as the CLI reads them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine import ConfigProblem, load_config, program_of
from tests.engine.echo import go

PROJECT = """
name: demo
runtime: python
config:
  location: {type: string, default: europe-west4}
  groups: {type: array, items: {type: string}, default: [a, b]}
  token: {type: string, secret: true}
  size: {type: integer}
  gcp:project: {value: from-project}
  institution: Demo
"""


def folder(tmp_path: Path, stack: str = "") -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text(stack)
    return tmp_path


def test_defaults_of_the_project_hold_until_the_stack_says_otherwise(tmp_path: Path):
    loaded = load_config(folder(tmp_path, "config:\n  demo:location: us-central1\n"), "dev")

    assert loaded.project_name == "demo"
    assert loaded.config == {
        "demo:location": "us-central1",
        "demo:groups": '["a","b"]',
        "gcp:project": "from-project",
        "demo:institution": "Demo",
    }
    assert loaded.secret_keys == ["demo:token"]


def test_scalars_arrive_as_they_are_written_and_the_rest_as_json(tmp_path: Path):
    stack = "config:\n  demo:version: 1.10\n  demo:on: true\n  demo:size: 3\n  demo:map: {a: [1, true]}\n"

    config = load_config(folder(tmp_path, stack), "dev").config

    assert {key: config[f"demo:{key}"] for key in ("version", "on", "size", "map")} == {
        "version": "1.10",
        "on": "true",
        "size": "3",
        "map": '{"a":[1,true]}',
    }


def test_overrides_win_keep_their_type_and_can_take_a_key_away(tmp_path: Path):
    overrides = {"location": None, "size": 4, "on": False, "gcp:project": "mine", "who": ["x"]}

    config = load_config(folder(tmp_path), "dev", overrides).config

    assert config == {
        "demo:groups": '["a","b"]',
        "demo:institution": "Demo",
        "demo:size": "4",
        "demo:on": "false",
        "gcp:project": "mine",
        "demo:who": '["x"]',
    }


def test_an_encrypted_value_is_refused_unless_it_is_overridden(tmp_path: Path):
    where = folder(tmp_path, "config:\n  demo:token: {secure: AAABAA}\n")

    with pytest.raises(ConfigProblem, match=r"demo:token is encrypted.*pulumi up -s dev"):
        load_config(where, "dev")
    assert load_config(where, "dev", {"token": "t"}).config["demo:token"] == "t"


def test_a_missing_stack_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigProblem, match=r"Pulumi\.prod\.yaml: no such file"):
        load_config(folder(tmp_path), "prod")


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path):
    with pytest.raises(ConfigProblem, match=r"Pulumi\.dev\.yaml is not YAML"):
        load_config(folder(tmp_path, "config: [\n"), "dev")


def test_the_program_of_a_folder_runs_with_the_folder_importable_and_leaves_the_path_alone(tmp_path: Path):
    (tmp_path / "engine_demo_part.py").write_text("VALUE = 7\n")
    (tmp_path / "__main__.py").write_text(
        "import pulumi\nfrom engine_demo_part import VALUE\npulumi.export('value', VALUE)\n"
    )
    path = list(sys.path)

    deployment = go(program_of(tmp_path))

    assert deployment.outputs == {"value": 7}
    assert sys.path == path
    sys.modules.pop("engine_demo_part")


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ("config:\n  : : [\n", "Pulumi.dev.yaml is not YAML: while parsing"),
        ("config:\n  demo:size: 1\n  demo:size: 2\n", "Pulumi.dev.yaml line 3: demo:size is set twice"),
        ("config:\n  demo:size: 1\n  size: 2\n", "Pulumi.dev.yaml: demo:size is set twice, with and without"),
        ("config:\n  demo:a: &a {gcp:zone: x}\n  <<: *a\n", "Pulumi.dev.yaml line 3: write each key out"),
        ("config:\n  ? [demo:size]\n  : 1\n", "Pulumi.dev.yaml line 2: write each key out"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_with_its_name(tmp_path: Path, stack: str, said: str):
    with pytest.raises(ConfigProblem) as refused:
        load_config(folder(tmp_path, stack), "dev")

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_settings_from_elsewhere_are_refused_and_what_encrypts_secrets_is_kept(tmp_path: Path):
    """An environment of Pulumi ESC could give any setting, and nobody would see it in this repository."""
    with pytest.raises(ConfigProblem, match=r"Pulumi\.dev\.yaml: environment, imports brings settings that are not in"):
        load_config(folder(tmp_path, "environment: [evil/prod]\nimports: []\nconfig: {}\n"), "dev")

    loaded = load_config(folder(tmp_path, "secretsprovider: gcpkms://key\nconfig: {}\n"), "dev")
    assert loaded.beside == {"secretsprovider": "gcpkms://key"}
