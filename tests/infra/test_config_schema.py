"""Pulumi.yaml's `config:` block and the settings' dataclass say the same: the CLI reads one, the program the other."""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
import yaml

from infra.config_loader import config_key, provider_keys
from infra.settings import NAMESPACE, Settings

ROOT = Path(__file__).resolve().parents[2]
PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, dict[str, Any]] = PROJECT["config"]
FIELDS = {config_key(field.name): field for field in dataclasses.fields(Settings) if field.name != "project"}
HINTS = {config_key(name): hint for name, hint in typing.get_type_hints(Settings).items()}
STACKS = ("local", "dev", "prod")


def type_in_yaml(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(choice for choice in get_args(hint) if choice is not type(None))
    if get_origin(hint) is tuple:
        return "array"
    return {bool: "boolean", int: "integer"}.get(hint, "string")


def default_in_yaml(key: str) -> Any:
    default = FIELDS[key].default
    if default is None:
        return 0 if type_in_yaml(HINTS[key]) == "integer" else ""
    return list(default) if isinstance(default, tuple) else default


def stack_config(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]


def test_both_are_of_the_same_project_and_name_the_same_keys_in_the_same_order() -> None:
    assert PROJECT["name"] == NAMESPACE
    assert list(SCHEMA) == list(FIELDS)


@pytest.mark.parametrize("key", FIELDS)
def test_a_key_has_the_type_default_and_description_of_its_field(key: str) -> None:
    schema = SCHEMA[key]

    assert schema["type"] == type_in_yaml(HINTS[key])
    assert schema["description"] == FIELDS[key].metadata["help"]
    if FIELDS[key].default is dataclasses.MISSING:
        assert "default" not in schema
    else:
        assert schema["default"] == default_in_yaml(key)
        assert type(schema["default"]) is type(default_in_yaml(key))
    if schema["type"] == "array":
        assert schema["items"] == {"type": "string"}


@pytest.mark.parametrize("key", FIELDS)
def test_the_rule_of_a_field_accepts_its_own_default(key: str) -> None:
    rule, default = FIELDS[key].metadata["rule"], FIELDS[key].default

    if rule and isinstance(default, str):
        assert rule.accepts(default)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_only_sets_what_exists_and_no_secret(stack: str) -> None:
    known = {f"{NAMESPACE}:{key}" for key in FIELDS} | {f"gcp:{key}" for key in provider_keys()}

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
