"""`python -m ops first-hour --stack STACK`: from nothing to a proved stack on Google Cloud, as far as an API can.

It asks before what costs or cannot be undone, and stops at what only a person can do (billing, Firebase's terms, the
sign-in client, GitHub's app), with the page, the values and how it notices that it is done. At a terminal it waits
there; run again, it goes on from what it finds in the cloud.

exit status: 0 the stack is proved, 1 refused (one sentence says why), 3 a person is needed, 130 Ctrl-C
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.formats import PROJECT_ID
from ops.client import pulumi
from ops.client.children import run_child
from ops.client.refusal import OpsRefused
from ops.client.tokens import token_source
from ops.deliver.stack import Stack, load
from ops.first_hour.access import NewProject
from ops.first_hour.hour import FirstHour
from ops.first_hour.person import AtTheTerminal, Person, PersonNeeded
from ops.first_hour.pulumi_cli import PulumiCli
from ops.first_hour.settings_file import write_setting
from ops.first_hour.steps import walk
from ops.operate.doctor.endpoints import endpoints_of

DONE, REFUSED, PERSON_NEEDED, INTERRUPTED = 0, 1, 3, 130
PROJECT = "gcp:project"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m ops first-hour", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--stack", required=True, help="name of the stack, as in Pulumi.STACK.yaml")
    top.add_argument("--project", default="", help="id of the project, when the stack's file names none yet")
    top.add_argument("--parent", default="", help="organizations/NUMBER or folders/NUMBER in which it is made")
    top.add_argument("--yes", action="store_true", help="agree beforehand to all that costs or cannot be undone")
    return top


def choose_project(name: str, given: str, person: Person, folder: Path) -> None:
    """Writes the project's id into the stack's file, unless it is there. Raises `OpsRefused`, `PersonNeeded`."""
    path = folder / f"Pulumi.{name}.yaml"
    if not path.is_file():
        raise OpsRefused(f"there is no {path.name}; name a stack that has a file, such as dev")
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")).get("config") or {}
    known = str(config.get(PROJECT, ""))
    if known and given and given != known and "dicom-platform:stateBucket" in config:
        raise OpsRefused(f"{path.name} names project {known}, in which its state is already; take PROJECT away")
    if known and given in ("", known):
        return
    if not given:
        if not person.is_there:
            raise PersonNeeded(f"{path.name} names no project: make first-hour STACK={name} PROJECT=PROJECT-ID")
        given = person.answer("Id of the project (made if there is none; it can never be changed)?")
    if not PROJECT_ID.accepts(given):
        raise OpsRefused(f"project id {given!r}: {PROJECT_ID.words}; for example {PROJECT_ID.example}")
    write_setting(path, PROJECT, given)


def google_of(stack: Stack, person: Person) -> NewProject:
    """Google's APIs for somebody in a project that is new."""
    paying, bare = token_source(project=stack.settings.project), token_source()
    return NewProject(endpoints_of(stack), paying, bare, person)


def main(arguments: list[str]) -> int:
    given, folder, person = parser().parse_args(arguments), Path(), AtTheTerminal()
    try:
        pulumi.find()
        choose_project(given.stack, given.project, person, folder)
        stack = load(given.stack, folder)
        walk(
            FirstHour(
                stack_name=given.stack,
                folder=folder,
                google=google_of(stack, person),
                engine=PulumiCli(given.stack),
                person=person,
                run_module=lambda *words: run_child([sys.executable, "-m", *words]),
                agreed=given.yes,
                parent=given.parent,
            )
        )
    except (OpsRefused, KeyboardInterrupt, OSError) as ended:
        return end(ended, given.stack)
    return DONE


def end(why: BaseException, stack: str) -> int:
    """Says in one sentence why the hour ended before its end; the exit status."""
    again = f"make first-hour STACK={stack} goes on from here"
    words = f"interrupted; {again}" if isinstance(why, KeyboardInterrupt) else " ".join(str(why).split())
    print(f"first-hour: {words}", file=sys.stderr)
    if isinstance(why, KeyboardInterrupt):
        return INTERRUPTED
    return PERSON_NEEDED if isinstance(why, PersonNeeded) else REFUSED
