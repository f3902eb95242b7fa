"""What each step of a delivery does. Any of them can be run again: it finds what is done already."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from ops.client.refusal import OpsRefused
from ops.deliver import cli, viewer_image, viewer_site
from ops.deliver.cli import OUTPUTS, WORK, python
from ops.deliver.image import Image, choose
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, Release, State, begun, gone_back, mine, require_idle
from ops.deliver.stack import Stack, load
from ops.deliver.viewer_image import ViewerImage

IMAGE, COPY, VIEWER_IMAGE = WORK / "image.json", WORK / "copy", WORK / "viewer-image.json"
REPORTS = Path("reports")


def image(stack: Stack, commit: str) -> None:
    """Decides the digest, building the image when its source or base changed; `copy` then brings it here if need be."""
    cli.require_backend(stack)
    google = stack.google()
    current, _ = Ledger(google, stack.records).read(stack.name)
    source = stack.settings.promote_from
    found = choose(stack, commit, current, google, load(source) if source else None)
    WORK.mkdir(exist_ok=True)
    COPY.write_text(" ".join(found.copy) + "\n" if found.copy else "", encoding="utf-8")
    IMAGE.write_text(json.dumps({"source": found.source, "digest": found.digest}), encoding="utf-8")
    print(f"job image of {stack.name}: {found.digest or 'none yet'}")


def choose_viewer_image(stack: Stack, commit: str) -> None:
    """Decides the viewer's digest where an image serves it, building it when viewer or configuration changed."""
    google = stack.google()
    current, _ = Ledger(google, stack.records).read(stack.name)
    found = viewer_image.choose(stack, commit, current, google)
    WORK.mkdir(exist_ok=True)
    VIEWER_IMAGE.write_text(json.dumps(asdict(found)), encoding="utf-8")
    print(f"viewer image of {stack.name}: {found.digest or 'none'}")


def begin(stack: Stack, commit: str, build: str) -> None:
    """Writes the release record: from here on this build is the one at work."""
    found = Image(**json.loads(IMAGE.read_text(encoding="utf-8")))
    shown = ViewerImage(**json.loads(VIEWER_IMAGE.read_text(encoding="utf-8")))
    ledger = Ledger(stack.google(), stack.records)
    current, generation = ledger.read(stack.name)
    release = Release(
        commit=commit,
        job_source=found.source,
        job_digest=found.digest,
        viewer_hash=shown.content,
        viewer_digest=shown.digest,
        config_hash=stack.config_hash,
    )
    record = begun(current, stack.name, release, build, datetime.now(UTC))
    record = replace(record, previous=_with_set_image(stack, record.previous))
    ledger.write(record, generation)
    before = f"after {record.previous.commit[:12]}" if record.previous else "the first proved release if it passes"
    print(f"delivering {commit[:12]} to {stack.name}, {before}")


def up(stack: Stack, build: str) -> None:
    """`pulumi up` with the record's images. When it fails the record says so, and the next delivery may begin."""
    ledger = Ledger(stack.google(), stack.records)
    record = mine(ledger.read(stack.name)[0], build)
    try:
        cli.up(stack, images(stack, record.release))
    except OpsRefused:
        _end(ledger, stack, build, "failed")
        raise


def viewer(stack: Stack, build: str) -> None:
    """Releases the viewer that this commit renders, and notes the hash of what is live.

    On Cloud Run `pulumi up` has released it: it is looked at, and taken back when it is not what the record says.
    """
    ledger = Ledger(stack.google(), stack.records)
    record = mine(ledger.read(stack.name)[0], build)
    outputs = json.loads(OUTPUTS.read_text(encoding="utf-8"))
    if not outputs.get("viewerConfig"):
        print("viewer not released: the stack has no sign-in client yet (nextCommands says what to do)")
        return
    if stack.settings.viewer_host == "cloud_run":
        digest = record.release.viewer_digest
        problem = viewer_image.wrong(stack, outputs, digest, ledger.google) if digest else None
        if problem:
            take_back(stack, ledger, build, problem)
        print(f"viewer of {stack.name}: image {digest or 'none, as nobody has built one (viewerImageDigest)'}")
        return
    if python("ops", "viewer", "release", "--outputs", OUTPUTS):
        _end(ledger, stack, build, "failed")
        raise OpsRefused(f"the viewer of {stack.name} was not released, see above; what was live before is live still")
    current, generation = ledger.read(stack.name)
    record = mine(current, build)
    content = viewer_site.live_hash(viewer_site.hosting(stack))
    ledger.write(replace(record, release=replace(record.release, viewer_hash=content)), generation)


def smoke(stack: Stack, build: str) -> None:
    """Proves the release, or goes back to the one before and says so. Raises `OpsRefused` when it did not pass."""
    ledger = Ledger(stack.google(), stack.records)
    record = mine(ledger.read(stack.name)[0], build)
    folder = REPORTS / stack.name
    status = python("smoke_tests", "run", "--outputs", OUTPUTS, "--report", folder, "--profile", profile(stack))
    for kept in ledger.keep(folder, f"releases/{stack.name}/{build}/"):
        print(f"report kept: {kept}")
    if status == 0:
        _end(ledger, stack, build, "proved")
        print(f"{record.release.commit[:12]} is proved on {stack.name}")
        return
    commit = record.release.commit[:12]
    take_back(stack, ledger, build, f"the smoke tests of {commit} on {stack.name} ended with {status}")


def take_back(stack: Stack, ledger: Ledger, build: str, why: str) -> NoReturn:
    """Goes back to the release before, where there is one. Raises `OpsRefused` with all that happened."""
    try:
        back = go_back(stack, ledger, build)
    except OpsRefused as refused:
        _end(ledger, stack, build, "failed")
        raise OpsRefused(f"{why}, and the stack is as they left it: {refused}") from refused
    raise OpsRefused(f"{why}; {stack.name} is back at {back.release.commit[:12]}: {_words(back.release)}")


def rollback(stack: Stack, build: str) -> None:
    """By hand: what a failed smoke test does."""
    ledger = Ledger(stack.google(), stack.records)
    current, generation = ledger.read(stack.name)
    if current:
        now = datetime.now(UTC)
        require_idle(current, now)
        gone_back(current, build, now)
        # Taken first: a delivery that begins meanwhile waits, and of two rollbacks one goes on.
        ledger.write(
            replace(current, state="deploying", build=build, since=now.isoformat(timespec="seconds")), generation
        )
    try:
        back = go_back(stack, ledger, build)
    except OpsRefused:
        if current:
            _end(ledger, stack, build, "failed")
        raise
    print(f"{stack.name} is back at {back.release.commit[:12]}: {_words(back.release)}")
    print(f"prove it with: make smoke STACK={stack.name}")


def give_up(stack: Stack) -> None:
    """Ends a delivery whose build was cancelled, so that the next may begin."""
    ledger = Ledger(stack.google(), stack.records)
    current, generation = ledger.read(stack.name)
    if current is None or current.state != "deploying":
        raise OpsRefused(f"no delivery to {stack.name} is under way")
    ledger.write(replace(current, state="failed"), generation)
    print(f"the delivery of {current.release.commit[:12]} by build {current.build} counts as failed")


def settings(stack: Stack) -> Release | None:
    """For a preview: this checkout's stack file gets the images that the stack runs, as the record has them."""
    try:
        record, _ = Ledger(stack.google(), stack.records).read(stack.name)
    except OpsRefused as refused:
        if refused.status != 403:
            raise
        # Who may read the record but not list the bucket is told 403, not 404, when there is none yet.
        print(f"no release record of {stack.name} can be read, so its images are not set: {refused}")
        return None
    release = record.last_proved if record else None
    if release:
        cli.configure(stack, stack.images(release.job_digest, release.viewer_digest, owned=True))
    return release


def go_back(stack: Stack, ledger: Ledger, build: str) -> Record:
    """The previous release's images and viewer, then the record. Raises `OpsRefused`; then the record is as it was."""
    current, generation = ledger.read(stack.name)
    if current is None:
        raise OpsRefused(f"{stack.name} has no release record, so there is nothing to go back to")
    back = gone_back(current, build, datetime.now(UTC))
    cli.up(stack, images(stack, back.release))
    if back.release.viewer_hash and not back.release.viewer_digest and stack.settings.viewer_host == "firebase":
        viewer_site.make_live(viewer_site.hosting(stack), back.release.viewer_hash)
    ledger.write(back, generation)
    return back


def profile(stack: Stack) -> str:
    """In production only what is read: nothing is ever stored where people's images are."""
    return "readonly" if stack.settings.environment == "prod" else "full"


def _end(ledger: Ledger, stack: Stack, build: str, state: State) -> None:
    current, generation = ledger.read(stack.name)
    ledger.write(replace(mine(current, build), state=state), generation)


def _with_set_image(stack: Stack, previous: Release | None) -> Release | None:
    """The release before with the viewer's image that the committed settings name, where no delivery knew of one."""
    digest = stack.settings.viewer_image_digest
    if previous is None or previous.viewer_digest or digest is None:
        return previous
    return replace(previous, viewer_hash=None, viewer_digest=digest)


def images(stack: Stack, release: Release) -> cli.Images:
    """What `pulumi up` is given of a release."""
    return stack.images(release.job_digest, release.viewer_digest)


def _words(release: Release) -> str:
    viewer = f"image {release.viewer_digest}" if release.viewer_digest else (release.viewer_hash or "none")[:12]
    return f"job image {release.job_digest or 'none'}, viewer {viewer}"
