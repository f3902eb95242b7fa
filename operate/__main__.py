"""`python -m infra doctor|bootstrap --stack dev`: the first hour of a deployment.

doctor     looks at everything that must be in place, and says what to do about what is not; changes nothing
bootstrap  makes what must exist before the first `pulumi up`: the state's bucket and the key of its secrets
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console

from delivery.google import Google, Refused
from delivery.stack import Stack, load
from infra.endpoints import KEYS, api_roots
from operate.bootstrap import Bootstrap
from operate.doctor import Check, Finding, Situation, examine
from operate.doctor.people import dns, firebase, github, sign_in
from operate.doctor.policies import org_policies
from operate.doctor.project import apis, billing, project, quotas
from operate.doctor.state import state
from viewer.target import TargetError, token_source

ALL_DONE, SOMETHING_TO_DO, COULD_NOT_RUN = 0, 1, 2
CHECKS: tuple[Check, ...] = (project, billing, apis, org_policies, quotas, state, firebase, sign_in, github, dns)
ENDPOINTS = {
    **KEYS,
    "cloudbilling": "billingCustomEndpoint",
    "cloudkms": "kmsCustomEndpoint",
    "firebase": "firebaseCustomEndpoint",
    "orgpolicy": "orgPolicyCustomEndpoint",
    "serviceusage": "serviceUsageCustomEndpoint",
}
MARKS = {"ok": ("✓", "green"), "todo": ("✗", "red"), "by hand": ("·", "yellow"), "unknown": ("?", "yellow")}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m infra", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    look = commands.add_parser("doctor", help="look at everything that must be in place; changes nothing")
    look.add_argument("--json", action="store_true", help="print the findings as JSON")
    make = commands.add_parser("bootstrap", help="make the state's bucket and the key of its secrets; can be repeated")
    make.add_argument("--bucket", help="name of the state's bucket (default: PROJECT-pulumi-state)")
    make.add_argument("--cmek", action="store_true", help="encrypt the bucket with the key too")
    for command in (look, make):
        command.add_argument("--stack", required=True, help="name of the stack, as in Pulumi.STACK.yaml")
    return top


def google_of(stack: Stack) -> Google:
    return Google(api_roots(stack.config, ENDPOINTS), token_source())


def doctor(arguments: argparse.Namespace, stack: Stack) -> int:
    situation = Situation(stack=stack.name, settings=stack.settings, google=google_of(stack))
    findings = examine(situation, CHECKS)
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        show(findings)
    return SOMETHING_TO_DO if any(finding.status == "todo" for finding in findings) else ALL_DONE


def show(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark, style = MARKS[finding.status]
        console.print(f"{mark} {finding.topic}: {finding.what}", style=style, markup=False)
        for line in finding.do:
            console.print(f"    {line}", markup=False)
    counts = [f"{sum(one.status == status for one in findings)} {status}" for status in MARKS]
    console.print(", ".join(counts), style="bold", markup=False)


def bootstrap(arguments: argparse.Namespace, stack: Stack) -> int:
    bucket = arguments.bucket or stack.settings.state_bucket or f"{stack.settings.project}-pulumi-state"
    made = Bootstrap(google_of(stack), stack.settings, stack.name, bucket, arguments.cmek, datetime.now(UTC))
    for line in made.run():
        print(line)
    return ALL_DONE


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        stack = load(arguments.stack)
        return {"doctor": doctor, "bootstrap": bootstrap}[arguments.command](arguments, stack)
    except (Refused, TargetError) as problem:
        print(f"infra {arguments.command}: {problem}", file=sys.stderr)
        return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
