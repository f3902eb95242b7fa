"""Where files go: the raw store of a stack, from the stack's outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.load.outcome import CannotLoad


@dataclass(frozen=True, kw_only=True)
class Target:
    """`root` is the store's DICOMweb root, `store` its resource name; the rest is empty when only a root was given."""

    root: str
    store: str = ""
    healthcare: str = ""
    logging: str = ""
    """Roots of the two APIs that an import needs, with a trailing slash."""
    project: str = ""
    writer: str = ""
    """Principal that may store and import: the first of the stack's ingest writers."""
    reader: str = ""
    """Principal that may read back, to compare: ingest writers may not."""


def read_outputs(path: Path) -> dict[str, Any]:
    try:
        outputs = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CannotLoad(
            f"{path} does not exist: start the local cloud with make up, or name the stack's outputs"
        ) from None
    except (ValueError, OSError) as error:
        raise CannotLoad(f"{path} is no stack outputs: {error}") from None
    if not isinstance(outputs, dict):
        raise CannotLoad(f"{path} is no stack outputs: it must hold one JSON object")
    return outputs


def target(outputs: dict[str, Any], to: str | None, principal: str | None, reader: str | None) -> Target:
    """The stack's raw store, or the DICOMweb root `to`."""
    groups: dict[str, list[str]] = outputs.get("groups", {})
    endpoints: dict[str, str] = outputs.get("endpoints", {})
    raw: dict[str, str] = outputs.get("stores", {}).get("raw", {})
    root = (to or raw.get("dicomwebRoot", "")).rstrip("/")
    if not root.startswith(("http://", "https://")):
        raise CannotLoad("no store to load into: give --outputs of a stack that has stores.raw, or --to DICOMWEB_ROOT")
    start, end = root.find("projects/"), root.rfind("/dicomWeb")
    return Target(
        root=root,
        store=root[start:end] if 0 <= start < end else "",
        healthcare=endpoints.get("healthcare", "https://healthcare.googleapis.com/"),
        logging=endpoints.get("logging", "https://logging.googleapis.com/"),
        project=outputs.get("project", ""),
        writer=principal or _first(groups.get("ingestWriters", [])),
        reader=reader or _first(groups.get("viewers", [])),
    )


def _first(members: list[str]) -> str:
    return members[0].split(":", 1)[-1] if members else ""
