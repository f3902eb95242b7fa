"""What `pulumi preview` of the program costs, against that of a program with as many bare resources.

Where the Pulumi CLI and the gcp provider are on PATH, both are previewed with them. Elsewhere the engine's and the
provider's work is left out: a fresh process declares each in process, and what ours takes beyond the bare one is set
against a preview of the bare one with the engine, which was measured where there was one (`BARE_PREVIEW`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from benchmarks.harness import REPOSITORY, BenchmarkReport, best, parser, processor_seconds
from infra.settings import NAMESPACE

GOAL = 1.25
SETTINGS = "PREVIEW_SETTINGS"
"""Names the variable that hands a stack's settings to the fresh process."""
BARE_PREVIEW = 4.0
"""CPU seconds of `pulumi preview` of 187 bare topics, with CLI 3.259 and provider 9.35."""
STACKS = ("local", "prod")
BARE = """import os
import pulumi_gcp as gcp
for number in range(int(os.environ["RESOURCES"])):
    gcp.pubsub.Topic(f"topic-{number}", project="p")
"""
ENVIRONMENT = {
    "GOOGLE_OAUTH_ACCESS_TOKEN": "not-asked-for-anything",
    "PULUMI_CONFIG_PASSPHRASE": "preview",
    "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}


def cpu(program: str, runs: int) -> float:
    """CPU seconds of a fresh process that declares a stack, or the bare resources."""
    return best(lambda: processor_seconds(["-m", "benchmarks.preview", "--only", program]), runs)


def declare(program: str, settings: Mapping[str, object]) -> int:
    """The program as a preview runs it, in this process; how many resources it has."""
    from engine import StackConfig, load_config, program_of
    from engine.rehearsal import rehearse

    if program == "bare":
        made = rehearse(lambda: exec(BARE), StackConfig(project_name="bare", config={}, secret_keys=[]), program)
    else:
        made = rehearse(program_of(REPOSITORY), load_config(REPOSITORY, program, settings), program)
    return sum(node.custom for node in made.resources.values())


def with_the_engine(folder: Path, stack: str, state: str, runs: int) -> float:
    """CPU seconds of `pulumi preview` of the project in a folder, its engine, provider and program together."""
    environment = {**os.environ, **ENVIRONMENT, "PULUMI_BACKEND_URL": f"file://{state}"}

    def pulumi(*arguments: str) -> None:
        command = ["pulumi", *arguments, "--non-interactive", "--stack", stack]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)

    def preview() -> float:
        before = os.times()
        pulumi("preview")
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    pulumi("stack", "init")
    return best(preview, runs)


def engine_ratio(stack: str, settings: Mapping[str, object], resources: int, runs: int) -> tuple[float, float]:
    """CPU seconds of a preview of a stack in a copy of this checkout, and of as many bare resources."""
    os.environ["RESOURCES"] = str(resources)
    with tempfile.TemporaryDirectory() as folder:
        ours, bare, state = (Path(folder) / name for name in ("ours", "bare", "state"))
        shutil.copytree(REPOSITORY, ours, ignore=shutil.ignore_patterns(".git", ".venv", ".localcloud", "tests"))
        bare.mkdir()
        state.mkdir()
        runtime = json.dumps({"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}})
        (bare / "Pulumi.yaml").write_text(f"name: bare\nruntime: {runtime}\n")
        (bare / "__main__.py").write_text(BARE)
        (ours / ".venv").symlink_to(sys.prefix)
        file = ours / f"Pulumi.{stack}.yaml"
        written = yaml.safe_load(file.read_text())
        written["config"] |= {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in settings.items()}
        file.write_text(yaml.safe_dump(written))
        return with_the_engine(ours, stack, str(state), runs), with_the_engine(bare, stack, str(state), runs)


def main() -> int:
    declared = parser(__doc__)
    declared.add_argument("--only", choices=["bare", *STACKS], help=argparse.SUPPRESS)
    options = declared.parse_args()
    if options.only:
        declare(options.only, json.loads(os.environ[SETTINGS]) if options.only == "prod" else {})
        return 0

    from tests.infra.stacks import PROD

    os.environ[SETTINGS] = json.dumps(PROD)
    report = BenchmarkReport()
    for stack in STACKS:
        settings = PROD if stack == "prod" else {}
        resources = declare(stack, settings)
        os.environ["RESOURCES"] = str(resources)
        if shutil.which("pulumi"):
            ours, bare = engine_ratio(stack, settings, resources, options.runs)
            detail = f"{ours:.2f} s CPU, {resources} bare resources {bare:.2f}"
            report.line(f"{stack}, with the engine", ours / bare, "<=", GOAL, detail)
            continue
        ours, bare = cpu(stack, options.runs), cpu("bare", options.runs)
        detail = (
            f"{ours:.2f} s CPU in process, {resources} bare resources {bare:.2f}, of their preview's {BARE_PREVIEW} s"
        )
        report.line(f"{stack}, by its share in process", 1 + (ours - bare) / BARE_PREVIEW, "<=", GOAL, detail)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
