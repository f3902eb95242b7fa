"""`python -m ops doctor|bootstrap|drill`: what people run around a deployment.

doctor     looks at everything that must be in place, and says what to do about what is not; changes nothing
bootstrap  makes what must exist before the first `pulumi up`: the state's bucket and the key of its secrets
drill      exports the raw store to a bucket, restores it into a scratch store, and compares every instance
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ops.client.google import GoogleApi
from ops.client.http import session_of
from ops.client.outputs import Outputs, read_outputs, require
from ops.client.refusal import OpsRefused
from ops.client.tokens import TokenSource, credentials
from ops.deliver.stack import Stack, load
from ops.operate.bootstrap import Bootstrap, bucket_of
from ops.operate.doctor import Check, Diagnosis, Situation, examine
from ops.operate.doctor.accounts import default_accounts
from ops.operate.doctor.branch_protection import branch_protection
from ops.operate.doctor.endpoints import google_of
from ops.operate.doctor.existing import IN_THE_WAY, regions
from ops.operate.doctor.people import dns, firebase, github, sign_in
from ops.operate.doctor.policies import org_policies
from ops.operate.doctor.project import apis, billing, builds, project, quotas
from ops.operate.doctor.state import state
from ops.operate.stack_outputs import outputs_file, owner_of, token_command
from ops.status.records import RecordsReader

ALL_DONE, SOMETHING_TO_DO, COULD_NOT_RUN = 0, 1, 2
CHECKS: tuple[Check, ...] = (
    project,
    billing,
    apis,
    org_policies,
    quotas,
    builds,
    regions,
    *IN_THE_WAY,
    default_accounts,
    state,
    firebase,
    sign_in,
    github,
    branch_protection,
    dns,
)
MARKS = {"ok": ("✓", "green"), "todo": ("✗", "red"), "by hand": ("·", "yellow"), "unknown": ("?", "yellow")}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m ops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    look = commands.add_parser("doctor", help="look at everything that must be in place; changes nothing")
    look.add_argument("--json", action="store_true", help="print the findings as JSON")
    make = commands.add_parser("bootstrap", help="make the state's bucket and the key of its secrets; can be repeated")
    make.add_argument("--bucket", help="name of the state's bucket (default: PROJECT-pulumi-state)")
    make.add_argument("--cmek", action="store_true", help="encrypt the bucket with the key too")
    restore = commands.add_parser("drill", help="export the raw store, restore it into a scratch store, compare")
    of = restore.add_mutually_exclusive_group(required=True)
    of.add_argument("--outputs", type=Path, help="JSON file with the stack's outputs")
    of.add_argument("--stack", help="the stack, whose outputs are asked for")
    restore.add_argument("--bucket", required=True, help="where the export goes; the Healthcare agent writes and reads")
    restore.add_argument("--token-command", help="prints an access token (default: your own credentials)")
    for command in (look, make):
        command.add_argument("--stack", required=True, help="name of the stack, as in Pulumi.STACK.yaml")
    return top


def doctor(arguments: argparse.Namespace, stack: Stack) -> int:
    situation = Situation(stack=stack.name, settings=stack.settings, google=google_of(stack))
    findings = examine(situation, CHECKS)
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        show(findings)
    return SOMETHING_TO_DO if any(finding.status == "todo" for finding in findings) else ALL_DONE


def show(findings: Sequence[Diagnosis]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark, style = MARKS[finding.status]
        console.print(f"{mark} {finding.topic}: {finding.what}", style=style, markup=False)
        for line in finding.do:
            console.print(f"    {line}", markup=False)
    counts = [f"{sum(finding.status == status for finding in findings)} {status}" for status in MARKS]
    console.print(", ".join(counts), style="bold", markup=False)


def bootstrap(arguments: argparse.Namespace, stack: Stack) -> int:
    bucket = arguments.bucket or bucket_of(stack.settings)
    made = Bootstrap(google_of(stack), stack.settings, stack.name, bucket, arguments.cmek, datetime.now(UTC))
    for line in made.run():
        print(line)
    return ALL_DONE


class DrillEndpoints(Outputs):
    healthcare: str
    storage: str


class NamedStore(Outputs):
    name: str


class RawStore(Outputs):
    raw: NamedStore


class DrillOutputs(Outputs):
    """What the drill takes from a stack's outputs."""

    project: str
    endpoints: DrillEndpoints
    stores: RawStore
    records_bucket: str


def drill(arguments: argparse.Namespace) -> int:
    from ops.operate.drill import Drill  # brings pydicom, which takes a quarter of a second
    from ops.operate.retrieval import announce_retrieval

    if arguments.stack:
        arguments.outputs = outputs_file(arguments.stack)
        arguments.token_command = arguments.token_command or token_command(arguments.stack)
    outputs = require(read_outputs(arguments.outputs), DrillOutputs)
    root = outputs.endpoints.healthcare
    credentials_of_owner = credentials(arguments.token_command, owner_of(outputs.project), outputs.project)
    google = GoogleApi({"healthcare": root, "storage": outputs.endpoints.storage}, TokenSource(credentials_of_owner))
    records, why = RecordsReader(google, outputs.records_bucket), "The drill reads them twice, to export and to compare"
    print(announce_retrieval(records, outputs.stores.raw.name, times=2, why=why))
    report = Drill(
        google=google,
        session=session_of(credentials_of_owner),
        root=root,
        store=outputs.stores.raw.name,
        bucket=arguments.bucket,
        prefix=f"drill/{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        say=print,
    ).run()
    for problem in report.problems:
        print(f"  {problem}")
    size = f"{report.instances} instances, {report.bytes / 1e6:.1f} MB"
    print(f"{len(report.problems)} problems in {size}" if report.problems else f"All came back as they were: {size}")
    return SOMETHING_TO_DO if report.problems else ALL_DONE


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        if arguments.command == "drill":
            return drill(arguments)
        stack = load(arguments.stack)
        return {"doctor": doctor, "bootstrap": bootstrap}[arguments.command](arguments, stack)
    except (OpsRefused, OSError) as problem:
        print(f"{arguments.command}: {problem}", file=sys.stderr)
        return COULD_NOT_RUN
