"""The release record of a stack: what is live, what was before, and which build is at work. Plain values.

One object, `releases/<stack>.json` in the records bucket, described by `release.schema.json`. This module knows what
may follow what; reading and writing it is `ops.deliver.ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ops.client.refusal import OpsRefused

State = Literal["deploying", "proved", "failed"]
LONGEST = timedelta(hours=2)
"""No build lives longer (`timeout` of delivery/deploy.yaml): one that began earlier has ended, however it did."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one deployment consists of."""

    commit: str
    job_source: str | None
    """Changes with the job image's base and files (`components.job_image.content_tag`); None when built elsewhere."""
    job_digest: str | None
    viewer_hash: str | None
    """Hash of what the viewer consists of: the label `content` of the Hosting version, None before it is released; on
    Cloud Run of what its image is built from, None when it is built elsewhere."""
    viewer_digest: str | None = None
    """The viewer's image, on Cloud Run."""
    config_hash: str


@dataclass(frozen=True, kw_only=True)
class Record:
    stack: str
    state: State
    build: str
    """Id of the build that wrote this."""
    since: str
    """RFC 3339, when that build began."""
    release: Release
    previous: Release | None = None
    """The last one before this that passed its smoke tests."""
    went_back_from: str | None = None
    """Commit that failed its smoke tests, when this record is where the stack went back to."""

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "state": self.state,
            "build": self.build,
            "since": self.since,
            **_flat(self.release),
            "previous": _flat(self.previous) if self.previous else None,
            "wentBackFrom": self.went_back_from,
        }

    @property
    def last_proved(self) -> Release | None:
        return self.release if self.state == "proved" else self.previous


def known(current: Record | None) -> list[Release]:
    """The releases whose images may be used again, the latest first."""
    return [release for release in (current.release, current.previous) if release] if current else []


_NAMES = {
    "commit": "commit",
    "job_source": "jobSource",
    "job_digest": "jobDigest",
    "viewer_hash": "viewerHash",
    "viewer_digest": "viewerDigest",
    "config_hash": "configHash",
}


def _flat(release: Release) -> dict[str, Any]:
    return {_NAMES[field]: value for field, value in asdict(release).items()}


def _release(found: Mapping[str, Any]) -> Release:
    # Records were written before the viewer had an image, too.
    complete: Mapping[str, Any] = {"viewerDigest": None, **found}
    return Release(**{field: complete[name] for field, name in _NAMES.items()})


def parse(found: Mapping[str, Any]) -> Record:
    """Raises KeyError for what is no record."""
    return Record(
        stack=found["stack"],
        state=found["state"],
        build=found["build"],
        since=found["since"],
        release=_release(found),
        previous=_release(found["previous"]) if found["previous"] else None,
        went_back_from=found["wentBackFrom"],
    )


def begun(current: Record | None, stack: str, release: Release, build: str, now: datetime) -> Record:
    """The record of a delivery that begins. Raises `OpsRefused` while another one is at work.

    The same commit may always begin again: what an earlier build left half-done, the same steps finish.
    """
    if current and build != current.build and release.commit != current.release.commit:
        require_idle(current, now)
    return Record(
        stack=stack,
        state="deploying",
        build=build,
        since=now.astimezone(UTC).isoformat(timespec="seconds"),
        release=release,
        previous=_to_go_back_to(current, release.commit) if current else None,
    )


def _to_go_back_to(current: Record, commit: str) -> Release | None:
    """The last proved release; of a commit that is delivered once more, the one before it: that is a way back."""
    again = current.state == "proved" and current.release.commit == commit
    return current.previous or current.release if again else current.last_proved


def require_idle(current: Record, now: datetime) -> None:
    """Raises `OpsRefused` while a delivery is at work, or may be."""
    if current.state == "deploying" and now - datetime.fromisoformat(current.since) < LONGEST:
        raise OpsRefused(
            f"build {current.build} has been delivering {current.release.commit[:12]} to {current.stack} since "
            f"{current.since}: start this one again when it has ended; if it was cancelled, run: "
            f".venv/bin/python -m ops deliver give-up --stack {current.stack}"
        )


def mine(current: Record | None, build: str) -> Record:
    """The record, if this build is the one at work. Raises `OpsRefused` otherwise."""
    if current is None:
        raise OpsRefused("there is no release record to go on with; the step `begin` writes it")
    if current.build != build or current.state != "deploying":
        raise OpsRefused(
            f"build {current.build} ({current.release.commit[:12]}, {current.state}) took over the release record of "
            f"{current.stack}; this build ends here and changes nothing more"
        )
    return current


def gone_back(record: Record, build: str, now: datetime) -> Record:
    """What the record says once the stack is back at `previous`. Raises `OpsRefused` when there is none.

    Where the viewer had no image before, the one that it has by now stays.
    """
    if record.previous is None:
        raise OpsRefused(
            f"{record.stack} has no earlier release to go back to: deploy an earlier commit, or mend this one"
        )
    back, now_shown = record.previous, record.release
    if back.viewer_digest is None and now_shown.viewer_digest:
        back = replace(back, viewer_hash=now_shown.viewer_hash, viewer_digest=now_shown.viewer_digest)
    return Record(
        stack=record.stack,
        state="proved",
        build=build,
        since=now.astimezone(UTC).isoformat(timespec="seconds"),
        release=back,
        went_back_from=record.release.commit,
    )
