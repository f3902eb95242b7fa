"""Deploy a program in this process, over a fresh control plane and no socket, and ask questions about the graph."""

from __future__ import annotations

import atexit
import functools
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engine import Deployment, DirectTransport, Node, RestProvider, StackConfig, load_config, program_of, run
from engine.api_request import ApiRequest
from infra.propagation import wait_for_google
from localcloud.awkward import EVERY_POINT, AwkwardPoint
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from ops.review.judge import declared_resources
from policy.resource import Resource
from tests.clock import SETTLED, Clock

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "dicom-platform"
DEFAULTS = {"gcp:project": "dicom-local"}
ASKED_FOR = frozenset[AwkwardPoint](("agents", "new_agents"))
"""Of service agents that `ProjectApis` asks for."""


@dataclass(frozen=True)
class Graph:
    """A deployment, the API requests that made it, and the cloud it is in now."""

    deployment: Deployment
    requests: list[ApiRequest]
    plane: ControlPlane
    cloud: Cloud
    clock: Clock

    def all(self, type: str) -> list[Node]:
        """Nodes whose type is `type`, or ends in it after a colon or slash (`Topic`, `pubsub/topic:Topic`)."""
        return [
            node
            for node in self.deployment.resources.values()
            if node.type == type or node.type.endswith((f":{type}", f"/{type}"))
        ]

    def one(self, type: str, name: str | None = None) -> Node:
        """The only node of this type (and name); fails saying what there is instead."""
        nodes = [node for node in self.all(type) if name is None or node.name == name]
        assert len(nodes) == 1, (
            f"{len(nodes)} of {type} {name or ''}; there are {[node.name for node in self.all(type)]}"
        )
        return nodes[0]

    def inputs(self, type: str, name: str | None = None) -> dict[str, Any]:
        return self.one(type, name).inputs

    @property
    def declared(self) -> list[Resource]:
        """The graph as the policy rules see it."""
        return declared_resources(self.deployment)

    @property
    def outputs(self) -> dict[str, Any]:
        return self.deployment.outputs


class Deploy(Protocol):
    def __call__(
        self,
        program: Callable[[], Any],
        *,
        config: Mapping[str, Any] | None = None,
        preview: bool = False,
        previous: Graph | None = None,
    ) -> Graph: ...


class WholeStack(Protocol):
    def __call__(self, name: str = "local", **overrides: Any) -> Graph: ...


def deploy(
    program: Callable[[], Any],
    *,
    config: Mapping[str, Any] | None = None,
    preview: bool = False,
    previous: Graph | None = None,
    awkward: frozenset[AwkwardPoint] = EVERY_POINT - ASKED_FOR,
) -> Graph:
    """Run `program`, a part of one or a component alone; keys of `config` without a namespace belong to the project.

    It asks for no agent, switches no API on, and waits for Google as the whole program does. With `previous`, the run
    meets that graph's cloud as it is; otherwise an empty one.
    """

    def waiting() -> None:
        wait_for_google()
        program()

    loaded = config_alone(config)
    return _run(waiting, "test", loaded, preview=preview, previous=previous, awkward=awkward, new_project=False)


def deploy_whole(
    *,
    config: Mapping[str, Any],
    preview: bool = False,
    previous: Graph | None = None,
    awkward: frozenset[AwkwardPoint] = EVERY_POINT,
) -> Graph:
    """The whole program with nothing but this configuration, as a stack `test`."""
    loaded = config_alone(config)
    return _run(program_of(ROOT), "test", loaded, preview=preview, previous=previous, awkward=awkward)


def config_alone(config: Mapping[str, Any] | None) -> StackConfig:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Pulumi.yaml").write_text(f"name: {PROJECT}\n")
        (Path(folder) / "Pulumi.test.yaml").write_text("config: {}\n")
        return load_config(Path(folder), "test", {**DEFAULTS, **(config or {})})


def stack(name: str = "local", **overrides: Any) -> Graph:
    """The whole program as stack `name`, computed once per configuration. Treat the graph as read-only."""
    return _stack(name, json.dumps(overrides, sort_keys=True))


def stack_in(place: Graph, name: str, **overrides: Any) -> Graph:
    """The whole program as stack `name`, in the cloud that an earlier deployment left."""
    place.cloud.awkward, place.cloud.new_project = EVERY_POINT, True
    return _run(program_of(ROOT), name, load_config(ROOT, name, overrides), previous=place)


@functools.cache
def _stack(name: str, overrides: str) -> Graph:
    return _run(program_of(ROOT), name, load_config(ROOT, name, json.loads(overrides)))


@functools.cache
def _folder() -> Path:
    """One for all control planes of a test run: they keep only their key there, and making one is slow."""
    folder = tempfile.TemporaryDirectory(prefix="local-cloud-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _run(
    program: Callable[[], Any],
    name: str,
    loaded: StackConfig,
    *,
    preview: bool = False,
    previous: Graph | None = None,
    awkward: frozenset[AwkwardPoint] = EVERY_POINT,
    new_project: bool = True,
) -> Graph:
    project = loaded.config["gcp:project"]
    clock = previous.clock if previous else Clock()
    cloud = (
        previous.cloud
        if previous
        else Cloud(data=_folder(), project=project, awkward=awkward, clock=clock, new_project=new_project)
    )
    plane = previous.plane if previous else ControlPlane(cloud)
    transport = DirectTransport(plane, f"Bearer {cloud.iam.token(cloud.iam.owner)}", record=True)
    deployment = run(
        program,
        RestProvider(transport, clock=clock, sleep=clock.sleep),
        project=loaded.project_name,
        stack=name,
        config=loaded.config,
        secret_keys=loaded.secret_keys,
        preview=preview,
        previous=previous.deployment if previous else None,
        clock=clock,
        sleep=clock.sleep,
    )
    clock.sleep(SETTLED)
    return Graph(deployment, transport.sent, plane, cloud, clock)
