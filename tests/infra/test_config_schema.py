"""Pulumi.yaml's `config:` block is what the settings say: the CLI reads one, the program the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.config_loader import FIELDS, format_of
from infra.formats import Format
from infra.providers import provider_keys
from infra.settings import NAMESPACE
from ops import generate_docs

ROOT = Path(__file__).resolve().parents[2]
PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, dict[str, Any]] = PROJECT["config"]
KEYS = [key for key in FIELDS if key != "gcp:project"]
STACKS = ("local", "dev", "prod")


def stack_config(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]


def test_what_is_generated_is_not_stale() -> None:
    assert [path.name for path in generate_docs.stale()] == [], "run: make docs"


def test_a_setting_that_is_changed_by_hand_is_stale(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text(text.replace("default: 35", "default: 36"), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "settings.md").write_text((ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))

    assert [path.name for path in generate_docs.stale(tmp_path)] == ["Pulumi.yaml"]


def test_both_are_of_the_same_project_and_name_the_same_keys_in_the_same_order() -> None:
    assert PROJECT["name"] == NAMESPACE
    assert list(SCHEMA) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_a_key_has_a_type_and_an_empty_default_that_mean_what_the_field_says(key: str) -> None:
    schema, field = SCHEMA[key], FIELDS[key]
    default = schema.get("default")

    assert schema["type"] in ("string", "boolean", "array", "integer")
    assert default in ("", 0) if field.default is None else default not in ("", 0) or field.default in ("", 0)
    assert ("default" in schema) is not field.is_required()


@pytest.mark.parametrize("key", FIELDS)
def test_a_setting_says_what_it_is_and_what_it_decides(key: str) -> None:
    """The review gate sorts a changed setting by this mark."""
    field = FIELDS[key]

    assert field.description
    assert field.description[-1] in ".\"'"
    assert generate_docs.mark(field, "decides") in generate_docs.GROUPS
    assert generate_docs.mark(field, "unit") or not key.endswith(("Days", "Seconds"))


@pytest.mark.parametrize("key", KEYS)
def test_the_format_of_a_field_accepts_its_own_default(key: str) -> None:
    field = FIELDS[key]
    formats = [mark for mark in field.metadata if isinstance(getattr(mark, "func", None), Format)]

    if formats and isinstance(field.default, str):
        assert format_of(field).accepts(field.default)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_only_sets_what_exists_and_no_secret(stack: str) -> None:
    known = {f"{NAMESPACE}:{key}" for key in KEYS} | {f"gcp:{key}" for key in provider_keys()}

    config = stack_config(stack)

    assert set(config) <= known
    assert config[f"{NAMESPACE}:environment"] == stack
    assert not {key for key in config if key.endswith(("accessToken", "credentials", "externalCredentials"))}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_only_local_names_a_project_or_an_endpoint(stack: str) -> None:
    assert not [key for key in stack_config(stack) if key.startswith("gcp:")]


def test_local_sends_every_endpoint_to_this_machine_and_the_rest_nowhere() -> None:
    config = stack_config("local")
    endpoints = {key: value for key, value in config.items() if key.endswith("CustomEndpoint")}

    assert len(endpoints) == 24
    assert all(value.startswith("http://127.0.0.1:8787/") and value.endswith("/") for value in endpoints.values())
    assert config["gcp:universeDomain"] == "emulator.invalid"


def test_what_the_port_decides_stands_between_the_markers() -> None:
    text = (ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8")

    _, _, rest = text.partition("# --- endpoints: rewritten by `python -m ops serve --write-config` ---\n")
    block, _, after = rest.partition("# --- end of endpoints ---\n")

    assert block.count(":8787/") == text.count(":8787/") == len([line for line in block.splitlines() if line.strip()])
    assert after == ""
