"""What stands in for whom in a rehearsal of the first hour: the Pulumi CLI, the person, the hours that pass."""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import Deployment, DeploymentFailed, HttpTransport, Node, RestProvider, load_config, program_of, run
from engine.api_request import ApiRequest, ApiResponse
from engine.provider import Declared, Refused
from engine.reuse import Reuse
from ops.client.refusal import OpsRefused
from ops.deliver.stack import load
from ops.first_hour.access import NewProject
from ops.operate.recover import recover
from tests.clock import Clock
from tests.ops.first_hour.killed import KilledState
from tests.ops.mortal import Mortal

OF_THE_CALLER = ("billingbudgets", "cloudbilling", "firebase", "firebasehosting", "identitytoolkit")
"""APIs that the program's second provider asks, which names the project."""


def standing() -> Clock:
    """Google's time, which goes on only while somebody waits: each look at it takes next to nothing, or an event loop
    that waits by it would wait for ever."""
    began, looks = time.time(), itertools.count()
    return Clock(base=lambda: began + next(looks) * 1e-5)


class PersonsTransport(HttpTransport):
    """Asks as a person, whose calls of some APIs name the project that pays."""

    def __init__(self, base: str, token: str, project: str) -> None:
        super().__init__(base, token)
        self._paying = HttpTransport(base, token)
        self._paying._headers["X-Goog-User-Project"] = project

    def send(self, request: ApiRequest) -> ApiResponse:
        pays = request.host.partition(".")[0] in OF_THE_CALLER
        return self._paying.send(request) if pays else super().send(request)


class Updating(Reuse):
    """What changed is handed to the provider, which counts it as updated."""

    def same(self, node: Node) -> Node | None:
        try:
            return super().same(node)
        except Refused:
            return None


class UpdatingProvider(RestProvider):
    """Creates what is new; of what is there, only the declaration changes. Dies once it has made `dies_after`, the last
    of which no state knows."""

    def __init__(
        self, transport: HttpTransport, known: Mapping[str, Node], dies_after: int | None, clock: Clock
    ) -> None:
        super().__init__(transport, clock=clock, sleep=clock.sleep)
        self.known, self.left = known, dies_after
        self.unnoted: Node | None = None

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        if self.left == 0:
            raise Refused("killed")
        if former := self.known.get(declared.urn):
            return former.id, {**former.outputs, **declared.inputs}
        if self.left is not None:
            self.left -= 1
        id_, outputs = super().create(declared)
        if self.left == 0 and self.unnoted is None:
            self.unnoted = Node(
                urn=declared.urn, type=declared.type, name=declared.name, parent="", custom=True, id=id_,
                inputs=declared.inputs, outputs=outputs,
            )  # fmt: skip
            raise Refused("killed")
        return id_, outputs


@dataclass
class InProcessEngine:
    """In place of the Pulumi CLI and its state; what it deploys is there."""

    folder: Path
    transport: Callable[[], HttpTransport]
    clock: Clock
    dies_after: int | None = None
    """Resources that the next deployment makes before it is killed."""
    exists: bool = False
    settings: Mapping[str, str] | None = None
    deployment: Deployment = field(default_factory=Deployment)
    deployed: int = 0
    killed: KilledState = field(default_factory=KilledState)

    def has_stack(self) -> bool:
        return self.exists

    def make_stack(self) -> None:
        assert not self.exists
        self.exists = True

    def deployed_settings(self) -> Mapping[str, str] | None:
        return self.settings

    def declared_settings(self) -> Mapping[str, str]:
        return load_config(self.folder, "dev").config

    def deploy(self) -> None:
        self.killed.resources = self.deployment.resources
        recover(load("dev", self.folder), print, self.killed)
        assert self.killed.lock is None
        loaded = load_config(self.folder, "dev")
        self.settings, dies_after, self.dies_after = None, self.dies_after, None
        provider = UpdatingProvider(self.transport(), self.deployment.resources, dies_after, self.clock)
        try:
            made = run(
                program_of(self.folder), provider, project=loaded.project_name, stack="dev", config=loaded.config,
                secret_keys=loaded.secret_keys, previous=self.deployment, clock=self.clock, sleep=self.clock.sleep,
            )  # fmt: skip
        except DeploymentFailed as failed:
            self.deployment = failed.deployment
            if provider.unnoted is not None:
                self.killed.kill(provider.unnoted)
                raise KeyboardInterrupt from None
            raise OpsRefused(str(failed)) from None
        self.deployment, self.settings = made, loaded.config
        self.deployed += 1

    def outputs(self) -> dict[str, Any]:
        return self.deployment.outputs


def let_updates_through(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules["engine.run"].__dict__, "Reuse", Updating)


@dataclass
class ScriptedPerson:
    """Answers by the words of a question, acts at a page when waited for; time passes only while it waits."""

    clock: Clock
    answers: Mapping[str, str]
    """Pattern of a question -> what is typed."""
    acts: Mapping[str, Callable[[], object]]
    """Pattern of what is waited for -> what the person does meanwhile, elsewhere."""
    is_there: bool = True
    said: list[str] = field(default_factory=list[str])

    def tell(self, line: str) -> None:
        self.said.append(line)

    def answer(self, question: str) -> str:
        typed = next((typed for words, typed in self.answers.items() if re.search(words, question)), None)
        assert typed is not None, f"nobody said what to answer to: {question}"
        self.said.append(f"{question} {typed}".rstrip())
        return typed

    def wait(self, what: str, is_done: Callable[[], bool], seconds: float) -> bool:
        act = next((act for words, act in self.acts.items() if re.search(words, what)), None)
        waited = 0.0
        while not is_done():
            if waited > min(seconds, 3600):
                return False
            if not waited:
                self.said.append(f"  … {what}")
            if act is not None and waited:
                act()
                act = None
            waited += 15
            self.clock.ahead += 15
        return True


class MortalProject(Mortal, NewProject):
    """A new project that is left in the middle."""


def no_retries(monkeypatch: Any) -> None:
    from urllib3.util import Retry

    monkeypatch.setattr("ops.client.google.READS", Retry(total=0))
