"""What is tested: addresses, identities, and which capabilities it declares. A target is values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

CAPABILITIES = {
    "stow": "store instances (STOW-RS)",
    "qido": "search (QIDO-RS)",
    "includefield": "return any attribute that a search asks for",
    "wado": "retrieve instances and metadata (WADO-RS)",
    "frames": "retrieve single frames",
    "rendered": "render a frame as an image",
    "transcode": "transcode to Explicit VR Little Endian",
    "delete": "delete a study, as a long-running operation",
    "auth": "refuse callers without a token",
    "roles": "tell readers from writers",
    "cors": "let the viewer's origin in",
    "viewer": "serve the viewer",
    "browser": "open the viewer in Chromium",
    "events": "announce new instances",
    "job": "prepare studies",
    "audit": "log who stored and retrieved",
}


class BadTarget(ValueError):
    """The target's description cannot be used."""


@dataclass(frozen=True)
class Limits:
    """How long is long enough, in seconds."""

    found: float = 60.0
    """From storing to being found by a search; also from deletion to not being found."""
    deleted: float = 600.0
    job: float = 600.0
    announced: float = 60.0
    """From storing an instance to its message."""
    opened: float = 60.0
    """From following a link to the slide's last tile."""
    granted: float = 600.0
    """Until a fresh grant works."""
    audited: float = 300.0
    """From a request to its entry in the audit log."""


@dataclass(frozen=True, kw_only=True)
class SmokeTarget:
    """`missing` says, per capability that is not declared, why; everything else in CAPABILITIES is required."""

    dicomweb_root: str
    """Store that is written to, without a trailing slash."""
    environment: str = "unknown"
    main_root: str | None = None
    """Store that viewers read; nothing is ever written to it."""
    raw_root: str = ""
    """Store that the pipeline writes to; only seeding the golden study does so too."""
    location: str = ""
    owner: str | None = None
    """On the local cloud, the identity that may do everything."""
    writer: str | None = None
    reader: str | None = None
    """Identities (e-mails): one writes to the smoke store and starts the job, one only reads. None: no token."""
    viewer_url: str = ""
    proxied: bool = False
    """The viewer is behind Identity-Aware Proxy, which lets only its groups in."""
    client_id: str = ""
    authority: str = ""
    """The sign-in service, without a trailing slash."""
    run_url: str = ""
    """`jobs:run` of the job."""
    records: str = ""
    """URL of the records bucket in the Storage JSON API, `…/storage/v1/b/BUCKET`."""
    log_entries: str = ""
    """`entries:list` of the Logging API."""
    audit_view: str = ""
    """Full name of the view with the Data Access log, which the writer may read."""
    announcements: str = ""
    """URL of the subscription to what the store announces, `…/v1/projects/P/subscriptions/S`."""
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if urlsplit(self.dicomweb_root).scheme not in ("http", "https") or self.dicomweb_root.endswith("/"):
            raise BadTarget(f"DICOMweb root {self.dicomweb_root!r} is not an http(s) URL without a trailing slash")
        if unknown := sorted(set(self.missing) - set(CAPABILITIES)):
            raise BadTarget(f"unknown capability {', '.join(unknown)}; known are {', '.join(CAPABILITIES)}")

    def reading_only(self) -> SmokeTarget:
        """The same stack with the viewers' store as the one that is tested, by an identity that only reads."""
        if not self.main_root:
            raise BadTarget("a read-only run tests the store that viewers read, and this target names none")
        return replace(self, dicomweb_root=self.main_root, writer=None)

    @property
    def origin(self) -> str:
        """The viewer's origin, as a browser sends it."""
        parts = urlsplit(self.viewer_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def strict(self) -> bool:
        """Whether a skipped check is a failure, as in production."""
        return self.environment == "prod"


def target_of_url(root: str, capabilities: list[str], **values: Any) -> SmokeTarget:
    """A target by its URL alone; what is not in `capabilities` is missing."""
    if unknown := sorted(set(capabilities) - set(CAPABILITIES)):
        raise BadTarget(f"unknown capability {', '.join(unknown)}; known are {', '.join(CAPABILITIES)}")
    missing = {name: "not declared for this target" for name in CAPABILITIES if name not in capabilities}
    return SmokeTarget(dicomweb_root=root.rstrip("/"), missing=missing, **values)


def from_outputs(outputs: Mapping[str, Any], missing: Mapping[str, str] | None = None) -> SmokeTarget:
    """The target that a stack's outputs describe. `missing` names further capabilities that this deployment lacks."""
    try:
        return _from_outputs(outputs, dict(missing or {}))
    except (KeyError, TypeError) as error:
        raise BadTarget(
            f"the stack's outputs have no usable {error}; deploy the stack again with this version"
        ) from None


def _from_outputs(outputs: Mapping[str, Any], missing: dict[str, str]) -> SmokeTarget:
    accounts, stores = outputs["serviceAccounts"], outputs["stores"]
    if "smoke" not in stores:
        raise BadTarget("the stack has no store named smoke, and the checks write to no other; add it and deploy")
    root, main = str(stores["smoke"]["dicomwebRoot"]), str(outputs["dicomwebRoot"])
    if root == main:
        raise BadTarget(f"the smoke store is the store that viewers read ({main}); the checks refuse to write to it")
    if not outputs.get("job"):
        missing.setdefault("job", "the stack has no job yet: no image digest")
    if not outputs.get("viewerUrl"):
        missing.setdefault("viewer", "the stack has no viewer site")
    if not outputs.get("auditView"):
        missing.setdefault("audit", "the stack has no view of its audit log; deploy it again with this version")
    if not outputs.get("smokeSubscription"):
        missing.setdefault("events", "the stack has no subscription for smoke tests; deploy it with this version")
    environment = str(outputs["environment"])
    return SmokeTarget(
        dicomweb_root=root,
        environment=environment,
        limits=Limits(granted=5.0, audited=5.0) if environment == "local" else Limits(),
        main_root=main,
        raw_root=str(stores["raw"]["dicomwebRoot"]) if "raw" in stores else "",
        location=str(outputs["location"]),
        owner=f"owner@{outputs['project']}.iam.gserviceaccount.com" if environment == "local" else None,
        writer=str(accounts["smoke"]),
        reader=str(accounts["smokeReader"]),
        viewer_url=str(outputs.get("viewerUrl") or ""),
        proxied=outputs.get("viewerHost") == "cloud_run",
        client_id=str(outputs["oauth"]["clientId"]),
        authority=str(outputs["oauth"].get("authority") or "").rstrip("/"),
        run_url=str(outputs.get("jobRunUrl") or ""),
        records=f"{outputs['endpoints']['storage']}storage/v1/b/{outputs['recordsBucket']}",
        log_entries=f"{outputs['endpoints']['logging']}v2/entries:list",
        audit_view=str(outputs.get("auditView") or ""),
        announcements=f"{outputs['endpoints']['pubsub']}v1/{outputs.get('smokeSubscription')}",
        missing=missing,
    )
