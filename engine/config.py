"""A Pulumi project folder as the CLI would hand it to the program: its configuration and its `__main__.py`."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    project_name: str
    config: dict[str, str]
    """Full keys (`gcp:project`) and text values; objects as JSON."""
    secret_keys: list[str]
    beside: dict[str, str] = field(default_factory=dict[str, str])
    """What else the stack's file says, such as who encrypts its secrets (`secretsprovider`)."""


BESIDE = frozenset({"secretsprovider", "encryptionsalt", "encryptedkey"})
"""Keys of a stack's file beside `config`."""


class ConfigProblem(Exception):
    """A settings file that cannot be used as it is."""


def load_config(folder: Path, stack: str, overrides: Mapping[str, Any] | None = None) -> StackConfig:
    """Defaults of `Pulumi.yaml`, then `Pulumi.<stack>.yaml`, then `overrides` (None takes a key away).

    Keys without a namespace belong to the project. Raises `ConfigProblem`, also for an encrypted value that no override
    replaces: there is no passphrase here.
    """
    project = _mapping(folder / "Pulumi.yaml")
    name = project["name"].value if "name" in project else ""
    config: dict[str, str] = {}
    secret_keys: list[str] = []
    encrypted: set[str] = set()

    def full(key: str) -> str:
        return key if ":" in key else f"{name}:{key}"

    for key, node in _children(project.get("config")).items():
        schema = _children(node)
        if not isinstance(node, yaml.MappingNode):
            config[full(key)] = _text(node)
        elif "default" in schema or "value" in schema:
            config[full(key)] = _text(schema["default" if "default" in schema else "value"])
        if "secret" in schema and schema["secret"].value == "true":
            secret_keys.append(full(key))
    stack_file = folder / f"Pulumi.{stack}.yaml"
    top = _mapping(stack_file)
    if unread := sorted(top.keys() - BESIDE - {"config"}):
        raise ConfigProblem(
            f"{stack_file.name}: {', '.join(unread)} brings settings that are not in this file, so nobody could review "
            f"them: write them under config, beside which there are only {', '.join(sorted(BESIDE))}"
        )
    own: set[str] = set()
    for key, node in _children(top.get("config")).items():
        if full(key) in own:
            raise ConfigProblem(f"{stack_file.name}: {full(key)} is set twice, with and without its namespace")
        own.add(full(key))
        if "secure" in _children(node):
            encrypted.add(full(key))
        else:
            config[full(key)] = _text(node)
    for key, value in (overrides or {}).items():
        encrypted.discard(full(key))
        config.pop(full(key), None)
        if value is not None:
            config[full(key)] = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if encrypted:
        raise ConfigProblem(
            f"{stack_file.name}: {', '.join(sorted(encrypted))} is encrypted and the in-process deployer holds no "
            f"passphrase: deploy this stack with the Pulumi CLI (pulumi up -s {stack})"
        )
    beside = {key: _text(node) for key, node in top.items() if key in BESIDE}
    return StackConfig(project_name=name, config=config, secret_keys=secret_keys, beside=beside)


def program_of(folder: Path) -> Callable[[], Any]:
    """A callable that runs `folder/__main__.py` as the Pulumi CLI does, with the folder importable meanwhile."""

    def program() -> None:
        path = str(folder.resolve())
        sys.path.insert(0, path)
        try:
            runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
        finally:
            sys.path.remove(path)

    return program


def _mapping(path: Path) -> dict[str, yaml.Node]:
    try:
        with path.open(encoding="utf-8") as file:  # a file, not its text: problems then name it
            node = yaml.compose(file, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ConfigProblem(f"{path}: no such file, so there is no such project or stack here") from None
    except yaml.YAMLError as error:
        raise ConfigProblem(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    return _children(node)


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    children: dict[str, yaml.Node] = {}
    for key, value in node.value:
        where = f"{key.start_mark.name} line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise ConfigProblem(
                f"{where}: write each key out; what is merged in, Pulumi and this reader see differently"
            )
        if key.value in children:
            raise ConfigProblem(f"{where}: {key.value} is set twice")
        children[key.value] = value
    return children


def _text(node: yaml.Node) -> str:
    """A scalar exactly as written (`1.10` stays `1.10`), anything else as JSON."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    return json.dumps(yaml.SafeLoader("").construct_document(node), separators=(",", ":"))
