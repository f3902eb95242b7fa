"""Which changed input makes a replacement, type by type: the engine asks the provider, and there may be no engine.

The table is `force_new.json`, checked against one version of pulumi-gcp. Nested inputs count as their top-level one,
so a plan says "replace" rather too often than too seldom; a type that the table does not know is replaced by nothing
it declares, and `unknown_types` says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path


@cache
def _document() -> dict[str, dict[str, dict[str, list[str]]]]:
    return json.loads(Path(__file__).with_name("force_new.json").read_text(encoding="utf-8"))


def replacing(type_: str, changed: Iterable[str]) -> tuple[str, ...]:
    """Those of the `changed` inputs that cannot be changed in place."""
    fixed = _document()["types"].get(type_, {}).get("replaces", [])
    return tuple(sorted(set(changed).intersection(fixed)))


def unknown_types(types: Iterable[str]) -> list[str]:
    """Google's types that the table says nothing about."""
    return sorted({type_ for type_ in types if type_.startswith("gcp:") and type_ not in _document()["types"]})
