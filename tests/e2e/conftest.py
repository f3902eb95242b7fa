"""The whole stack on a local cloud in this process: the real program deployed, the real job and loader against it."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console

from localcloud.assemble import Parts
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.load.commands import main as load
from ops.local import up
from tests.clock import SETTLED, new_project
from tests.e2e.tiles import Tile
from tests.e2e.tiles_slide import Written, write_slide
from tests.local_objects import object_path

PATIENCE = 240.0
"""Seconds that anything started here may take. Two runs that work on the same studies wait for each other: the store of
the records takes one write a second to each name."""


@dataclass
class Platform:
    """A deployed stack, and what its users do with it."""

    parts: Parts
    outputs: dict[str, Any]
    folder: Path

    @property
    def cloud(self) -> Cloud:
        return self.parts.cloud

    @property
    def root(self) -> str:
        """DICOMweb root of the raw store, which no viewer reads."""
        return self.outputs["stores"]["raw"]["dicomwebRoot"]

    @property
    def viewer_root(self) -> str:
        return self.outputs["dicomwebRoot"]

    def stop_events(self) -> None:
        """Takes trigger and schedules away, so that only those runs of the job take place that a test starts."""
        owner = self.session(self.cloud.iam.owner)
        location = self.outputs["jobRunUrl"].partition("/v2/")[2].partition("/jobs/")[0]
        events, schedules = map(self.cloud.endpoint, ("eventarc.googleapis.com", "cloudscheduler.googleapis.com"))
        assert owner.delete(f"{events}v1/{location}/triggers/prepare-on-event", timeout=30).ok
        jobs = owner.get(f"{schedules}v1/{location}/jobs", timeout=30).json()["jobs"]
        assert all(owner.post(f"{schedules}v1/{job['name']}:pause", timeout=30).ok for job in jobs)

    def session(self, principal: str) -> requests.Session:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.cloud.iam.token(principal)}"
        return session

    def viewer(self) -> requests.Session:
        return self.session(self.outputs["groups"]["viewers"][0])

    def load(self, source: Path | str, *more: str) -> int:
        """`python -m ops load` with the stack's outputs; returns its exit code."""
        script = self.folder / "token.py"
        script.write_text(TOKENS.format(tokens=json.dumps(self._tokens())))
        command = shlex.join([sys.executable, str(script), "{principal}"])
        outputs = self.folder / "outputs.json"
        outputs.write_text(json.dumps(self.outputs))
        return load([str(source), "--outputs", str(outputs), "--token-command", command, *more])

    def _tokens(self) -> dict[str, str]:
        groups = self.outputs["groups"]
        job = self.outputs["serviceAccounts"]["job"]
        people = (*groups["ingestWriters"], *groups["viewers"], job, self.cloud.iam.owner)
        return {email: self.cloud.iam.token(email) for email in people}

    def run_job(self, *arguments: str) -> dict[str, Any]:
        """Starts the job, with `arguments` as overrides; returns the execution when it has ended."""
        body = {"overrides": {"containerOverrides": [{"args": list(arguments)}]}} if arguments else {}
        owner = self.session(self.cloud.iam.owner)
        started = owner.post(self.outputs["jobRunUrl"], json=body, timeout=30)
        assert started.ok, started.text
        url = f"{self.outputs['endpoints']['run']}v2/{started.json()['name']}"
        end = time.monotonic() + PATIENCE
        while not (operation := owner.get(url, timeout=30).json()).get("done"):
            assert time.monotonic() < end, f"the job did not end in {PATIENCE} s"
            time.sleep(0.1)
        execution = operation.get("response") or operation["metadata"]
        return owner.get(f"{self.outputs['endpoints']['run']}v2/{execution['name']}", timeout=30).json()

    def prepared(self, folder: Path, tile: Tile, key: str) -> list[Written]:
        """A slide of `tile`, loaded, and prepared by a run of the backlog."""
        written = write_slide(folder, tile, key=key)
        assert self.load(folder) == 0
        execution = self.run_job("--quiet-seconds", "0")
        assert execution["succeededCount"] == 1, self.log(execution)
        return written

    def log(self, execution: dict[str, Any]) -> str:
        return (self.cloud.data / "logs" / f"{execution['name'].rpartition('/')[2]}.log").read_text()

    def logs(self) -> list[Path]:
        """Of all executions of the job."""
        return sorted((self.cloud.data / "logs").glob("prepare-*.log"))

    def report(self, study: str, series: str) -> dict[str, Any]:
        path = object_path(self.cloud, self.outputs["recordsBucket"], f"readiness/{study}/{series}.json")
        assert path is not None, f"no report of series {series}"
        return json.loads(path.read_text())


TOKENS = """\
import sys
print({tokens}[sys.argv[1]])
"""


@contextmanager
def deployed(folder: Path, **settings: str) -> Iterator[Platform]:
    """A stack of its own; `settings` (of the program) go before those of Pulumi.local.yaml."""
    with running(new_project(folder / "cloud")) as parts, (folder / "deploy.txt").open("w") as said:
        outputs = up.deploy(Console(file=said), parts, up.stack_config(settings)).outputs
        parts.cloud.sleep(SETTLED)
        yield Platform(parts, outputs, folder)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with deployed(tmp_path_factory.mktemp("platform")) as platform:
        yield platform
