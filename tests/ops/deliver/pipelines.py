"""The Cloud Build files as a trigger starts them: with its substitutions, and those that Cloud Build gives itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(
    path
    for path in (ROOT / "delivery").glob("*.yaml")
    if "steps:" in path.read_text() and not path.stem.endswith("-by-hand")
)
"""Those that a trigger runs; what a person submits has its test in tests/infra/test_stages.py."""
BUILT_IN = {
    "PROJECT_ID": "dicom-local", "PROJECT_NUMBER": "123456789012", "LOCATION": "europe-west4", "BUILD_ID": "build-1",
    "COMMIT_SHA": "a" * 40, "SHORT_SHA": "aaaaaaa", "REPO_NAME": "platform", "BRANCH_NAME": "main",
    "TRIGGER_NAME": "t", "SERVICE_ACCOUNT": "s",
}  # fmt: skip
VARIABLE = re.compile(r"\$\{?(_[A-Z0-9_]+|" + "|".join(BUILT_IN) + r")\b\}?")


def used(text: str) -> set[str]:
    return set(VARIABLE.findall(text))


def build(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def rendered(file: Path, substitutions: Mapping[str, str]) -> dict[str, Any]:
    """The build as Cloud Build reads it; scripts stay as written, since they get the values as their environment."""
    values = {**BUILT_IN, **substitutions}

    def fill(value: Any, key: str = "") -> Any:
        if isinstance(value, str) and key != "script":
            return VARIABLE.sub(lambda match: values[match[1]], value)
        if isinstance(value, list):
            return [fill(item) for item in value]
        if isinstance(value, dict):
            return {name: fill(item, name) for name, item in value.items()}
        return value

    return fill(build(file))
