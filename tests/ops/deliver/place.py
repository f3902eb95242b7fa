"""A checkout and a served local cloud in which a pipeline's scripts run, in order, as the deployer.

What stands in for what does not exist here: `pulumi` (stand_in_pulumi.py, which asks the local cloud for the same
change), `docker` (only noted down), Cloud Build itself (`triggers.run` answers with the digest of what the image is
made of, registered in the local registry; this module runs the steps). Everything else is real: the scripts, our
commands, the records bucket, the hosting site, the job, the viewer's service, nginx, IAM.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from engine import Deployment
from localcloud.assemble import Parts
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.server import running
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record
from ops.deliver.stack import Stack, load
from ops.local import state, up
from tests import needs
from tests.nginx_server import serving
from tests.ops.deliver import pipelines

ROOT = Path(__file__).resolve().parents[3]
VIEWER_IMAGE = ROOT / "delivery/viewer-image.yaml"
COPIED = {"Pulumi.local.yaml", "jobs", ".localcloud", ".delivery", ".git", ".pytest_cache", "reports", ".venv-browser"}
DEPLOYER = "imaging-deployer@dicom-local.iam.gserviceaccount.com"
COMMITS = ["a" * 40, "b" * 40, "c" * 40]


@dataclass
class Place:
    folder: Path
    parts: Parts
    built: list[str] = field(default_factory=list[str])
    """Commits for which Cloud Build made an image of the job."""
    shown: list[str] = field(default_factory=list[str])
    """Commits for which it made an image of the viewer."""
    committed: str = ""
    """The stack's file as it is in the repository."""
    deployment: Deployment = field(default_factory=Deployment)

    @property
    def stack(self) -> Stack:
        return load("local", self.folder)

    def environment(self, **more: str) -> dict[str, str]:
        """Of a step: the deployer's token, the stand-ins first on PATH, no credentials of anybody else."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "PULUMI_BACKEND_URL": f"file://{self.folder}",
            "GOOGLE_OAUTH_ACCESS_TOKEN": self.parts.cloud.iam.token(DEPLOYER),
            **more,
        }

    def step(self, script: str, substitutions: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """One step's script, as Cloud Build runs it: with the substitutions as environment variables."""
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder, env=self.environment(**substitutions), capture_output=True, text=True, timeout=200,
        )  # fmt: skip

    def record(self) -> Record:
        found, _ = Ledger(self.stack.google(), self.stack.records).read("local")
        assert found is not None
        return found

    def live_image(self) -> str:
        job = self.parts.cloud.resources.get("run.googleapis.com", self.outputs()["job"])
        assert job is not None
        return job["template"]["template"]["containers"][0]["image"]

    def live_viewer(self) -> str:
        service = self.parts.cloud.resources.get("run.googleapis.com", f"{self.stack.place}/services/viewer")
        assert service is not None
        return service["template"]["containers"][0]["image"]

    def outputs(self) -> dict[str, Any]:
        return json.loads((self.folder / ".stand-in" / "outputs.json").read_text())

    def change_job(self, text: str) -> None:
        """Another source, so another image; the job does the same."""
        with (self.folder / "jobs/prepare/prepare/__init__.py").open("a") as file:
            file.write(f"\n# {text}\n")

    def set(self, key: str, value: Any) -> None:
        """A commit that changes a setting of the stack."""
        path = self.folder / "Pulumi.local.yaml"
        written = yaml.safe_load(path.read_text())
        written["config"][f"dicom-platform:{key}"] = value
        path.write_text(yaml.safe_dump(written))
        self.committed = path.read_text()

    def check_out(self) -> None:
        """As a new build finds the folder."""
        (self.folder / "Pulumi.local.yaml").write_text(self.committed)
        shutil.rmtree(self.folder / ".delivery", ignore_errors=True)

    def run_trigger(self, call: Call) -> dict[str, Any]:
        """Cloud Build's side of `triggers/NAME:run`."""
        trigger, commit = call.name.rpartition("/")[2], call.body["source"]["commitSha"]
        if trigger == "viewer-image":
            self.shown.append(commit)
            digest = self.build_viewer_image()
        else:
            assert trigger == "job-image", call.name
            self.built.append(commit)
            digest = self.parts.registry.seed(self.folder / "jobs/prepare")
        build = {"results": {"images": [{"name": f"{trigger}:b", "digest": digest}]}}
        return {"name": "operations/build/1", "done": True, "metadata": {"build": build}}

    def build_viewer_image(self) -> str:
        """The scripts of delivery/viewer-image.yaml in a checkout of their own, with the token of nobody."""
        given = {"_STACK": "local", "_IMAGE": "HOST/viewer", "BUILD_ID": "b-1", "GOOGLE_OAUTH_ACCESS_TOKEN": ""}
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "checkout"
            checkout(work)
            (work / "Pulumi.local.yaml").write_text(self.committed)
            (work / ".stand-in").mkdir()
            build = Place(work, self.parts)
            scripts = {step["id"]: step["script"] for step in pipelines.build(VIEWER_IMAGE)["steps"]}
            for name in ("context", "build", "start"):
                ended(build.step(scripts[name], given))
            image = work / ".delivery/viewer-image"
            digest = self.parts.registry.seed(image)
            with serving(image) as url:
                ended(build.step(scripts["ask"].replace("http://viewer:8080", url), given))
            with (self.folder / ".stand-in/docker").open("a") as log:
                log.write((work / ".stand-in/docker").read_text())
        return digest


def ended(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def place(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Place]:
    wanted = {"dicom-platform:jobImage": "cloud_build", **(settings or {})}
    work = folder / "checkout"
    checkout(work)
    cloud = Cloud(data=folder / "cloud", project="dicom-local", clock=clock, awkward=WITHOUT_WAITING)
    with running(cloud) as parts:
        made = Place(work, parts)
        monkeypatch.chdir(work)
        point(work, parts, wanted)
        made.committed = (work / "Pulumi.local.yaml").read_text()
        made.deployment = deployment = up.deploy(Console(quiet=True), parts, up.stack_config(wanted))
        (work / ".stand-in").mkdir()
        (work / ".stand-in/outputs.json").write_text(json.dumps(deployment.outputs))
        (work / ".stand-in/resources.json").write_text(
            json.dumps([asdict(node) for node in deployment.resources.values()], default=list)
        )
        parts.cloud.methods["cloudbuild.v1:projects.locations.triggers.run"] = made.run_trigger
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", parts.cloud.iam.token(DEPLOYER))
        yield made


def checkout(work: Path) -> None:
    """This source tree by links; what a delivery or a test writes to is a copy."""
    work.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in COPIED:
            (work / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "jobs", work / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    (work / ".localcloud").mkdir()
    (work / ".localcloud/cache").symlink_to(needs.viewer_packages().parent)
    (work / ".venv-browser").symlink_to(ROOT / ".venv")
    (work / "bin").mkdir()
    stand_in(work / "bin/pulumi", f'exec {sys.executable} -m tests.ops.deliver.stand_in_pulumi "$@"')
    stand_in(work / "bin/docker", 'echo "$@" >> .stand-in/docker')


def stand_in(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


def point(work: Path, parts: Parts, settings: Mapping[str, Any]) -> None:
    """The stack's file and the state file of `localcloud token` name this local cloud."""
    base = parts.cloud.base
    text = (ROOT / "Pulumi.local.yaml").read_text().replace("http://127.0.0.1:8787", base)
    config = yaml.safe_load(text)
    config["config"].update(settings)
    (work / "Pulumi.local.yaml").write_text(yaml.safe_dump(config))
    state.save(
        state.RunningCloud(
            pid=os.getpid(),
            port=int(base.rpartition(":")[2]),
            base=base,
            project="dicom-local",
            data=str(parts.cloud.data),
            credentials=str(parts.cloud.iam.credentials_file),
        )
    )
