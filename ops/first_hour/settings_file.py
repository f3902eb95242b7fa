"""Writes one setting into a stack's file, line by line, so that what a person wrote beside it stays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from ops.client.refusal import OpsRefused


def write_setting(file: Path, key: str, value: str | list[str]) -> None:
    """`key` (`namespace:key`) below `config:`, in place of the line that it had. Raises `OpsRefused`."""
    text = file.read_text(encoding="utf-8")
    plain = (
        isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_./@-]*", value) and yaml.safe_load(value) == value
    )
    line = f"  {key}: {value if plain else json.dumps(value)}"
    replaced, count = re.subn(rf"(?m)^ +{re.escape(key)}:.*$", lambda _: line, text, count=1)
    if not count:
        replaced, count = re.subn(r"(?m)^config:[ \t]*$", lambda match: f"{match[0]}\n{line}", text, count=1)
    if not count:
        raise OpsRefused(f"{file} has no line config: to put {key} under; add one")
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(replaced, encoding="utf-8")
    temporary.replace(file)
