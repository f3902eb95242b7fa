"""`up`: start the local cloud, deploy the stack in process, release the viewer, smoke-test, say where to look.

It runs the program, the viewer's release, the loader and the smoke tests as a user would, and imports none of them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from rich.console import Console

from engine import (
    ConfigProblem,
    Deployment,
    DeploymentFailed,
    HttpTransport,
    RestProvider,
    StackConfig,
    load_config,
    program_of,
    run,
)
from localcloud.assemble import Parts
from localcloud.awkward import GRANT_SECONDS, SITE_SECONDS
from localcloud.server import PortTaken
from ops.client.outputs import StackOutputs, require
from ops.local import state, view
from ops.local.ending import wait_for_the_end
from ops.local.serve import JOB
from ops.local.session import LOGS, CloudOptions, as_project, session
from ops.review.judge import PolicyBroken, judge, today

ROOT = Path()
TOKEN = f"{sys.executable} -m ops token --as {{principal}}"
JOB_IMAGE, SOME_DIGEST = "dicom-platform:jobImageDigest", f"sha256:{'0' * 64}"
LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d+")


def up(options: argparse.Namespace) -> int:
    """Exit status: 0 all well, the smoke tests' own when they fail, 1 deployment failed, 2 could not start."""
    console = Console(highlight=False)
    try:
        loaded = stack_config()
        judge(program_of(ROOT), loaded, "local", root=ROOT, today=today())
        chosen: CloudOptions = {
            **as_project(new=options.new_project),
            "new_project": True,
            "project": loaded.config["gcp:project"],
        }
        with session(port=options.port, data=None, settings=chosen) as parts:
            started = time.monotonic()
            deployment = deploy(console, parts, loaded)
            outputs = write_outputs(deployment, options.json)
            let_settle(console, parts.cloud.delays if options.new_project else 0.0)
            viewer = "left out (--no-viewer)" if options.no_viewer else release_viewer(console, outputs)
            status = smoke(outputs, viewer)
            if not options.once and not options.no_demo:
                load_demo(console, outputs, parts.cloud.data / "demo")
            console.print()
            logs = LOGS.resolve() if options.once else parts.cloud.data / "logs"
            stack = require(deployment.outputs, StackOutputs)
            console.print(view.where_to_look(places(stack, logs, viewer)), soft_wrap=True)
            console.print(
                f"\nUp in {time.monotonic() - started:.1f} s; smoke tests {'passed' if status == 0 else 'FAILED'}."
            )
            if not options.once:
                console.print("Serving until Ctrl-C.")
                wait_for_the_end()
            return status
    except (PortTaken, ConfigProblem, DeploymentFailed, PolicyBroken, pulumi.RunError) as error:
        print(f"up: {error}", file=sys.stderr)
        return 2 if isinstance(error, PortTaken) else 1
    except OSError as error:
        print(f"up: {error.strerror or error}: {error.filename or state.FOLDER}", file=sys.stderr)
        return 2


def stack_config(settings: Mapping[str, Any] | None = None) -> StackConfig:
    """Pulumi.local.yaml, with `settings` before its own.

    The image's digest is only known once the local registry is up, and every rule looks at what would run.
    """
    return load_config(ROOT, "local", {**(settings or {}), JOB_IMAGE: SOME_DIGEST})


def deploy(console: Console, parts: Parts, loaded: StackConfig) -> Deployment:
    """Run the program against the served local cloud, wherever it listens; the job's image is the source as it is."""
    base = parts.cloud.base
    config = {key: LOOPBACK.sub(base, value) for key, value in loaded.config.items()}
    config[JOB_IMAGE] = parts.registry.seed(JOB)
    transport = HttpTransport(base, parts.cloud.iam.token(parts.cloud.iam.owner))
    provider = RestProvider(transport, clock=parts.cloud.clock)
    with view.resources(console, f"Deploying {loaded.project_name} (local) to {base}") as tree:
        deployment = run(
            program_of(ROOT),
            provider,
            project=loaded.project_name,
            stack="local",
            config=config,
            secret_keys=loaded.secret_keys,
            on_event=tree.take,
            clock=parts.cloud.clock,
            sleep=parts.cloud.sleep,
        )
    console.print(f"Resources: {tree.summary()}\n")
    return deployment


def let_settle(console: Console, delays: float) -> None:
    """Until every part of a new project's Google knows of the last grant and of the site."""
    if seconds := delays * max(GRANT_SECONDS, SITE_SECONDS):
        console.print(f"A new project: {seconds:.0f} s until the last grants count.")
        time.sleep(seconds)


def write_outputs(deployment: Deployment, copy: Path | None) -> Path:
    """The stack's outputs for the commands that follow, and for the user who asked with --json."""
    text = json.dumps(deployment.outputs, indent=2, sort_keys=True) + "\n"
    path = state.FOLDER / "outputs.json"
    for target in filter(None, (path, copy)):
        state.write_private(target, text)
    return path


def python(*arguments: str, quiet: bool = False) -> int:
    """Run a module as a user would; on Ctrl-C wait for it to tidy up before going on. `quiet` shows errors only."""
    output = subprocess.DEVNULL if quiet else None
    with subprocess.Popen([sys.executable, "-m", *arguments], stdout=output) as process:  # noqa: S603 - our own modules
        try:
            return process.wait()
        except KeyboardInterrupt:
            end(process)
            raise


def end(process: subprocess.Popen[bytes]) -> None:
    """A terminal's Ctrl-C has reached the child too; a signal to us alone has not."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()


def release_viewer(console: Console, outputs: Path) -> str:
    """Release the viewer to the stack's site; without it everything else still comes up."""
    if python("ops", "viewer", "release", "--outputs", str(outputs), "--token-command", TOKEN) == 0:
        return ""
    console.print("The viewer is missing (the line above says why); everything else is up.\n", style="yellow")
    return "missing: its release failed, see above"


def smoke(outputs: Path, viewer: str) -> int:
    """Run the smoke tests; a viewer that is missing is told, so that its checks are skipped by name."""
    report = state.FOLDER / "reports"
    options = ["--outputs", str(outputs), "--report", str(report), "--token-command", TOKEN]
    return python("smoke_tests", "run", *options, *(["--missing", f"viewer={viewer}"] if viewer else []))


def load_demo(console: Console, outputs: Path, folder: Path) -> None:
    """Put one synthetic tissue slide where the viewer looks, so that there is something to see."""
    slide = ("smoke_tests", "slide", "--painter", "tissue", "--run-id", "demo", "--demo", "--out", str(folder))
    load = ("ops", "load", str(folder), "--outputs", str(outputs), "--token-command", TOKEN)
    loaded = python(*slide, quiet=True) == 0 and python(*load, quiet=True) == 0
    console.print("Demo slide loaded.\n" if loaded else "There is no demo slide: the line above says why.\n")


def places(outputs: StackOutputs, logs: Path, viewer: str) -> list[tuple[str, str]]:
    """What the closing table says: where to look."""
    users = ", ".join(outputs.groups.viewers)
    return [
        ("Viewer", viewer or f"{outputs.viewer_url}  (sign in as {users})"),
        ("DICOMweb root", outputs.dicomweb_root),
        ("Job", outputs.job or "not declared: no image digest"),
        ("Job records", f"gs://{outputs.records_bucket}"),
        ("Logs", str(logs)),
        ("Smoke report", str((state.FOLDER / "reports").resolve())),
        ("Stack outputs", str((state.FOLDER / "outputs.json").resolve())),
    ]
