"""The resources that a program declares for one stack, known to the last value, without an engine or an account.

The program runs in process against a control plane of its own that nobody else sees. What a stack leaves to its user
(the project, the digest of the job's image, …) is filled from `assumed.yaml`, so that everything which can be declared
is there to be looked at; buckets and keys of other stacks are made first. Secrets are masked.

    python -m ops graph --stack STACK… [--root FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml

from engine import (
    ConfigProblem,
    Deployment,
    DeploymentFailed,
    DirectTransport,
    Node,
    RestProvider,
    load_config,
    program_of,
    run,
)
from engine.api_request import ApiRequest
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from ops.review.judge import describe_node
from ops.review.plan import SECRET, UNKNOWN, Unreadable
from policy.resource import Resource

ROOT = Path(__file__).resolve().parents[2]
ASSUMED = Path(__file__).with_name("assumed.yaml")
VERSION = 1
MADE_UP = re.compile(r'1:\d+:web:[0-9a-f]+|(?<=check_id=")[0-9a-f]+(?=")|(?<=/notificationChannels/)[\w-]+')
"""Ids of Firebase's web apps, uptime checks and notification channels."""
CANNOT_RUN = (ConfigProblem, DeploymentFailed, pulumi.RunError)
"""What a program raises that cannot be run for a stack; what it says is for its author."""
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    urn: str
    type: str
    name: str
    parent: str = ""
    protect: bool = False
    retain_on_delete: bool = False
    aliases: tuple[str, ...] = ()
    """Former URNs that the program itself names."""
    ignored: tuple[str, ...] = ()
    """Inputs whose changes the program asks to ignore, as it writes them."""
    depends_on: tuple[str, ...] = ()
    """URNs that it waits for though none of its inputs is of them."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """All other options that are set, the provider too when the program names one."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Graph:
    stack: str
    nodes: tuple[GraphNode, ...]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """The stack's own settings and the provider's, as its files have them; empty where nobody asked."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the stack exports, secret values masked."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A stack as it stands in a cloud of its own."""

    deployment: Deployment
    cloud: Cloud
    plane: ControlPlane
    sent: list[ApiRequest]
    """The requests that made it."""


def declare_graph(
    stack: str, root: Path = ROOT, overrides: Mapping[str, Any] | None = None, *, as_set: frozenset[str] = frozenset()
) -> Graph:
    """What `root`'s program declares for `stack`; `overrides` are settings as on the command line.

    Nothing is assumed for the settings named in `as_set`: those of them that the stack leaves open stay open.
    """
    graph = of_deployment(stack, stand_up(stack, root, overrides, as_set=as_set).deployment)
    return replace(graph, settings=settings_of(stack, root))


def settings_of(stack: str, root: Path = ROOT) -> dict[str, str]:
    """The settings as the project's and the stack's files have them, secret ones masked, nothing assumed."""
    loaded = load_config(root, stack)
    beside = {f"({key})": value for key, value in loaded.beside.items()}
    secret = loaded.secret_keys
    return {key: mark_secret(key, value) if key in secret else value for key, value in loaded.config.items()} | beside


def set_by(settings: Mapping[str, str]) -> frozenset[str]:
    """The settings that are not left open: what one side of a comparison sets is assumed on neither."""
    return frozenset(key for key in settings if not _is_open(key, settings))


def deploy_graph(stack: str, root: Path = ROOT, overrides: Mapping[str, Any] | None = None) -> Deployment:
    """The same with every value in clear, for the rules."""
    return stand_up(stack, root, overrides).deployment


def stand_up(
    stack: str, root: Path = ROOT, overrides: Mapping[str, Any] | None = None, *, as_set: frozenset[str] = frozenset()
) -> Place:
    """Deploys the stack to a control plane that nobody else sees. What is in its folder is gone again."""
    given = load_config(root, stack, overrides).config
    assumed = {
        key: value
        for key, value in _assumptions().get(stack, {}).items()
        if _is_open(_full(key), given) and _full(key) not in as_set
    }
    loaded = load_config(root, stack, {**assumed, **(overrides or {})})
    with tempfile.TemporaryDirectory(prefix="policy-") as folder:
        cloud = Cloud(data=Path(folder), project=loaded.config["gcp:project"], awkward=WITHOUT_WAITING)
        plane = ControlPlane(cloud)
        transport = DirectTransport(plane, f"Bearer {cloud.iam.token(cloud.iam.owner)}", record=True)
        _make_what_is_elsewhere(transport, cloud.project, loaded.config)
        elsewhere = len(transport.sent)
        passed = [time.time()]

        def let_pass(seconds: float) -> None:
            """Nothing is late here: what is refused is refused for good, and nobody waits for it."""
            passed[0] += seconds

        deployment = run(
            program_of(root),
            RestProvider(transport),
            project=loaded.project_name,
            stack=stack,
            config=loaded.config,
            secret_keys=loaded.secret_keys,
            clock=lambda: passed[0],
            sleep=let_pass,
        )
    return Place(deployment=deployment, cloud=cloud, plane=plane, sent=transport.sent[elsewhere:])


def of_deployment(stack: str, deployment: Deployment) -> Graph:
    calls = sorted({f"{made.token} {json.dumps(_settle(made.args), sort_keys=True)}" for made in deployment.invokes})
    outputs = {**mask(deployment.outputs, deployment.secret_outputs), "(calls)": calls}
    return Graph(stack=stack, nodes=tuple(_node(node) for node in deployment.resources.values()), outputs=outputs)


def resources_of(graph: Graph) -> list[Resource]:
    """The graph as the rules and the cost model read it, without the stack itself."""
    return [Resource(n.urn, n.type, n.name, n.inputs, n.protect, n.parent) for n in graph.nodes if n.parent]


def _node(node: Node) -> GraphNode:
    of_inputs = {urn for urns in node.property_dependencies.values() for urn in urns}
    provider = {"provider": node.provider.rpartition("::")[0]} if node.provider else {}
    return GraphNode(
        urn=node.urn,
        type=describe_node(node),
        name=node.name,
        parent=node.parent,
        protect=node.protect,
        retain_on_delete=node.retain_on_delete,
        aliases=tuple(node.aliases),
        ignored=tuple(node.ignore_changes),
        depends_on=tuple(urn for urn in node.dependencies if urn not in of_inputs),
        options={**node.options, **provider},
        inputs=mask(node.inputs, node.secrets),
    )


def mask(inputs: Mapping[str, Any], secrets: set[str]) -> Json:
    """The inputs without what is secret: any path into an input masks the whole of it. Google's numbers go too."""
    hidden = {path.split(".")[0].split("[")[0] for path in secrets}
    return {key: mark_secret(key, value) if key in hidden else _settle(value) for key, value in inputs.items()}


@cache
def _mark(text: str) -> str:
    # Slow on purpose: whoever sees the mark of a short secret must not find it by trying.
    return hashlib.scrypt(text.encode(), salt=b"dicom-platform", n=2**14, r=8, p=1, dklen=6).hex()


def mark_secret(key: str, value: Any) -> str:
    """`[secret]` with a mark, so that another value in its place is seen and neither of them is."""
    return f"{SECRET[:-1]} {_mark(json.dumps([key, _settle(value)], sort_keys=True, default=str))}]"


def _settle(value: Any) -> Any:
    """The value, with ids that Google makes up anew in each deployment in words."""
    if isinstance(value, dict):
        return {key: _settle(child) for key, child in cast(Json, value).items()}
    if isinstance(value, list):
        return [_settle(child) for child in cast(list[Any], value)]
    return MADE_UP.sub(UNKNOWN, value) if isinstance(value, str) else value


def to_json(graph: Graph) -> Json:
    nodes = [
        {key: value for key, value in vars(node).items() if value not in ("", (), False, {})} for node in graph.nodes
    ]
    top = {"version": VERSION, "stack": graph.stack, "resources": nodes}
    return {**top, "settings": dict(graph.settings), "outputs": dict(graph.outputs)}


def from_json(document: Any) -> Graph:
    """Raises `Unreadable` for what is not a graph of this version."""
    if not isinstance(document, dict) or cast(Json, document).get("version") != VERSION:
        raise Unreadable(f"this is no resource graph of version {VERSION}: make it with .venv/bin/python -m ops graph")
    top = cast(Json, document)
    try:
        nodes = tuple(_read(node) for node in top["resources"])
        more = {key: top.get(key, {}) for key in ("settings", "outputs")}
        return Graph(stack=str(top["stack"]), nodes=nodes, **more)
    except (KeyError, TypeError) as error:
        raise Unreadable(f"the resource graph is damaged ({error}): make it anew") from error


def _read(node: Json) -> GraphNode:
    tuples: Json = {key: tuple(node.get(key, ())) for key in ("aliases", "ignored", "depends_on")}
    return GraphNode(**{**node, **tuples})


def _assumptions() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(ASSUMED.read_text(encoding="utf-8"))


def _is_open(key: str, given: Mapping[str, str]) -> bool:
    """Whether the program knows the setting and nobody has set it."""
    return given.get(key, "" if key.startswith("gcp:") else "set") in ("", "[]", "0")


def _full(key: str) -> str:
    return key if ":" in key else f"dicom-platform:{key}"


def _make_what_is_elsewhere(transport: DirectTransport, project: str, config: Mapping[str, str]) -> None:
    """Buckets and keys that the settings name and other stacks own: a grant on one needs it to be there."""
    buckets = [config.get("dicom-platform:stateBucket")]
    buckets += yaml.safe_load(config.get("dicom-platform:importBuckets", "[]"))
    for bucket in buckets:
        if bucket:
            _send(transport, "storage", "/storage/v1/b", {"project": project}, {"name": bucket})
    for setting in ("stateKey", "datasetKey"):
        if name := config.get(f"dicom-platform:{setting}"):
            location, ring, key = name.split("/")[3], name.split("/")[5], name.split("/")[7]
            parent = f"/v1/projects/{project}/locations/{location}/keyRings"
            _send(transport, "cloudkms", parent, {"keyRingId": ring}, {})
            body = {"purpose": "ENCRYPT_DECRYPT"}
            _send(transport, "cloudkms", f"{parent}/{ring}/cryptoKeys", {"cryptoKeyId": key}, body)


def _send(transport: DirectTransport, api: str, path: str, query: dict[str, str], body: Json) -> None:
    request = ApiRequest(host=f"{api}.googleapis.com", method="POST", path=path, query=query, body=body)
    answer = transport.send(request)
    if answer.status not in (200, 409):
        raise Unreadable(f"could not make {path} {query} in the control plane: {answer.body}")


def main(arguments: Sequence[str]) -> int:
    """Prints each graph as one line of JSON; exit code 2 with a sentence when the program cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m ops graph", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", required=True, action="append", help="may be repeated")
    parser.add_argument("--as-set", action="append", default=[], metavar="KEY", help="assume nothing for this setting")
    parser.add_argument("--settings", action="store_true", help="print the settings alone; the program is not run")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder, this one unless said otherwise")
    options = parser.parse_args(arguments)
    try:
        if options.settings:
            graphs = [
                Graph(stack=stack, nodes=(), settings=settings_of(stack, options.root)) for stack in options.stack
            ]
        else:
            wanted = frozenset(options.as_set)
            graphs = [declare_graph(stack, options.root, as_set=wanted) for stack in options.stack]
    except (*CANNOT_RUN, Unreadable) as problem:
        print(f"graph: {problem}", file=sys.stderr)
        return 2
    for graph in graphs:
        print(json.dumps(to_json(graph)))
    return 0
