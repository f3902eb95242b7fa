"""Everything that may be wrong with a release is one sentence, exit status 1, and the site as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.errors import ApiError
from localcloud.hosting.library import DOCUMENT
from ops.client.http import ALL
from ops.client.tokens import VARIABLE
from ops.viewer import actions, hosting
from ops.viewer import commands as command
from tests.localcloud.hosting.platform import READER, Platform
from tests.viewer import slim_layout
from viewer import application
from viewer.application import SlimSource

QUICK = ALL.new(total=2, backoff_factor=0, backoff_jitter=0)


@dataclass
class SlimRelease:
    """A stack with viewerApp slim, a pinned archive, and what a test makes wrong about them."""

    served: Platform
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self.archive = slim_layout.write(self.folder / "slim-v9.9.9.zip")
        self.pinned = slim_layout.pin(self.archive)
        self.outputs = {**self.served.outputs(), "viewerApp": "slim", "environment": "dev"}
        self.token(self.served.token())

    def token(self, token: str) -> None:
        self.monkeypatch.setenv(VARIABLE, token)

    def pin(self, **changes: str) -> None:
        self.pinned = slim_layout.pin(self.archive, **changes)

    def refuse(self, method: str, code: int, message: str) -> None:
        """Hosting answers `method` (such as versions.create) with an error."""

        def refused(_: Any) -> Any:
            raise ApiError(code, message)

        for base in ("projects.sites", "sites"):
            self.served.cloud.methods[f"{DOCUMENT}:{base}.{method}"] = refused

    def run(self, *more: str) -> int:
        path = self.folder / "outputs.json"
        path.write_text(json.dumps(self.outputs))
        source = SlimSource(
            archive=self.archive,
            pin=slim_layout.write_pin(self.folder / "pin.toml", self.pinned),
            passes=self.folder / "passes.json",
            cache=self.folder / "cache",
        )
        self.monkeypatch.setattr(actions, "slim_source", lambda _: source)
        return command.main(["release", "--outputs", str(path), *more])


@pytest.fixture
def slim(served: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlimRelease:
    def quick(*args: Any, **options: Any) -> hosting.HostingApi:
        return hosting.HostingApi(*args, **{"retry": QUICK, **options})

    monkeypatch.setattr(actions, "HostingApi", quick)
    return SlimRelease(served, tmp_path, monkeypatch)


WRONG: dict[str, tuple[Callable[[SlimRelease], Any], str]] = {
    "nothing is pinned": (lambda slim: slim.pin(tag=""), "no SLIM is pinned yet: tag is empty"),
    "the hash is not recorded": (
        lambda slim: slim.pin(sha256=""),
        "the hash of slim-v9.9.9.zip is not recorded; get it from https://slim.invalid/slim/releases/download/v9.9.9/",
    ),
    "the hash does not match": (lambda slim: slim.pin(sha256="0" * 64), f"pinned for v9.9.9 is {'0' * 64}"),
    "a field that SLIM does not know": (
        lambda slim: slim.outputs["viewerConfig"].update(colour="blue"),
        "viewerConfig cannot be released: window.config.colour is not a field that SLIM knows",
    ),
    "no sign-in client yet": (lambda slim: slim.outputs.pop("viewerConfig"), "oauthClientId CLIENT_ID"),
    "prod without a pass": (
        lambda slim: slim.outputs.update(environment="prod"),
        "may not go to prod: no pass of the browser suite is recorded for it; run: .venv/bin/python -m pytest",
    ),
    "an expired credential": (lambda slim: slim.token("expired"), "get a new one"),
    "a credential without the role": (
        lambda slim: slim.token(slim.served.token(READER)),
        "the caller needs roles/firebasehosting.admin",
    ),
    "the site of another project": (
        lambda slim: slim.outputs.update(viewerSite="projects/theirs/sites/theirs"),
        "Permission denied on resource project theirs",
    ),
    "a site that does not exist": (lambda slim: slim.outputs.update(viewerSite="nowhere"), "deploy the stack first"),
    "a full quota": (
        lambda slim: slim.refuse("versions.create", 429, "Quota exceeded for quota metric 'Versions'"),
        "Quota exceeded for quota metric 'Versions' — Hosting's quota is used up; wait, or remove old versions",
    ),
    "a refusal at the last step": (
        lambda slim: slim.refuse("releases.create", 400, "The site is disabled"),
        "The site is disabled — nothing was released",
    ),
}


@pytest.mark.parametrize("what", WRONG, ids=lambda what: what.replace(" ", "-"))
def test_it_is_one_sentence_and_nothing_is_released(
    what: str, slim: SlimRelease, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, sentence = WRONG[what]
    spoil(slim)

    assert slim.run() == 1

    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.startswith("viewer: ")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert requests.get(slim.served.url, timeout=10).status_code == 404


def test_without_anything_wrong_it_is_released(slim: SlimRelease, capsys: pytest.CaptureFixture[str]) -> None:
    assert slim.run() == 0, capsys.readouterr().err

    assert "site checked" in capsys.readouterr().out
    assert "Slim" in requests.get(slim.served.url, timeout=10).text


def test_with_a_recorded_pass_it_may_go_to_prod(slim: SlimRelease, capsys: pytest.CaptureFixture[str]) -> None:
    slim.outputs["environment"] = "prod"
    (slim.folder / "passes.json").write_text(json.dumps({slim.pinned.build: {"tests": 3, "can": []}}))

    assert slim.run() == 0, capsys.readouterr().err


def test_a_quota_that_is_full_for_a_moment_is_waited_for(slim: SlimRelease, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = slim.served.cloud
    name = f"{DOCUMENT}:projects.sites.versions.create"
    create, refusals = cloud.methods[name], iter([429, 503])

    def busy(call: Any) -> Any:
        if code := next(refusals, None):
            raise ApiError(code, "busy")
        return create(call)

    cloud.methods[name] = busy

    assert slim.run() == 0, capsys.readouterr().err


def test_pin_records_the_hash_of_an_archive_at_hand(
    slim: SlimRelease, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = slim_layout.write_pin(slim.folder / "pin.toml", slim_layout.pin())
    monkeypatch.setattr(actions.slim_pin, "PIN", file)
    monkeypatch.setattr(actions, "SlimSource", lambda: SlimSource(cache=slim.folder / "cache"))

    assert command.main(["pin", "--archive", str(slim.archive)]) == 0

    assert f"sha256 = {slim.pinned.sha256}" in capsys.readouterr().out
    assert f'sha256 = "{slim.pinned.sha256}"' in file.read_text()
    assert application.archive(slim.pinned, None, slim.folder / "cache", lambda *_: None).exists()
