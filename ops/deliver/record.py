"""The release record of a stack: what is live, what was before, and which build is at work. Plain values.

Each state of it is an object of its own in the bucket of deliveries, described by `release.schema.json`. This module
knows what may follow what; reading and writing it is `ops.deliver.ledger`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ops.client.refusal import OpsRefused

DIGEST = r"^sha256:[0-9a-f]{64}$"
State = Literal["deploying", "proved", "failed"]
AHEAD = timedelta(minutes=10)
"""A record of a later moment than this from now was written by nobody's clock."""
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


def usable_releases(current: Record | None) -> list[Release]:
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


class ReleaseFile(BaseModel):
    """A release as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    commit: str = Field(pattern=r"^[0-9a-f]{40}$")
    jobSource: str | None = Field(pattern=r"^src-[0-9a-f]{16}$")  # noqa: N815
    jobDigest: str | None = Field(pattern=DIGEST)  # noqa: N815
    viewerHash: str | None = Field(pattern=r"^[0-9a-f]{40}$")  # noqa: N815
    # Records were written before the viewer had an image, too.
    viewerDigest: str | None = Field(None, pattern=DIGEST)  # noqa: N815
    configHash: str = Field(pattern=r"^[0-9a-f]{64}$")  # noqa: N815

    def release(self) -> Release:
        return Release(**{field: getattr(self, name) for field, name in _NAMES.items()})


class RecordFile(ReleaseFile):
    """A record as it is written: what release.schema.json says."""

    stack: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    state: State
    build: str
    since: str
    previous: ReleaseFile | None
    wentBackFrom: str | None  # noqa: N815

    @field_validator("since")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError("it names no time zone")
        return value


def parse(document: Any) -> Record:
    """Raises ValueError, in words, for what is no record."""
    try:
        file = RecordFile.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from None
    return Record(
        stack=file.stack,
        state=file.state,
        build=file.build,
        since=file.since,
        release=file.release(),
        previous=file.previous.release() if file.previous else None,
        went_back_from=file.wentBackFrom,
    )


def believe(record: Record, stack: str, now: datetime) -> None:
    """Raises ValueError, in words, for a record that no delivery to `stack` can have written by now."""
    if record.stack != stack:
        raise ValueError(f"it is of stack {record.stack}")
    if datetime.fromisoformat(record.since) > now + AHEAD:
        raise ValueError(f"since: {record.since} is in the future")


def start_record(current: Record | None, stack: str, release: Release, build: str, now: datetime) -> Record:
    """The record of a delivery that begins. Raises `OpsRefused` while another one is at work.

    The same commit may always begin again: what an earlier build left half-done, the same steps finish.
    """
    another = current and build != current.build and release.commit != current.release.commit
    if current and another and may_be_at_work(current, now):
        raise busy(current)
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


def may_be_at_work(current: Record, now: datetime) -> bool:
    """Whether its build can still be running, as far as the clock tells."""
    return current.state == "deploying" and now - datetime.fromisoformat(current.since) < LONGEST


def busy(current: Record) -> OpsRefused:
    """What the build that comes second is told."""
    return OpsRefused(
        f"build {current.build} has been delivering {current.release.commit[:12]} to {current.stack} since "
        f"{current.since}: start this one again when it has ended; if it was cancelled, run: "
        f".venv/bin/python -m ops deliver give-up --stack {current.stack}"
    )


def require_owner(current: Record | None, build: str) -> Record:
    """The record, if this build is the one at work. Raises `OpsRefused` otherwise."""
    if current is None:
        raise OpsRefused("there is no release record to go on with; the step `begin` writes it")
    if current.build == build and current.state != "deploying":
        raise OpsRefused(
            f"the delivery of this build to {current.stack} has ended ({current.state}): nothing more is done"
        )
    if current.build != build:
        raise OpsRefused(
            f"build {current.build} ({current.release.commit[:12]}, {current.state}) took over the release record of "
            f"{current.stack}; this build ends here and changes nothing more"
        )
    return current


def roll_back(record: Record, build: str, now: datetime) -> Record:
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
