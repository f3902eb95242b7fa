"""The comparison with the real engine's state sees what it must see (no CLI needed)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from engine.values import SECRET, SIGNATURE
from tests.engine.echo import go
from tests.engine.exported import differences, of_deployment, of_export

STACK = "urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev"
TOPIC = "urn:pulumi:dev::proj::gcp:pubsub/topic:Topic::t"
VERSION = "urn:pulumi:dev::proj::gcp:secretmanager/secretVersion:SecretVersion::v"

EXPORT: dict[str, Any] = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"},
            {"urn": "urn:pulumi:dev::proj::pulumi:providers:gcp::default_9_35_0", "custom": True},
            {
                "urn": TOPIC,
                "custom": True,
                "parent": STACK,
                "protect": True,
                "inputs": {"__defaults": ["name"], "name": "t-1234567", "labels": {"__defaults": [], "a": "b"}},
                "propertyDependencies": {"labels": None},
            },
            {
                "urn": VERSION,
                "custom": True,
                "parent": STACK,
                "dependencies": [TOPIC],
                "propertyDependencies": {"secret": [TOPIC], "secretData": []},
                "inputs": {
                    "__defaults": ["enabled"],
                    "enabled": True,
                    "secret": "id/t",
                    "secretData": {SIGNATURE: SECRET, "plaintext": json.dumps("hunter2")},
                },
            },
        ]
    },
}


def program() -> None:
    topic = gcp.pubsub.Topic("t", labels={"a": "b"}, opts=pulumi.ResourceOptions(protect=True))
    gcp.secretmanager.SecretVersion("v", secret=topic.id, secret_data="hunter2")


def test_equal_graphs_have_no_differences():
    assert differences(of_export(EXPORT), of_deployment(go(program))) == []


def edit(index: int, **fields: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda resources: resources[index].update(fields)


CHANGES = {
    "a resource less": (lambda resources: resources.pop(), "only in ours"),
    "another parent": (edit(2, parent=""), "parent is"),
    "protection": (edit(2, protect=False), "protect is False, ours True"),
    "a dependency": (edit(3, dependencies=[]), "dependencies is"),
    "a property's dependency": (edit(3, propertyDependencies={}), "property_dependencies is"),
    "an input": (edit(2, inputs={"labels": {"a": "c"}}), "labels.a is 'c', ours 'b'"),
    "an input more": (edit(2, inputs={"labels": {"a": "b"}, "kmsKeyName": "k"}), "kmsKeyName is 'k', ours None"),
    "a secret in clear": (edit(3, inputs={"secret": "id/t", "secretData": "hunter2"}), "secret are ()"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_kind_of_difference_is_seen(what: str):
    change, told = CHANGES[what]
    export = copy.deepcopy(EXPORT)
    change(export["deployment"]["resources"])

    assert told in "\n".join(differences(of_export(export), of_deployment(go(program))))


PROVIDER = "urn:pulumi:dev::proj::pulumi:providers:gcp::named"
CHECKED = 'metric.labels.check_id="{}" AND resource.type="uptime_url"'


def graphs(real: dict[str, Any], own: dict[str, Any], urn: str = PROVIDER) -> list[str]:
    """Differences of one resource with these inputs in the engine's state and in ours."""
    state = {"urn": urn, "custom": True, "inputs": real}
    ours = {"urn": urn, "custom": True, "inputs": own}
    exports = [of_export({"deployment": {"resources": [one]}}) for one in (state, ours)]
    return differences(exports[0], exports[1])


@pytest.mark.parametrize(
    ("real", "own"),
    [
        ({"project": "p", "__internal": {}, "version": "9.35.0"}, {"project": "p"}),
        (
            {"batching": '{"enableBatching":true,"sendAfter":"1s"}'},
            {"batching": '{"sendAfter": "1s", "enableBatching": true}'},
        ),
        ({"filter": CHECKED.format("058f8ffb")}, {"filter": CHECKED.format("432fc84d")}),
    ],
)
def test_what_engine_and_server_make_up_is_no_difference(real: dict[str, Any], own: dict[str, Any]):
    assert graphs(real, own) == []


@pytest.mark.parametrize(
    ("real", "own", "urn"),
    [
        ({"project": "p", "version": "9.35.0"}, {"project": "q"}, PROVIDER),
        ({"version": "9.35.0"}, {"version": "9.34.0"}, PROVIDER),
        ({"version": "1"}, {}, TOPIC),
        ({"batching": '{"sendAfter":"1s"}'}, {"batching": '{"sendAfter":"2s"}'}, PROVIDER),
        ({"filter": CHECKED.format("0")}, {"filter": CHECKED.format("0").replace("uptime_url", "gce_instance")}, TOPIC),
    ],
)
def test_what_is_declared_otherwise_is_one(real: dict[str, Any], own: dict[str, Any], urn: str):
    assert len(graphs(real, own, urn)) == 1
