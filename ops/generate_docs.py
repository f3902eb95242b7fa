"""What is written from the code instead of by hand: the `config:` block of Pulumi.yaml, docs/settings.md, and the table
of what each viewer can do in docs/viewer.md.

`python -m ops docs` writes them, `--check` says which of them is stale and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from infra.config_loader import FIELDS, bounds, choices_of
from viewer import capabilities

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {key: field for key, field in FIELDS.items() if key != "gcp:project"}
TABLE_STARTS, TABLE_ENDS = "<!-- written by `make docs` -->\n", "<!-- end of it -->"
GROUPS = {
    "access": "Who may do what",
    "code": "Which code runs",
    "data": "Where and how images are kept",
    "audit": "What is logged and told",
    "cost": "What it costs",
    "none": "The rest",
}


def mark(field: FieldInfo, name: str) -> str:
    """`decides` or `unit` of a setting."""
    extra: Any = field.json_schema_extra
    return extra.get(name, "") if isinstance(extra, dict) else ""


def type_in_yaml(field: FieldInfo) -> Literal["array", "boolean", "integer", "string"]:
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    kind: Any = field.annotation if get_origin(field.annotation) in (tuple, Literal) or not kinds else kinds[0]
    if get_origin(kind) is tuple:
        return "array"
    return "boolean" if kind is bool else "integer" if kind is int else "string"


def default_in_yaml(field: FieldInfo) -> Any:
    """The CLI insists on a default where there is none: "" and 0 are "not set"."""
    if field.default is None:
        return 0 if type_in_yaml(field) == "integer" else ""
    return list(field.default) if isinstance(field.default, tuple) else field.default


def pulumi_yaml(text: str) -> str:
    """Pulumi.yaml with its `config:` block written anew; it is the last of the file."""
    head, _, _ = text.partition("\nconfig:\n")
    lines = [head, "config:"]
    for key, field in SETTINGS.items():
        lines += [f"  {key}:", f"    type: {type_in_yaml(field)}"]
        lines += ["    items:", "      type: string"] if type_in_yaml(field) == "array" else []
        lines += [f"    description: {json.dumps(field.description)}"]
        lines += [] if field.is_required() else [f"    default: {json.dumps(default_in_yaml(field))}"]
    return "\n".join(lines) + "\n"


def values(field: FieldInfo) -> str:
    """What a setting may be, in a few words."""
    unit = f" {mark(field, 'unit')}".rstrip()
    if choices := choices_of(field):
        return ", ".join(choices)
    match type_in_yaml(field):
        case "integer":
            return "{} to {}".format(*bounds(field)) + unit
        case "boolean":
            return "true, false"
        case "array":
            return "list"
        case "string":
            return "text"


def settings_page(_: str) -> str:
    lines = [
        "# Settings",
        "",
        "Written by `make docs` from `infra/setting_fields.py`: change them there. Each is set with",
        "`pulumi config set -s STACK dicom-platform:KEY VALUE`; all problems are told at once, before anything.",
        "A group is what its settings decide, so who reviews them. The project is the provider's own `gcp:project`.",
    ]
    for group, title in GROUPS.items():
        lines += ["", f"## {title}", "", "| setting | what it is | values | default |", "| --- | --- | --- | --- |"]
        for key, field in SETTINGS.items():
            if mark(field, "decides") == group:
                default = "must be set" if field.is_required() else f"`{json.dumps(field.default)}`"
                default = default.replace("`null`", "not set")
                lines.append(f"| `{key}` | {field.description} | {values(field)} | {default} |")
    return "\n".join(lines) + "\n"


def viewer_page(text: str) -> str:
    """docs/viewer.md with its table of what each viewer can do written anew, between two marks."""
    head, start, rest = text.partition(TABLE_STARTS)
    _, end, tail = rest.partition(TABLE_ENDS)
    return f"{head}{start}\n{capabilities.table(capabilities.read_list())}\n{end}{tail}" if end else text


GENERATED: Mapping[str, Callable[[str], str]] = {
    "Pulumi.yaml": pulumi_yaml,
    "docs/settings.md": settings_page,
    "docs/viewer.md": viewer_page,
}
"""File → what makes its new text from the old one."""


def stale(root: Path = ROOT) -> dict[Path, str]:
    """Files that are not what the code would write, with what it would."""
    texts = {root / name: make(_text(root / name)) for name, make in GENERATED.items()}
    return {path: text for path, text in texts.items() if text != _text(path)}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(arguments: list[str]) -> int:
    """0 when nothing was stale or it was written; 1 with `--check` when something is."""
    parser = argparse.ArgumentParser(prog="python -m ops docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    check = parser.parse_args(arguments).check
    for path, text in stale().items():
        if check:
            print(f"{path.relative_to(ROOT)} is stale; run: make docs", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(ROOT)} written")
    return 1 if check and stale() else 0
