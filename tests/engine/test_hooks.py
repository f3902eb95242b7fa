"""Hooks of the program run as the engine runs them, and wait by the run's clock."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from engine import Declared, DeploymentFailed, Refused
from tests.clock import Clock
from tests.engine.echo import Echo, go


class Slow(Echo):
    """Refuses a resource's first creations."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.left = refusals

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        if self.left > 0:
            self.left -= 1
            raise Refused(f"not yet, {self.left} to go")
        return super().create(declared)


def test_a_failed_creation_is_tried_again_as_long_as_a_hook_says_so_and_newest_errors_come_first() -> None:
    seen: list[tuple[str, list[str]]] = []

    async def again(args: pulumi.ErrorHookArgs) -> bool:
        seen.append((args.failed_operation, args.errors))
        await asyncio.sleep(1000)
        return True

    def program() -> None:
        hooks = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", again)])
        gcp.pubsub.Topic("t", name="t", opts=pulumi.ResourceOptions(hooks=hooks))

    clock, began = Clock(), time.monotonic()
    made = go(program, Slow(2), clock=clock, sleep=clock.sleep)

    assert [node.name for node in made.resources.values() if node.custom] == ["t"]
    assert seen == [
        ("create", ["not yet, 1 to go"]),
        ("create", ["not yet, 0 to go", "not yet, 1 to go"]),
    ]
    assert clock.ahead == pytest.approx(2000, abs=1)
    assert time.monotonic() - began < 60


def test_without_a_hook_that_wants_more_the_first_refusal_counts() -> None:
    def program() -> None:
        hooks = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("enough", lambda args: False)])
        gcp.pubsub.Topic("t", name="t", opts=pulumi.ResourceOptions(hooks=hooks))

    with pytest.raises(DeploymentFailed, match="not yet, 0 to go"):
        go(program, Slow(1))


def test_what_runs_after_a_creation_knows_what_was_made_and_does_not_run_for_what_stands() -> None:
    made: list[tuple[str, str, Any]] = []

    def note(args: pulumi.ResourceHookArgs) -> None:
        made.append((args.name, args.id, (args.new_outputs or {})["name"]))

    def program() -> None:
        hooks = pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook("note", note)])
        gcp.pubsub.Topic("t", name="topic", opts=pulumi.ResourceOptions(hooks=hooks))

    first = go(program)
    go(program, previous=first)
    go(program, preview=True)

    assert made == [("t", "id/t", "topic")]


def test_other_hooks_are_the_engines() -> None:
    def program() -> None:
        hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("early", lambda args: None)])
        gcp.pubsub.Topic("t", name="t", opts=pulumi.ResourceOptions(hooks=hooks))

    with pytest.raises(DeploymentFailed, match="before_create"):
        go(program)


@pytest.mark.parametrize("adding", [1.0, 0.0], ids=["adds what it sleeps", "stands still"])
def test_a_hook_ends_whatever_the_clock_makes_of_its_sleep(adding: float) -> None:
    """Today's seconds as floats are 0.24 µs apart: a rest of less, added to them, is nothing."""
    now = [time.time()]

    async def again(args: pulumi.ErrorHookArgs) -> bool:
        await asyncio.sleep(7.1)
        return True

    def program() -> None:
        hooks = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", again)])
        gcp.pubsub.Topic("t", name="t", opts=pulumi.ResourceOptions(hooks=hooks))

    def let_pass(seconds: float) -> None:
        now[0] += adding * seconds

    made = go(program, Slow(20), clock=lambda: now[0], sleep=let_pass)

    assert [node.name for node in made.resources.values() if node.custom] == ["t"]
