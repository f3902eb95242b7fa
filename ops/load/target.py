"""Where files go: the raw store of a stack, from the stack's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.client.outputs import Groups, Outputs, StoreOutputs, require
from ops.load.outcome import CannotLoad


@dataclass(frozen=True, kw_only=True)
class LoadTarget:
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
    """Principal that may read back, to compare: neither ingest writers nor viewers may, only the job."""


class LoadOutputs(Outputs):
    """What a load takes from a stack's outputs, all of which `--to` and `--as` can replace."""

    project: str = ""
    endpoints: dict[str, str] = {}
    stores: dict[str, StoreOutputs] = {}
    groups: Groups = Groups()
    service_accounts: dict[str, str] = {}


def target(outputs: Mapping[str, Any], to: str | None, principal: str | None, reader: str | None) -> LoadTarget:
    """The stack's raw store, or the DICOMweb root `to`."""
    # A DICOMweb root alone is enough, so nothing is required of the outputs but that what is there is as declared.
    parsed = require(outputs, LoadOutputs)
    raw = parsed.stores.get("raw")
    root = (to or (raw.dicomweb_root if raw else "")).rstrip("/")
    if not root.startswith(("http://", "https://")):
        raise CannotLoad("no store to load into: give --outputs of a stack that has stores.raw, or --to DICOMWEB_ROOT")
    start, end = root.find("projects/"), root.rfind("/dicomWeb")
    return LoadTarget(
        root=root,
        store=root[start:end] if 0 <= start < end else "",
        healthcare=parsed.endpoints.get("healthcare", "https://healthcare.googleapis.com/"),
        logging=parsed.endpoints.get("logging", "https://logging.googleapis.com/"),
        project=parsed.project,
        writer=principal or _first(parsed.groups.ingest_writers),
        reader=reader or parsed.service_accounts.get("job", ""),
    )


def _first(members: list[str]) -> str:
    return members[0].split(":", 1)[-1] if members else ""
