"""Stands where the Pulumi SDK expects the engine's resource monitor.

Registers resources the way the engine does (URNs, secret marks, ids, what a failure does to its dependents) and lets a
provider do the work. It keeps no state between runs and neither updates, replaces nor deletes: that is the engine's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

from engine.failures import CallRefused, Failure
from engine.graph import STACK_TYPE, Deployment, Event, Invoke, Node, Phase, former_urn, urn
from engine.hooks import Hooks, binding_of
from engine.provider import Declared, Provider, Refused
from engine.reuse import Reuse
from engine.values import decode, encode

PROVIDER_TYPE = "pulumi:providers:"

FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
]
"""What this monitor can do; the SDK refuses transforms and packages by parameter when they are not listed."""

READ = frozenset(
    {
        *("type", "name", "parent", "custom", "object", "protect", "provider", "dependencies"),
        *("propertyDependencies", "ignoreChanges", "aliases", "retainOnDelete"),
    }
)
"""Fields of a registration that a `Node` has under a name of its own."""
SPOKEN = frozenset(
    {
        *("acceptSecrets", "acceptResources", "accepts_byte_string", "supportsPartialValues", "aliasSpecs"),
        *("supportsResultReporting", "deleteBeforeReplaceDefined"),
        *("sourcePosition", "stackTrace", "parentStackTraceHandle"),
    }
)
"""Fields that say how the SDK speaks and where the program stands, and nothing about the resource."""
PACKAGE = version("pulumi-gcp")


def options_of(request: Any) -> dict[str, Any]:
    """Every other field that is set, so that an option which nobody here has heard of is not overlooked.

    Left out is the version of the package that is installed, which the SDK writes into each registration.
    """
    options: dict[str, Any] = {}
    for entry, value in request.ListFields():
        if entry.name in READ | SPOKEN or (entry.name == "version" and value == PACKAGE):
            continue
        is_plain = isinstance(value, str | bool | int | float)
        if value := value if is_plain else str(value):
            options[entry.name] = value
    return options


class Monitor:
    """One run's monitor. The SDK calls the methods in CamelCase; `deployment` and `failures` are the result."""

    def __init__(
        self,
        provider: Provider,
        *,
        project: str,
        stack: str,
        settings: Mapping[str, str],
        preview: bool,
        reuse: Reuse,
        hooks: Hooks,
        foretell: Callable[[Declared], tuple[str, dict[str, Any]]],
        on_event: Callable[[Event], None],
    ) -> None:
        self.deployment = Deployment()
        self.failures: list[Failure] = []
        self._provider = provider
        self._project = project
        self._stack = stack
        self._settings = settings
        self._preview = preview
        self._reuse = reuse
        self._hooks = hooks
        self._foretell = foretell
        self._on_event = on_event
        self._positions: dict[str, str] = {}
        self._broken: set[str] = set()
        self._started: dict[str, float] = {}

    # The calls of the SDK

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        node = self._node(request)
        first = self._positions.get(node.urn)
        if first is not None:
            self._fail(node, Refused(f"the URN is taken by the resource at {first}: give one of them another name"))
            return not_made(node)
        self._positions[node.urn] = node.position
        self._started[node.urn] = time.perf_counter()
        if not self._preview and self._broken.intersection([*node.dependencies, node.parent]):
            self._broken.add(node.urn)
            return not_made(node)
        self._tell(node, "creating")
        if not node.custom:
            self.deployment.resources[node.urn] = node
            return resource_pb2.RegisterResourceResponse(urn=node.urn)
        try:
            self._make(node, request)
        except Refused as refused:
            self._broken.add(node.urn)
            self._fail(node, refused)
            return not_made(node)
        self.deployment.resources[node.urn] = node
        self._finish(node)
        return resource_pb2.RegisterResourceResponse(
            urn=node.urn, id=node.id, object=encode(node.outputs, node.secret_outputs)
        )

    def RegisterResourceOutputs(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        outputs, secrets = decode(request.outputs)
        node = self.deployment.resources.get(request.urn)
        if node is not None:
            node.outputs, node.secret_outputs = outputs, secrets
            if node.type == STACK_TYPE:
                self.deployment.outputs, self.deployment.secret_outputs = outputs, secrets
            else:
                self._finish(node)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        args, _ = decode(request.args)
        try:
            result = self._provider.invoke(request.tok, args, self._settings_of(request.provider))
        except Refused as refused:
            failure = Failure(type=request.tok, property=refused.property, reason=refused.reason)
            raise CallRefused(failure) from refused
        self.deployment.invokes.append(Invoke(token=request.tok, args=args, result=result))
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").CopyFrom(encode(result))  # the field's name is a keyword
        return answer

    def ReadResource(self, request: Any) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        reason = (
            "the in-process deployer does not read existing resources: look the value up with a function, "
            "or deploy with the Pulumi CLI"
        )
        raise CallRefused(Failure(type=request.type, name=request.name, reason=reason))

    def GetDeploymentInfo(self, _: Any) -> resource_pb2.DeploymentInfo:  # noqa: N802
        return resource_pb2.DeploymentInfo(supportedFeatures=FEATURES)

    def SignalAndWaitForShutdown(self, _: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def close(self) -> None:
        """The program has ended well: so have the stack, and components that did not say so themselves."""
        for unfinished in reversed(list(self._started)):
            self._finish(self.deployment.resources[unfinished])

    # What they share

    def _node(self, request: Any) -> Node:
        inputs, secrets = decode(request.object)
        place = (self._stack, self._project, request.parent, request.type, request.name)
        position = request.sourcePosition
        return Node(
            urn=urn(*place),
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            provider=request.provider,
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            dependencies=sorted(request.dependencies),
            property_dependencies={key: sorted(value.urns) for key, value in request.propertyDependencies.items()},
            ignore_changes=list(request.ignoreChanges),
            aliases=[former_urn(alias, *place) for alias in request.aliases],
            options=options_of(request),
            inputs=inputs,
            secrets=secrets,
            position=f"{position.uri.rsplit('/', 1)[-1]}#{position.line}" if position.uri and request.parent else "",
        )

    def _make(self, node: Node, request: Any) -> None:
        is_provider = node.type.startswith(PROVIDER_TYPE)
        if not is_provider:
            node.inputs = self._provider.check(self._to_declared(node))
        kept = self._reuse.same(node)
        if kept is not None:
            node.id, node.outputs, node.status = kept.id, dict(kept.outputs), "same"
        elif is_provider:
            node.id, node.outputs = "" if self._preview else "local", dict(node.inputs)
        elif request.importId and not self._preview:
            node.id, node.outputs = self._provider.adopt(self._to_declared(node), request.importId, node.ignore_changes)
            node.status = "same"
        elif self._preview:
            node.id, node.outputs = self._foretell(self._to_declared(node))
        else:
            declared = self._to_declared(node)
            node.id, node.outputs = self._hooks.create(
                node, binding_of(request), lambda: self._provider.create(declared)
            )
        node.secret_outputs = node.secrets | {key for key in request.additionalSecretOutputs if key in node.outputs}

    def _to_declared(self, node: Node) -> Declared:
        return Declared(
            urn=node.urn,
            type=node.type,
            name=node.name,
            inputs=node.inputs,
            settings=self._settings_of(node.provider),
        )

    def _settings_of(self, reference: str) -> Mapping[str, Any]:
        explicit = self.deployment.resources.get(reference.rpartition("::")[0])
        return {**self._settings, **explicit.inputs} if explicit else self._settings

    def _finish(self, node: Node) -> None:
        node.seconds = time.perf_counter() - self._started.pop(node.urn)
        self._tell(node, node.status)

    def _tell(self, node: Node, phase: Phase) -> None:
        self._on_event(
            Event(urn=node.urn, type=node.type, name=node.name, parent=node.parent, phase=phase, seconds=node.seconds)
        )

    def _fail(self, node: Node, refused: Refused) -> None:
        self.failures.append(
            Failure(
                urn=node.urn,
                type=node.type,
                name=node.name,
                position=node.position,
                property=refused.property,
                reason=refused.reason,
            )
        )
        self._tell(node, "failed")


def foretell_nothing(declared: Declared) -> tuple[str, dict[str, Any]]:
    """What a preview knows for sure: what is declared."""
    return "", dict(declared.inputs)


def not_made(node: Node) -> resource_pb2.RegisterResourceResponse:
    """The SDK then treats the resource's outputs as unknown and lets the rest of the program go on."""
    return resource_pb2.RegisterResourceResponse(urn=node.urn, result=resource_pb2.Result.FAIL)
