"""A stack whose outside world is noted down: `pulumi up`, the viewer's release, the smoke tests. Its bucket is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from infra.viewer import config_of
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.client.refusal import OpsRefused
from ops.deliver import cli, steps, viewer_image, viewer_site
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record
from ops.deliver.stack import Stack, load

ROOT = Path(__file__).resolve().parents[3]
A, B, C = "a" * 40, "b" * 40, "c" * 40
VIEWERS = {A: "sha256:" + "1" * 64, B: "sha256:" + "2" * 64}
DIGESTS = {commit: f"sha256:{commit[0] * 64}" for commit in (A, B, C)}


@dataclass
class Deliveries:
    """A stack whose outside world is noted down: what `pulumi up` deployed, what the site shows."""

    stack: Stack
    ledger: Ledger
    deployed: list[str | None] = field(default_factory=list["str | None"])
    """The job's image."""
    served: list[str | None] = field(default_factory=list["str | None"])
    """The viewer's image, on Cloud Run."""
    shown: list[str] = field(default_factory=list[str])
    """The hosting site's content."""
    smoke: int = 0
    """Exit status of the smoke tests."""
    broken: bool = False
    """Whether `pulumi up` fails."""
    ready: bool = True
    """Whether the viewer's service can run its image."""

    def steps(self, commit: str, build: str) -> list[Callable[[], None]]:
        return [
            lambda: steps.start(self.stack, commit, build),
            lambda: self.image(commit),
            lambda: steps.begin(self.stack, commit, build),
            lambda: steps.up(self.stack, build),
            lambda: steps.viewer(self.stack, build),
            lambda: steps.smoke(self.stack, build),
            lambda: steps.finish(self.stack, build),
        ]

    def deliver(self, commit: str, build: str) -> None:
        """As the build file does: from `up` on a step may fail, and the last one says what became of it all."""
        *before, up, viewer, smoke, finish = self.steps(commit, build)
        for step in before:
            step()
        for step in (up, viewer, smoke):
            try:
                step()
            except OpsRefused as refused:
                steps.note_failure(refused)
        finish()

    def image(self, commit: str) -> None:
        steps.WORK.mkdir(exist_ok=True)
        steps.IMAGE.write_text(json.dumps({"source": f"src-{commit[:16]}", "digest": DIGESTS[commit]}))
        image = (
            {"content": commit, "digest": VIEWERS[commit]} if self.on_cloud_run else {"content": None, "digest": None}
        )
        steps.VIEWER_IMAGE.write_text(json.dumps(image))

    def record(self) -> Record:
        found, _ = self.ledger.read("local")
        assert found is not None
        return found

    @property
    def on_cloud_run(self) -> bool:
        return self.stack.settings.viewer_host == "cloud_run"

    def up(self, stack: Stack, images: cli.Images) -> None:
        if self.broken:
            raise OpsRefused("pulumi up ended with 1 on stack local, see above")
        self.deployed.append(images["jobImageDigest"])
        self.served.append(images.get("viewerImageDigest") or (self.served[-1] if self.served else None))
        cli.OUTPUTS.write_text(json.dumps({"viewerConfig": config_of(stack.settings, stack.viewers_root)}))

    def live(self, *_: object) -> dict[str, Any]:
        image = f"h/viewer@{self.served[-1]}"
        ready = {"state": "CONDITION_SUCCEEDED" if self.ready else "CONDITION_FAILED"}
        return {"name": "s", "template": {"containers": [{"image": image}]}, "terminalCondition": ready}

    def python(self, module: str, *arguments: object) -> int:
        if (module, *arguments[:1]) == ("ops", "viewer"):
            self.shown.append(str(self.deployed[-1])[-40:])
            return 0
        steps.REPORTS.joinpath("local").mkdir(parents=True, exist_ok=True)
        steps.REPORTS.joinpath("local/smoke.json").write_text("{}")
        return self.smoke

    def make_live(self, _: object, content: str) -> bool:
        self.shown.append(content)
        return True


@contextmanager
def deliveries_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[Deliveries]:
    with running(Cloud(data=tmp_path / "cloud", project="dicom-local", awkward=WITHOUT_WAITING)) as parts:
        base, token = parts.cloud.base, parts.cloud.iam.token(parts.cloud.iam.owner)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", token)
        text = (ROOT / "Pulumi.local.yaml").read_text().replace("http://127.0.0.1:8787", base)
        config = yaml.safe_load(text)
        for key, value in {"jobImage": "cloud_build", **settings}.items():
            config["config"][f"dicom-platform:{key}"] = value
        Path("Pulumi.local.yaml").write_text(yaml.safe_dump(config))
        stack = load("local")
        made = Deliveries(stack, Ledger(stack.google(), stack.records))
        requests.post(
            f"{base}/storage.googleapis.com/storage/v1/b?project=dicom-local",
            json={"name": stack.records, "versioning": {"enabled": True}},
            headers={"Authorization": f"Bearer {token}"}, timeout=30,
        ).raise_for_status()  # fmt: skip
        monkeypatch.setattr(cli, "up", made.up)
        monkeypatch.setattr(cli, "judge", lambda _: None)
        monkeypatch.setattr(cli, "cancel", lambda _: None)
        monkeypatch.setattr(cli, "pulumi", lambda *_, **__: "")
        monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
        monkeypatch.setattr(steps, "python", made.python)
        monkeypatch.setattr(viewer_image, "live", made.live)
        monkeypatch.setattr(viewer_site, "live_hash", lambda _: made.shown[-1])
        monkeypatch.setattr(viewer_site, "make_live", made.make_live)
        yield made
