"""What each step of a delivery does. Any of them can be run again: it finds what is done already."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from ops.client.outputs import read_outputs
from ops.client.refusal import OpsRefused
from ops.deliver import cli, viewer_image, viewer_site
from ops.deliver.cli import OUTPUTS, WORK, python
from ops.deliver.commit_checks import require_checks
from ops.deliver.going_back import end, go_back, images, in_words, take_back
from ops.deliver.image import Image, choose
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, Release, require_owner, roll_back, start_record
from ops.deliver.settling import at_work, require_idle, settle
from ops.deliver.stack import Stack, load
from ops.deliver.viewer_image import ViewerImage
from ops.operate.doctor.existing import refuse_what_stands_in_the_way
from ops.operate.stack_outputs import profile, token_options

IMAGE, COPY, VIEWER_IMAGE = WORK / "image.json", WORK / "copy", WORK / "viewer-image.json"
FAILURE, DONE = WORK / "failure", WORK / "done"
TO_BE_DONE = ("up", "viewer", "smoke")
"""Steps that must come to their end before a release is proved."""
REPORTS = Path("reports")
Decision = TypeVar("Decision", Image, ViewerImage)


def start(stack: Stack, commit: str, build: str) -> None:
    """Before anything is changed: settles what an earlier delivery left, then asks GitHub, the policy and Google.

    Raises `OpsRefused` for a commit whose required checks did not pass, for one that breaks a rule, and for what
    Google would refuse in the middle.
    """
    cli.require_backend(stack)
    ledger = Ledger(stack.google(), stack.records)
    for left in (FAILURE, DONE):
        left.unlink(missing_ok=True)
    settle(stack, commit, build, ledger, datetime.now(UTC))
    require_checks(stack, commit, ledger.google)
    record, _ = ledger.read(stack.name)
    if release := record.last_proved if record else None:
        cli.configure(stack, images(stack, release))
    cli.judge(stack)
    refuse_what_stands_in_the_way(stack)


def image(stack: Stack, commit: str) -> None:
    """Decides the digest, building the image when its source or base changed; `copy` then brings it here if need be."""
    cli.require_backend(stack)
    google = stack.google()
    current, _ = Ledger(google, stack.records).read(stack.name)
    source = stack.settings.promote_from
    choice = choose(stack, commit, current, google, load(source) if source else None)
    WORK.mkdir(exist_ok=True)
    COPY.write_text(" ".join(choice.copy) + "\n" if choice.copy else "", encoding="utf-8")
    IMAGE.write_text(json.dumps({"source": choice.source, "digest": choice.digest}), encoding="utf-8")
    print(f"job image of {stack.name}: {choice.digest or 'none yet'}")


def choose_viewer_image(stack: Stack, commit: str) -> None:
    """Decides the viewer's digest where an image serves it, building it when viewer or configuration changed."""
    google = stack.google()
    current, _ = Ledger(google, stack.records).read(stack.name)
    choice = viewer_image.choose(stack, commit, current, google)
    WORK.mkdir(exist_ok=True)
    VIEWER_IMAGE.write_text(json.dumps(asdict(choice)), encoding="utf-8")
    print(f"viewer image of {stack.name}: {choice.digest or 'none'}")


def begin(stack: Stack, commit: str, build: str) -> None:
    """Writes the release record: from here on this build is the one at work."""
    actual = _read_decision(Image, IMAGE, "image", stack)
    shown = _read_decision(ViewerImage, VIEWER_IMAGE, "viewer-image", stack)
    ledger = Ledger(stack.google(), stack.records)
    current, generation = ledger.read(stack.name)
    release = Release(
        commit=commit,
        job_source=actual.source,
        job_digest=actual.digest,
        viewer_hash=shown.content,
        viewer_digest=shown.digest,
        config_hash=stack.config_hash,
    )
    if current and current.state == "deploying" and not at_work(stack, ledger.google, current, datetime.now(UTC)):
        current = replace(current, state="failed")
    record = start_record(current, stack.name, release, build, datetime.now(UTC))
    record = replace(record, previous=_with_set_image(stack, record.previous))
    ledger.write(record, generation)
    before = f"after {record.previous.commit[:12]}" if record.previous else "the first proved release if it passes"
    print(f"delivering {commit[:12]} to {stack.name}, {before}")


def _read_decision(kind: type[Decision], path: Path, step: str, stack: Stack) -> Decision:
    """What a step before left in this folder. Raises `OpsRefused` where it did not run, or left something else."""
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise OpsRefused(
            f"{path} says nothing ({type(problem).__name__}), and the release record holds what it decides: run first "
            f".venv/bin/python -m ops deliver {step} --stack {stack.name} --commit COMMIT"
        ) from None


def up(stack: Stack, build: str) -> None:
    """`pulumi up` with the record's images."""
    record = require_owner(Ledger(stack.google(), stack.records).read(stack.name)[0], build)
    cli.up(stack, images(stack, record.release))
    note_end("up", record)


def viewer(stack: Stack, build: str) -> None:
    """Releases the viewer that this commit renders, and notes the hash of what is live.

    On Cloud Run `pulumi up` has released it: it is looked at, and refused when it is not what the record says.
    """
    ledger = Ledger(stack.google(), stack.records)
    record = require_owner(ledger.read(stack.name)[0], build)
    outputs = read_outputs(OUTPUTS)
    if not outputs.get("viewerConfig"):
        print("viewer not released: the stack has no sign-in client yet (nextCommands says what to do)")
        note_end("viewer", record)
        return
    if stack.settings.viewer_host == "cloud_run":
        digest = record.release.viewer_digest
        problem = viewer_image.mismatch(stack, outputs, digest, ledger.google) if digest else None
        if problem:
            raise OpsRefused(problem)
        print(f"viewer of {stack.name}: image {digest or 'none, as nobody has built one (viewerImageDigest)'}")
        note_end("viewer", record)
        return
    if python("ops", "viewer", "release", "--outputs", OUTPUTS):
        raise OpsRefused(f"the viewer of {stack.name} was not released, see above")
    current, number = ledger.read(stack.name)
    record = require_owner(current, build)
    content = viewer_site.live_hash(viewer_site.hosting(stack))
    ledger.write(replace(record, release=replace(record.release, viewer_hash=content)), number)
    note_end("viewer", record)


def smoke(stack: Stack, build: str) -> None:
    """Runs the smoke tests, and keeps their report. Needs no Pulumi."""
    ledger = Ledger(stack.google(), stack.records)
    record = require_owner(ledger.read(stack.name)[0], build)
    folder = REPORTS / stack.name
    environment = stack.settings.environment
    tokens = token_options(is_local=environment == "local")
    options = ("--outputs", OUTPUTS, "--report", folder, "--profile", profile(environment), *tokens)
    status = python("smoke_tests", "run", *options)
    for kept in ledger.keep(folder, f"reports/{stack.name}/{build}/"):
        print(f"report kept: {kept}")
    if status:
        raise OpsRefused(f"the smoke tests of {record.release.commit[:12]} on {stack.name} ended with {status}")
    note_end("smoke", record)


def finish(stack: Stack, build: str) -> None:
    """Proves the release when every step came to its end, else goes back. Raises `OpsRefused` unless it is proved.

    It runs whatever became of the steps before, and asks them nothing: only what they left counts.
    """
    ledger = Ledger(stack.google(), stack.records)
    record = require_owner(ledger.read(stack.name)[0], build)
    ended = DONE.read_text(encoding="utf-8").splitlines() if DONE.exists() else []
    missing = [name for name in TO_BE_DONE if _line(name, record) not in ended]
    why = FAILURE.read_text(encoding="utf-8").strip() if FAILURE.exists() else ""
    if not missing and not why:
        end(ledger, stack, build, "proved")
        print(f"{record.release.commit[:12]} is proved on {stack.name}")
        return
    unsaid = f"of the delivery of {record.release.commit[:12]} to {stack.name} {', '.join(missing)} did not end well"
    cli.cancel(stack)
    take_back(stack, ledger, build, why or unsaid)


def note_end(step: str, record: Record) -> None:
    """For `finish`: this build's step of this commit came to its end."""
    WORK.mkdir(exist_ok=True)
    with DONE.open("a", encoding="utf-8") as file:
        file.write(f"{_line(step, record)}\n")


def _line(step: str, record: Record) -> str:
    return f"{step} {record.build} {record.release.commit}"


def note_failure(refused: OpsRefused) -> None:
    """For `finish`, which says why the delivery is taken back: the first step that failed is the reason."""
    if not FAILURE.exists():
        WORK.mkdir(exist_ok=True)
        FAILURE.write_text(f"{refused}\n", encoding="utf-8")


def rollback(stack: Stack, build: str) -> None:
    """Does by hand what a failed smoke test does."""
    ledger = Ledger(stack.google(), stack.records)
    current, generation = ledger.read(stack.name)
    if current:
        now = datetime.now(UTC)
        require_idle(stack, ledger.google, current, now)
        roll_back(current, build, now)
        # Taken first: a delivery that begins meanwhile waits, and of two rollbacks one goes on.
        ledger.write(
            replace(current, state="deploying", build=build, since=now.isoformat(timespec="seconds")), generation
        )
    try:
        back = go_back(stack, ledger, build)
    except OpsRefused:
        if current:
            end(ledger, stack, build, "failed")
        raise
    print(f"{stack.name} is back at {back.release.commit[:12]}: {in_words(back.release)}")
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


def _with_set_image(stack: Stack, previous: Release | None) -> Release | None:
    """The release before with the viewer's image that the committed settings name, where no delivery knew of one."""
    digest = stack.settings.viewer_image_digest
    if previous is None or previous.viewer_digest or digest is None:
        return previous
    return replace(previous, viewer_hash=None, viewer_digest=digest)
