"""A first hour on a local cloud that is a new organisation: everything is real but the Pulumi CLI and the person."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.oauth2.credentials import Credentials

from localcloud.cloud import Cloud
from localcloud.control.special import organization
from localcloud.server import running
from ops.client.tokens import QUOTA_VARIABLE, VARIABLE, TokenSource
from ops.first_hour import commands
from ops.first_hour.hour import FirstHour
from ops.first_hour.steps import walk
from tests.clock import Clock
from tests.ops.deliver.place import checkout
from tests.ops.first_hour.stand_in import (
    InProcessEngine,
    MortalProject,
    PersonsTransport,
    ScriptedPerson,
    let_updates_through,
    standing,
)

ROOT = Path(__file__).resolve().parents[3]
PROJECT, ANN = "my-lab-imaging", "ann@example.org"
ANSWERS = {
    r"Id of the project": PROJECT,
    r"\[yes/no\]": "yes",
    r"group may look": "pathologists@example.org",
    r"group may also": "",
    r"group may store": "scanners@example.org",
    r"Client id": "123456789012-abc123.apps.googleusercontent.com",
    r"Installation id": "4711",
    r"Its number": "815",
}


@dataclass
class Rehearsal:
    """One checkout and one cloud, in which the hour is run as often as it takes."""

    folder: Path
    cloud: Cloud
    clock: Clock
    person: ScriptedPerson
    engine: InProcessEngine
    token: str
    ran: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    """Commands of ours that were run."""
    fails: set[str] = field(default_factory=set[str])
    """Modules that are killed when they are run next."""

    def run(self, last: int = -1, **choices: Any) -> None:
        """One run of the command; killed before its `last`th request."""
        commands.choose_project("dev", "", self.person, self.folder)
        project = commands.load("dev", self.folder).settings.project
        paying = TokenSource(Credentials(self.token, quota_project_id=project))
        google = MortalProject(
            {"storage": f"{self.cloud.base}/storage.googleapis.com/"}, paying, TokenSource(Credentials(self.token)),
            self.person,
        )  # fmt: skip
        google.last = last
        walk(
            FirstHour(
                stack_name="dev", folder=self.folder, google=google, engine=self.engine, person=self.person,
                run_module=self.run_module, **choices,
            )
        )  # fmt: skip

    def run_module(self, *words: str) -> int:
        """The viewer's release is real; the smoke tests are noted only."""
        if words[0] in self.fails:
            self.fails.remove(words[0])
            raise KeyboardInterrupt
        self.ran.append(words)
        self.clock.ahead += 120  # sites are known to all of Hosting by then
        if words[:2] == ("ops", "viewer"):
            from ops.viewer.commands import main

            return main(list(words[2:]))
        return 0

    @property
    def settings(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / "Pulumi.dev.yaml").read_text())["config"]

    def set(self, key: str, value: Any) -> None:
        path = self.folder / "Pulumi.dev.yaml"
        written = yaml.safe_load(path.read_text())
        written["config"][key] = value
        path.write_text(yaml.safe_dump(written))


@contextlib.contextmanager
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Rehearsal]:
    work, clock = tmp_path / "checkout", standing()
    checkout(work)
    monkeypatch.chdir(work)
    let_updates_through(monkeypatch)
    cloud = Cloud(
        data=tmp_path / "cloud", project=PROJECT, clock=clock, sleep=clock.sleep, new_project=True, creator=ANN
    )
    with running(cloud):
        token = cloud.iam.token(ANN, lifetime=1e9)
        monkeypatch.setenv(VARIABLE, token)
        monkeypatch.setenv(QUOTA_VARIABLE, PROJECT)
        point(work, cloud.base, settings)
        acts: dict[str, Callable[[], object]] = {
            "billing account": lambda: organization.change(cloud, billing=organization.BILLING_ACCOUNT),
            "has Firebase": lambda: add_firebase(cloud),
            "version that is enabled": lambda: add_token(cloud),
        }
        engine = InProcessEngine(work, lambda: PersonsTransport(cloud.base, token, PROJECT), clock)
        yield Rehearsal(work, cloud, clock, ScriptedPerson(clock, ANSWERS, acts), engine, token)


def point(work: Path, base: str, settings: dict[str, Any]) -> None:
    """The file of stack dev as it is committed, at this local cloud."""
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    local: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    endpoints = {key: value for key, value in local.items() if str(value).startswith("http://127.0.0.1:8787")}
    more = {"dicom-platform:viewerApp": "lite", **settings}
    kept = [line for line in text.splitlines() if line.strip().partition(": ")[0] not in more]
    written = {**{key: str(value).replace("http://127.0.0.1:8787", base) for key, value in endpoints.items()}, **more}
    (work / "Pulumi.dev.yaml").unlink()
    (work / "Pulumi.dev.yaml").write_text(
        "\n".join([*kept, *(f"  {key}: {value}" for key, value in written.items())]) + "\n"
    )


def add_firebase(cloud: Cloud) -> None:
    organization.change(cloud, terms=True)
    project = {"name": f"projects/{PROJECT}", "projectId": PROJECT, "state": "ACTIVE"}
    cloud.resources.put("firebase.googleapis.com", f"projects/{PROJECT}", project)


def add_token(cloud: Cloud) -> None:
    name = f"projects/{PROJECT}/secrets/github-token/versions/1"
    cloud.resources.put("secretmanager.googleapis.com", name, {"name": name, "state": "ENABLED"})
