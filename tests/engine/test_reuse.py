"""A second run keeps what is equal and refuses what changed."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp
import pytest

from engine import DeploymentFailed
from tests.engine.echo import Echo, go


def topic(name: str = "t", **inputs: object) -> None:
    gcp.pubsub.Topic(name, **inputs)  # pyright: ignore[reportArgumentType]


def test_equal_resources_are_the_same_and_cost_no_request():
    provider = Echo(adds={"selfLink": "x"})
    first = go(lambda: topic(name="n"), provider)

    second = go(lambda: topic(name="n"), provider, previous=first)

    node = second.resources["urn:pulumi:dev::proj::gcp:pubsub/topic:Topic::n"]
    assert (node.status, node.id, node.outputs["selfLink"]) == ("same", "id/n", "x")
    assert len(provider.created) == 1


def test_a_new_resource_beside_them_is_created():
    provider = Echo()
    first = go(lambda: topic("a"), provider)

    go(lambda: (topic("a"), topic("b")), provider, previous=first)

    assert [declared.name for declared in provider.created] == ["a", "b"]


def test_a_changed_input_is_refused_naming_it_and_both_values():
    first = go(lambda: topic(message_retention_duration="600s"))

    with pytest.raises(DeploymentFailed, match=r"messageRetentionDuration: changed from '600s' to '900s'.*pulumi up"):
        go(lambda: topic(message_retention_duration="900s"), previous=first)


def test_a_changed_secret_is_refused_without_its_value():
    def program(value: str) -> None:
        gcp.secretmanager.SecretVersion("v", secret="s", secret_data=pulumi.Output.secret(value))

    first = go(lambda: program("hunter2"))

    with pytest.raises(DeploymentFailed, match="secretData: changed, and") as caught:
        go(lambda: program("hunter3"), previous=first)
    assert "hunter" not in str(caught.value)


def test_an_ignored_change_is_no_change():
    first = go(lambda: topic(labels={"a": "1"}))
    ignoring = pulumi.ResourceOptions(ignore_changes=["labels"])

    second = go(lambda: topic(labels={"a": "2"}, opts=ignoring), previous=first)

    assert second.resources["urn:pulumi:dev::proj::gcp:pubsub/topic:Topic::t"].status == "same"


def test_an_alias_finds_the_resource_under_its_former_name():
    first = go(lambda: topic("old"))

    second = go(lambda: topic("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])), previous=first)

    assert second.resources["urn:pulumi:dev::proj::gcp:pubsub/topic:Topic::new"].id == "id/old"
