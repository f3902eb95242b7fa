"""The command line: reads arguments, calls one function a command, turns its result into an exit code."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from rich.console import Console

from smoke_tests import reports, slide
from smoke_tests.browser import unavailable
from smoke_tests.context import Profile
from smoke_tests.credentials import ME, Credentials, NoToken, TokenSource, by_command, by_impersonation, by_yourself
from smoke_tests.dicomweb import DicomWeb, DicomwebRefused
from smoke_tests.http import Http, Unreachable, WaitTimedOut, redact
from smoke_tests.janitor import sweep
from smoke_tests.results import COULD_NOT_RUN, LEAKED, PASSED
from smoke_tests.runner import run
from smoke_tests.screen import Screen
from smoke_tests.seeding import Seeder
from smoke_tests.slide.identity import LIFETIME, new_run_id
from smoke_tests.target import BadTarget, SmokeTarget, from_outputs, target_of_url


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m smoke_tests", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    make = commands.add_parser("slide", help="write a synthetic slide as DICOM files")
    make.add_argument("--out", type=Path, required=True, help="folder for the files")
    make.add_argument("--painter", default="grid", choices=get_args(slide.PainterName))
    make.add_argument("--size", type=int, default=4096, help="edge of the base level in pixels")
    make.add_argument("--tile", type=int, default=256, help="edge of a tile in pixels")
    make.add_argument("--run-id", help="names the study; the same id gives the same bytes (default: a new one)")
    make.add_argument("--variant", default="complete", choices=get_args(slide.Variant))
    make.add_argument("--demo", action="store_true", help="a slide to keep: PatientID DEMO-…, which no sweep touches")
    run = commands.add_parser("run", help="run the checks against a deployed stack, or against any DICOMweb store")
    target(run)
    run.add_argument("--profile", default="full", choices=get_args(Profile))
    run.add_argument("--report", type=Path, help="folder for smoke.json, smoke.xml (JUnit) and smoke.md")
    seed = commands.add_parser("seed-golden", help="put the golden study into the stack's store, once, and record it")
    target(seed)
    seed.add_argument(
        "--as",
        dest="principal",
        metavar="EMAIL",
        help="who stores and records (default: you; on the local cloud, its owner)",
    )
    clean = commands.add_parser("sweep", help="delete the studies of smoke runs that were killed")
    target(clean)
    clean.add_argument("--older-than", type=age, default=LIFETIME, help="how old a run must be, as in 2h or 30m")
    return top


def target(command: argparse.ArgumentParser) -> None:
    """Options that say what is tested and as whom."""
    group = command.add_mutually_exclusive_group(required=True)
    group.add_argument("--outputs", type=Path, help="JSON file with the stack's outputs")
    group.add_argument("--dicomweb-root", help="a store by its DICOMweb root, spoken to without a token")
    command.add_argument(
        "--capability", action="append", default=[], metavar="NAME", help="what the store at --dicomweb-root can do"
    )
    command.add_argument(
        "--missing", action="append", default=[], type=reason, metavar="NAME=WHY", help="a capability the stack lacks"
    )
    command.add_argument("--token-command", help="prints an access token of {principal} (default: impersonation)")


def age(text: str) -> timedelta:
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; write 30m, 2h or 1d")
    return int(match[1]) * {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}.get(
        match[2], timedelta(days=1)
    )


def reason(text: str) -> tuple[str, str]:
    name, separator, why = text.partition("=")
    if not (name and separator and why):
        raise argparse.ArgumentTypeError(f"{text!r} says no reason; write NAME=WHY")
    return name, why


def target_of(arguments: argparse.Namespace) -> SmokeTarget:
    if arguments.outputs and arguments.capability:
        raise BadTarget("--capability goes with --dicomweb-root; a stack declares everything but what --missing names")
    if arguments.dicomweb_root and arguments.missing:
        raise BadTarget("--missing goes with --outputs; a store at --dicomweb-root can do what --capability names")
    if arguments.dicomweb_root:
        return target_of_url(arguments.dicomweb_root, arguments.capability)
    try:
        outputs = json.loads(arguments.outputs.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadTarget(f"{arguments.outputs} is not JSON: {error}") from None
    if not isinstance(outputs, dict):
        raise BadTarget(f"{arguments.outputs} must hold one JSON object, the outputs of a stack")
    missing = dict(arguments.missing)
    if why := unavailable():
        missing.setdefault("browser", why)
    return from_outputs(outputs, missing)


def source_of(arguments: argparse.Namespace, target: SmokeTarget) -> TokenSource:
    if arguments.token_command:
        return by_command(arguments.token_command)
    if target.environment == "local":
        raise BadTarget("nobody can be impersonated on a local stack: say with --token-command what prints a token")
    return by_impersonation()


def make_slide(arguments: argparse.Namespace) -> int:
    instances = slide.make(
        arguments.run_id or new_run_id(datetime.now(UTC)),
        painter=arguments.painter,
        size=arguments.size,
        tile=arguments.tile,
        variant=arguments.variant,
        purpose="demo" if arguments.demo else "smoke",
    )
    for path, instance in zip(slide.write(instances, arguments.out), instances, strict=True):
        frames = len(instance.frames)
        print(f"{path}  {instance.columns} x {instance.rows}  {frames} frames  {len(instance.data)} bytes")
    return 0


def run_checks(arguments: argparse.Namespace) -> int:
    if arguments.dicomweb_root and not arguments.capability:
        raise BadTarget(
            f"nothing would be asked of {arguments.dicomweb_root}, and nothing passes: say what it can do, such as "
            "--capability stow --capability qido --capability wado --capability frames"
        )
    target = target_of(arguments)
    console = Console(highlight=False, soft_wrap=True)
    tested = target.reading_only() if arguments.profile == "readonly" else target
    console.print(f"Smoke tests on {tested.dicomweb_root}")
    screen = Screen(console)
    outcome = run(target, source_of(arguments, target), profile=arguments.profile, on_result=screen.show)
    screen.end(outcome)
    if arguments.report:
        reports.write(outcome, arguments.report)
    return outcome.exit_code


def seed_golden(arguments: argparse.Namespace) -> int:
    target = target_of(arguments)
    principal = arguments.principal or (target.owner if target.environment == "local" else ME)
    source = source_of(arguments, target) if principal != ME else by_yourself()
    console = Console(highlight=False, soft_wrap=True, markup=False)
    study = Seeder(Http(), Credentials(source), principal, target, console.print).seed()
    console.print(f"The golden study {study} is where viewers look; check it with the profile readonly")
    return PASSED


def sweep_up(arguments: argparse.Namespace) -> int:
    target = target_of(arguments)
    store = DicomWeb(Http(), target.dicomweb_root, Credentials(source_of(arguments, target)), target.writer)
    done = sweep(store, older_than=arguments.older_than, now=datetime.now(UTC))
    print(f"{len(done.removed)} removed, {len(done.young)} too young, {len(done.problems)} problems")
    for problem in done.problems:
        print(f"  {redact(problem)}")
    return LEAKED if done.problems else PASSED


COMMANDS = {"slide": make_slide, "run": run_checks, "seed-golden": seed_golden, "sweep": sweep_up}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        return COMMANDS[arguments.command](arguments)
    except (ValueError, OSError, NoToken, Unreachable, DicomwebRefused, WaitTimedOut) as error:
        print(f"smoke_tests {arguments.command}: {redact(str(error))}", file=sys.stderr)
        return COULD_NOT_RUN
