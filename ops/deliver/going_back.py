"""Going back to the release before: its images by `pulumi up`, its viewer, then the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from ops.client.refusal import OpsRefused
from ops.deliver import cli, viewer_site
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, Release, State, require_owner, roll_back
from ops.deliver.stack import Stack


def take_back(stack: Stack, ledger: Ledger, build: str, why: str) -> NoReturn:
    """Goes back to the release before, where there is one. Raises `OpsRefused` with all that happened."""
    try:
        back = go_back(stack, ledger, build)
    except OpsRefused as refused:
        end(ledger, stack, build, "failed")
        raise OpsRefused(f"{why}, and the stack is as they left it: {refused}") from refused
    raise OpsRefused(f"{why}; {stack.name} is back at {back.release.commit[:12]}: {in_words(back.release)}")


def go_back(stack: Stack, ledger: Ledger, build: str) -> Record:
    """The previous release's images and viewer, then the record. Raises `OpsRefused`; then the record is as it was."""
    current, generation = ledger.read(stack.name)
    if current is None:
        raise OpsRefused(f"{stack.name} has no release record, so there is nothing to go back to")
    back = roll_back(current, build, datetime.now(UTC))
    cli.up(stack, images(stack, back.release))
    if back.release.viewer_hash and not back.release.viewer_digest and stack.settings.viewer_host == "firebase":
        viewer_site.make_live(viewer_site.hosting(stack), back.release.viewer_hash)
    ledger.write(back, generation)
    return back


def end(ledger: Ledger, stack: Stack, build: str, state: State) -> None:
    """Writes how the delivery of this build ended."""
    current, generation = ledger.read(stack.name)
    ledger.write(replace(require_owner(current, build), state=state), generation)


def images(stack: Stack, release: Release) -> cli.Images:
    """What `pulumi up` is given of a release."""
    return stack.images(release.job_digest, release.viewer_digest)


def in_words(release: Release) -> str:
    viewer = f"image {release.viewer_digest}" if release.viewer_digest else (release.viewer_hash or "none")[:12]
    return f"job image {release.job_digest or 'none'}, viewer {viewer}"
