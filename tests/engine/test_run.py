"""A run leaves nothing behind, in the SDK or in the caller."""

from __future__ import annotations

import logging

import pulumi
import pulumi_gcp as gcp
import pytest
from pulumi.runtime import settings
from pulumi.runtime.config import is_config_secret

from tests.engine.echo import Echo, go


def test_a_run_leaves_nothing_to_the_next_one_or_to_the_caller():
    before = (settings.get_stack(), settings.get_monitor(), settings.get_root_resource())

    first = go(lambda: pulumi.export("a", 1))
    second = go(lambda: pulumi.export("b", 2), config={})

    assert (first.outputs, second.outputs) == ({"a": 1}, {"b": 2})
    assert (settings.get_stack(), settings.get_monitor(), settings.get_root_resource()) == before


def test_configuration_reaches_the_program_and_its_secrets_stay_secret():
    def program() -> None:
        config = pulumi.Config()
        pulumi.export("plain", config.require_object("plain"))
        pulumi.export("hidden", config.require_secret("hidden"))
        pulumi.export("project", pulumi.Config("gcp").get("project"))

    deployment = go(
        program,
        config={"proj:plain": '{"a": [1]}', "proj:hidden": "x", "gcp:project": "p"},
        secret_keys=["proj:hidden"],
    )

    assert deployment.outputs == {"plain": {"a": [1]}, "hidden": "x", "project": "p"}
    assert deployment.secret_outputs == {"hidden"}


def test_the_program_can_ask_which_settings_are_secret():
    def program() -> None:
        pulumi.export("secret", [is_config_secret(f"proj:{key}") for key in ("hidden", "plain")])

    given = {"proj:hidden": "x", "proj:plain": "y"}

    assert go(program, config=given, secret_keys=["proj:hidden"]).outputs == {"secret": [True, False]}


def test_the_program_knows_its_stack_project_and_whether_it_is_a_preview():
    def program() -> None:
        pulumi.export("who", [pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()])

    assert go(program, preview=True).outputs == {"who": ["proj", "dev", True]}


def test_the_programs_own_error_comes_out_as_it_is():
    def program() -> None:
        raise pulumi.RunError("configuration is wrong")

    with pytest.raises(pulumi.RunError, match="configuration is wrong"):
        go(program)


def test_an_error_inside_an_apply_comes_out():
    def program() -> None:
        topic = gcp.pubsub.Topic("t", name="n")
        pulumi.export("x", topic.name.apply(lambda name: int(name)))

    with pytest.raises(ValueError, match="invalid literal"):
        go(program)


def test_requests_are_made_in_the_order_of_the_program():
    provider = Echo()

    go(lambda: [gcp.pubsub.Topic(f"t{index}") for index in range(9)], provider)

    assert [declared.name for declared in provider.created] == [f"t{index}" for index in range(9)]


def test_what_the_program_logs_arrives_in_pythons_logging(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, logger="pulumi"):
        go(lambda: pulumi.log.warn("look here"))

    assert "look here" in caplog.text
