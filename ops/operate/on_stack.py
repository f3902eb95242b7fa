"""`python -m ops VERB --stack STACK`: what is typed most, on one stack.

smoke        runs the smoke tests against the deployed stack
seed-golden  puts the golden study where viewers look, once, for read-only smoke tests
preview      what the policy says, then what `pulumi up` would do
deploy       `pulumi up`, once the policy has nothing against it
recover      makes it usable again after an update that was killed
rollback     goes back to the last proved release's job image and viewer
drift        writes what is not as declared, as Markdown
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ops.client import pulumi
from ops.client.children import run_child
from ops.client.refusal import OpsRefused
from ops.deliver import cli
from ops.deliver import commands as deliver
from ops.deliver.stack import load
from ops.operate.recover import recover as recover_stack
from ops.operate.stack_outputs import options


def smoke(given: argparse.Namespace) -> int:
    return smoke_tests("run", *options(given.stack), "--profile", given.profile, "--report", f"reports/{given.stack}")


def seed_golden(given: argparse.Namespace) -> int:
    return smoke_tests("seed-golden", *options(given.stack))


def smoke_tests(*arguments: str) -> int:
    """Runs them as a program of their own: ops never imports them."""
    return run_child([sys.executable, "-m", "smoke_tests", *arguments])


def preview(given: argparse.Namespace) -> int:
    pulumi.find()  # said before a minute of judging
    stack = load(given.stack)
    cli.require_sound(stack)
    cli.pulumi(stack, "preview", *cli.pack_options(stack))
    return 0


def deploy(given: argparse.Namespace) -> int:
    cli.deploy(load(given.stack))
    return 0


def recover(given: argparse.Namespace) -> int:
    recover_stack(load(given.stack), print)
    return 0


def rollback(given: argparse.Namespace) -> int:
    return deliver.main(["rollback", "--stack", given.stack])


def drift(given: argparse.Namespace) -> int:
    return deliver.main(["drift", "--stack", given.stack, "--out", str(given.out)])


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "smoke": smoke,
    "seed-golden": seed_golden,
    "preview": preview,
    "deploy": deploy,
    "recover": recover,
    "rollback": rollback,
    "drift": drift,
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m ops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    for name in VERBS:
        command = commands.add_parser(name)
        command.add_argument("--stack", required=True, help="name of the stack, as in Pulumi.STACK.yaml")
        if name == "smoke":
            command.add_argument("--profile", default="full", choices=("full", "readonly", "quick"))
        if name == "drift":
            command.add_argument("--out", type=Path, default=Path("drift.md"), help="file to write (%(default)s)")
    return top


def main(arguments: list[str]) -> int:
    given = parser().parse_args(arguments)
    try:
        return VERBS[given.command](given)
    except OpsRefused as refused:
        print(f"{given.command}: {refused}", file=sys.stderr)
        return 2
