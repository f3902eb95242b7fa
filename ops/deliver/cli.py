"""The Pulumi CLI on a stack, and what must be true before it changes anything, whoever runs it.

Here is the one `pulumi up` of deliveries, of `make deploy` and of the first hour; and our own modules as a user would
run them.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.settings import NAMESPACE
from ops.client import pulumi as pulumi_cli
from ops.client.children import run_child
from ops.client.refusal import OpsRefused
from ops.deliver.stack import Stack
from ops.operate.doctor.existing import refuse_what_stands_in_the_way
from ops.operate.recover import recover

WORK = Path(".delivery")
"""What steps of one build hand to each other; on Cloud Build in /workspace, which they share."""
OUTPUTS = WORK / "outputs.json"
Images = Mapping[str, str | None]
"""Setting → the digest that it gets; None leaves it as it is."""


class Failed(OpsRefused):
    """The CLI ended with an error; `printed` is its standard output, when that was captured."""

    def __init__(self, sentence: str, printed: str) -> None:
        super().__init__(sentence)
        self.printed = printed


def pulumi(stack: Stack, *arguments: str, capture: bool = False) -> str:
    """Runs the CLI on the stack; returns its standard output when captured. Raises `Failed`."""
    command = [pulumi_cli.find(), *arguments, "--stack", stack.name]
    printed = ""
    if capture:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, env=stack.pulumi_environment, stdout=subprocess.PIPE, text=True, check=False
        )
        status, printed = done.returncode, done.stdout
    else:
        status = run_child(command, stack.pulumi_environment)
    if status:
        what = f"pulumi {' '.join(arguments[:2])} ended with {status} on stack {stack.name}"
        raise Failed(f"{what}, see above", printed)
    return printed


def require_backend(stack: Stack) -> None:
    """Raises `OpsRefused` at the first step, and not in the middle, when nobody said where Pulumi's state is."""
    if "PULUMI_BACKEND_URL" not in stack.pulumi_environment:
        raise OpsRefused(
            f"nothing says where Pulumi's state of {stack.name} is, so a build cannot find it: "
            f"pulumi config set -s {stack.name} {NAMESPACE}:stateBucket BUCKET, deploy by hand once, commit the file"
        )


def configure(stack: Stack, images: Images) -> None:
    """Sets the images that the release record names, in this checkout's copy of the stack's file only."""
    for key, digest in images.items():
        if digest:
            pulumi(stack, "config", "set", f"{NAMESPACE}:{key}", digest)


def up(stack: Stack, images: Images) -> None:
    """`pulumi up` with these images, forward or back; leaves the stack's outputs in OUTPUTS."""
    configure(stack, images)
    update(stack, "--yes", "--non-interactive")
    WORK.mkdir(exist_ok=True)
    OUTPUTS.write_text(pulumi(stack, "stack", "output", "--json", capture=True), encoding="utf-8")


def deploy(stack: Stack, *options: str) -> None:
    """`pulumi up` of a new declaration. Raises `OpsRefused` before the first change, `Failed` after it.

    The local cloud forgets what Google keeps, so nothing of that stands in the way of stack local.
    """
    pulumi_cli.find()  # said before a minute of judging
    if stack.name != "local":
        refuse_what_stands_in_the_way(stack)
    try:
        update(stack, *options)
    except Failed as failed:
        raise Failed(
            f"{failed}; if it says that the stack is locked, or that something exists already, an update was killed: "
            f"make recover STACK={stack.name}",
            failed.printed,
        ) from None


def update(stack: Stack, *options: str) -> None:
    """`pulumi up`, once every rule has been asked. Raises `OpsRefused` before the first change, `Failed` after it.

    Rules over the whole stack are asked by `pulumi up` itself only when all is changed: so the program is judged in
    process first, where every value is known, and then by the engine's own preview, which has the provider's values.
    """
    require_sound(stack)
    # Without --skip-preview: then the pack is asked before the first change, and a violation ends it there.
    pulumi(stack, "up", *pack_options(stack), *options)


def pack_options(stack: Stack) -> tuple[str, ...]:
    """The policy pack for the engine; none in the one step that takes over what exists (docs/adopting.md).

    There the engine shows the pack what is imported and not what is declared, and the pack would refuse a store
    without our labels. `judge` has seen all that is declared.
    """
    return () if stack.settings.imports else ("--policy-pack", "policy")


def require_sound(stack: Stack) -> None:
    """Raises `OpsRefused` for what is declared and may not be, or not in one step."""
    judge(stack)
    require_whole_move(stack)


def cancel(stack: Stack) -> None:
    """Takes away what an update that was killed left, where there is any; nobody may be at work."""
    with contextlib.suppress(Failed):
        pulumi(stack, "cancel", "--yes", capture=True)
    recover(stack, print)


def judge(stack: Stack) -> None:
    """Asks the policy about all that the checkout declares. Raises `OpsRefused`; nothing is changed or asked."""
    if python("ops", "judge", "--stack", stack.name):
        raise OpsRefused(f"the policy refuses what is declared for {stack.name}, see above; nothing is changed")


def require_whole_move(stack: Stack) -> None:
    """Raises `OpsRefused` before a change that the provider would only refuse in its middle, with a clean preview."""
    if not stack.settings.protected or stack.settings.viewer_host != "firebase":
        return
    try:
        deployed = json.loads(pulumi(stack, "stack", "output", "--json", capture=True))
    except Failed:
        return  # nothing is deployed yet
    if deployed.get("viewerHost") == "cloud_run":
        raise OpsRefused(
            f"the viewer of {stack.name} is on Cloud Run, as a service that the provider refuses to delete, and only "
            "once half of the change is made: do first what docs/removing-on-purpose.md says under "
            "«The viewer, from Cloud Run to Firebase»; nothing is changed"
        )


def preview(stack: Stack, *, refresh: bool = False) -> str:
    """What `pulumi preview --json` prints; with `refresh`, against what Google has and not against the state.

    Without `--show-sames` Pulumi leaves out what stays as it is, and with it most grants and most of the cost.
    """
    options = ("--refresh",) if refresh else pack_options(stack)
    return pulumi(stack, "preview", "--json", "--show-sames", "--non-interactive", *options, capture=True)


def python(module: str, *arguments: str | Path) -> int:
    """Exit status of `python -m module`."""
    command: Sequence[str] = [sys.executable, "-m", module, *map(str, arguments)]
    return run_child(command)
