"""`python -m delivery COMMAND --stack S`: the steps of a delivery, and what a person does by hand."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from delivery import by_hand, pins, steps
from delivery.google import Refused
from delivery.stack import load
from viewer.hosting import HostingError
from viewer.target import TargetError

Command = Callable[[argparse.Namespace], None]
COMMANDS: dict[str, tuple[Command, str]] = {
    "image": (lambda o: steps.image(load(o.stack), o.commit), "decide the job image's digest, building it if need be"),
    "begin": (lambda o: steps.begin(load(o.stack), o.commit, o.build), "write the release record"),
    "up": (lambda o: steps.up(load(o.stack), o.build), "pulumi up with the record's image"),
    "viewer": (lambda o: steps.viewer(load(o.stack), o.build), "release the viewer and note its hash"),
    "smoke": (lambda o: steps.smoke(load(o.stack), o.build), "prove the release, or go back"),
    "rollback": (lambda o: steps.rollback(load(o.stack), o.build), "go back to the last proved release"),
    "give-up": (lambda o: steps.give_up(load(o.stack)), "end a delivery whose build was cancelled"),
    "viewer-outputs": (
        lambda o: by_hand.write_outputs(load(o.stack), os.environ),
        "write what the viewer's release needs, from the secret in VIEWER_CONFIG",
    ),
    "settings": (lambda o: steps.settings(load(o.stack)), "set the image that the stack runs, for a preview"),
    "pin": (lambda o: pins.pin(o.builder), "write the digest behind a builder's tag into delivery/builders.yaml"),
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m delivery", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name, (_, words) in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        if name == "pin":
            command.add_argument("builder", help="its key in delivery/builders.yaml")
            continue
        command.add_argument("--stack", required=True, help="stack, as in Pulumi.STACK.yaml")
        if name in ("image", "begin"):
            command.add_argument("--commit", required=True, help="full id of the commit")
        if name not in ("image", "give-up", "settings", "viewer-outputs"):
            by_hand = f"by hand, {os.environ.get('USER', 'somebody')}"
            command.add_argument("--build", default=by_hand, help="id of the build (default: %(default)s)")
    return top


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        COMMANDS[options.command][0](options)
    except (Refused, TargetError, HostingError) as error:
        print(f"delivery {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
