"""`python -m ops recover --stack STACK`: makes a stack usable again whose update was killed.

Such an update leaves a lock, and in the state what was being made when the process ended: nobody knows whether it is
there, and where it is Google refuses to make it again. `pulumi refresh` asks about each at a terminal, and otherwise
drops it, with or without `--import-pending-creates`. So each goes into the state under the id that follows from its
inputs, and a refresh of those alone takes out what is not there.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from engine.foretell import STAND_IN, foretell
from engine.provider import Declared
from ops.client.pulumi import find
from ops.client.refusal import OpsRefused
from ops.deliver.stack import Stack
from ops.local.state import alive

Json = dict[str, Any]
LOCK = re.compile(r"created by (?P<who>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
"""A line of what the CLI says of a locked stack."""


class Cli(Protocol):
    def __call__(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """What the Pulumi CLI does with these on the stack, `given` on its standard input."""
        ...


def cli_of(stack: Stack) -> Cli:
    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [find(), *arguments, "--stack", stack.name]
        return subprocess.run(  # noqa: S603 - our own arguments
            command, env=stack.pulumi_environment, input=given, capture_output=True, text=True, check=False
        )

    return run


def recover(stack: Stack, say: Callable[[str], object], cli: Cli | None = None) -> None:
    """Raises `OpsRefused` where the update may still run, with the command for when it does not."""
    run = cli or cli_of(stack)
    state: Json = json.loads(succeed(run("stack", "export"), stack))
    deployment: Json = state.setdefault("deployment", {})
    pending = [operation["resource"] for operation in deployment.get("pending_operations") or ()
               if operation["type"] == "creating"]  # fmt: skip
    known = [{**resource, "id": id_, "outputs": {}} for resource, id_ in identified(pending, stack.settings.project)]
    deployment["resources"] = [*(deployment.get("resources") or ()), *known]
    deployment.pop("pending_operations", None)
    written = run("stack", "import", given=json.dumps(state))  # also of nothing new: it says whether there is a lock
    if written.returncode and (locks := list(LOCK.finditer(written.stderr))):
        for lock in locks:
            require_ended(lock, stack)
        succeed(run("cancel", "--yes"), stack)
        say(f"The update that had locked stack {stack.name} has ended: the lock is taken away.")
        written = run("stack", "import", given=json.dumps(state))
    succeed(written, stack)
    if known:
        targets = [word for resource in known for word in ("--target", str(resource["urn"]))]
        succeed(run("refresh", "--yes", "--non-interactive", "--skip-preview", *targets), stack)
        names = ", ".join(name_of(resource) for resource in known)
        say(f"What was being made was looked for, and is in the state if it is there: {names}.")
    if twice := [name_of(resource) for resource in pending if may_be_twice(resource, stack.settings.project)]:
        say(f"Google gives these an id of its own, so look whether one is there twice: {', '.join(twice)}.")


def identified(pending: list[Json], project: str) -> Iterator[tuple[Json, str]]:
    """Each with its id, where that follows from what is declared; a grant has none and can be made again."""
    for resource in pending:
        inputs = {key: value for key, value in resource.get("inputs", {}).items() if not key.startswith("__")}
        declared = Declared(
            urn=resource["urn"], type=resource["type"], name=name_of(resource), inputs=inputs,
            settings={"project": project},
        )  # fmt: skip
        id_, _ = foretell(declared)
        if id_ and STAND_IN not in id_:
            yield resource, id_


def may_be_twice(resource: Json, project: str) -> bool:
    return "IAM" not in resource["type"] and not list(identified([resource], project))


def name_of(resource: Json) -> str:
    return resource["urn"].rpartition("::")[2]


def require_ended(lock: re.Match[str], stack: Stack) -> None:
    """Whether an update on another machine still runs, only a person can say."""
    if lock["host"] == socket.gethostname() and not alive(int(lock["pid"])):
        return
    raise OpsRefused(
        f"stack {stack.name} is locked by {lock['who']}@{lock['host']} (process {lock['pid']}) since {lock['since']}: "
        f"wait until that update has ended; if it was killed: pulumi cancel --yes -s {stack.name}; then run this again"
    )


def succeed(done: subprocess.CompletedProcess[str], stack: Stack) -> str:
    """What it printed. Raises `OpsRefused` with its last words."""
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise OpsRefused(
            f"stack {stack.name} cannot be recovered: the Pulumi CLI ended with {done.returncode}: {words}"
        )
    return done.stdout
