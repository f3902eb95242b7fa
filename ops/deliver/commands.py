"""`python -m ops deliver COMMAND --stack S`: the steps of a delivery, and what a person does by hand."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ops.client.refusal import OpsRefused
from ops.deliver import by_hand, image, pins, steps, viewer_image
from ops.deliver.stack import load


def reports() -> ModuleType:
    """Loaded when asked for: it needs `review`, which a delivery's environment may lack."""
    return importlib.import_module("ops.deliver.reports")


Command = Callable[[argparse.Namespace], object]
COMMANDS: dict[str, tuple[Command, str]] = {
    "start": (
        lambda o: steps.start(load(o.stack), o.commit, o.build),
        "settle what an earlier delivery left, ask GitHub and the policy; nothing is changed yet",
    ),
    "image": (lambda o: steps.image(load(o.stack), o.commit), "decide the job image's digest, building it if need be"),
    "viewer-image": (
        lambda o: steps.choose_viewer_image(load(o.stack), o.commit),
        "decide the digest of the viewer's image on Cloud Run, building it if need be",
    ),
    "begin": (lambda o: steps.begin(load(o.stack), o.commit, o.build), "write the release record"),
    "up": (lambda o: steps.up(load(o.stack), o.build), "pulumi up with the record's images"),
    "viewer": (lambda o: steps.viewer(load(o.stack), o.build), "release the viewer and note its hash"),
    "smoke": (lambda o: steps.smoke(load(o.stack), o.build), "run the smoke tests and keep their report"),
    "finish": (lambda o: steps.finish(load(o.stack), o.build), "prove the release, or go back"),
    "rollback": (lambda o: steps.rollback(load(o.stack), o.build), "go back to the last proved release"),
    "give-up": (lambda o: steps.give_up(load(o.stack)), "end a delivery whose build was cancelled"),
    "viewer-outputs": (
        lambda o: by_hand.write_outputs(load(o.stack), os.environ),
        "write what the viewer's release needs, from the secret in VIEWER_CONFIG",
    ),
    "job-base": (lambda _: image.write_base(), "write what the job's image is built on"),
    "viewer-context": (lambda o: viewer_image.write(load(o.stack)), "write what the viewer's image is built from"),
    "viewer-ask": (lambda o: viewer_image.ask(load(o.stack), o.url), "ask a running image for all that it must serve"),
    "settings": (lambda o: steps.settings(load(o.stack)), "set the images that the stack runs, for a preview"),
    "preview": (lambda o: reports().preview(load(o.stack), o.out), "write the plan of `pulumi preview` as JSON"),
    "comment": (lambda o: reports().comment(o.number, o.file), "post a pull request's one comment, or change it"),
    "drift": (lambda o: reports().find_drift(load(o.stack), o.out), "write what is not as declared as Markdown"),
    "track": (lambda o: reports().track(o.stack, o.file), "open, update or close the issue of a drift report"),
    "pin": (lambda o: pins.pin(o.builder), "write the digest behind a builder's tag into infra/builders.yaml"),
}
NOTED = ("up", "viewer", "smoke")
"""Steps of a delivery after which `finish` still runs, and says why it goes back."""
OF_A_BUILD = ("--stack", "--build")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "start": ("--stack", "--commit", "--build"),
    "image": ("--stack", "--commit"),
    "viewer-image": ("--stack", "--commit"),
    "job-base": (),
    "viewer-ask": ("--stack", "--url"),
    "begin": ("--stack", "--commit", "--build"),
    "up": OF_A_BUILD,
    "viewer": OF_A_BUILD,
    "smoke": OF_A_BUILD,
    "finish": OF_A_BUILD,
    "rollback": OF_A_BUILD,
    "preview": ("--stack", "--out"),
    "comment": ("--number", "--file"),
    "drift": ("--stack", "--out"),
    "track": ("--stack", "--file"),
    "pin": ("builder",),
}
"""Of each command that takes more than `--stack`."""
OPTIONS: dict[str, dict[str, Any]] = {
    "--stack": {"required": True, "help": "stack, as in Pulumi.STACK.yaml"},
    "--commit": {"required": True, "help": "full id of the commit"},
    "--build": {"default": f"by hand, {os.environ.get('USER', 'somebody')}", "help": "id of the build"},
    "--url": {"required": True, "help": "where the image runs"},
    "--out": {"required": True, "type": Path, "help": "file to write"},
    "--file": {"required": True, "type": Path, "help": "file to send"},
    "--number": {"required": True, "type": int, "help": "number of the pull request"},
    "builder": {"help": "its key in infra/builders.yaml"},
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m ops deliver", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name, (_, words) in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        for argument in ARGUMENTS.get(name, ("--stack",)):
            command.add_argument(argument, **OPTIONS[argument])
    return top


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        COMMANDS[options.command][0](options)
    except OpsRefused as error:
        if options.command in NOTED:
            steps.note_failure(error)
        print(f"deliver {options.command}: {error}", file=sys.stderr)
        return 1
    return 0
