"""Hooks of resources: code of the program that runs after a creation, or decides whether a failed one is tried again.

It stands where the SDK expects its callback server, which the real engine calls over a socket. Only `after_create` and
`on_error` are known here. A hook may be a coroutine: it runs in a loop of its own, in which time passes as the run's
clock and `sleep` say, so that a test's clock is moved where a real one is waited for.
"""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from pulumi import ErrorHook, ErrorHookArgs, ResourceHook, ResourceHookArgs

from engine.graph import Node
from engine.provider import Refused

T = TypeVar("T")
Answer = tuple[str, dict[str, Any]]


class Hooks:
    """The resource hooks of one run, by name. The SDK calls the two `register_…` methods."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock, self._sleep = clock, sleep
        self._skipped = 0.0
        self._resource_hooks: dict[str, ResourceHook] = {}
        self._error_hooks: dict[str, ErrorHook] = {}

    def register_resource_hook(self, hook: ResourceHook) -> None:
        self._resource_hooks[hook.name] = hook

    def register_error_hook(self, hook: ErrorHook) -> None:
        self._error_hooks[hook.name] = hook

    def create(self, node: Node, bound: Any, create: Callable[[], Answer]) -> Answer:
        """What `create` answers, repeated as long as a hook says so. `bound` is the request's binding of hooks."""
        errors: list[str] = []
        while True:
            try:
                answer = create()
                break
            except Refused as refused:
                errors.insert(0, refused.reason)
                if not self._is_to_be_tried_again(node, bound.on_error, errors):
                    raise
        arguments = ResourceHookArgs(
            urn=node.urn, id=answer[0], name=node.name, type=node.type, new_inputs=node.inputs, new_outputs=answer[1]
        )
        for name in bound.after_create:
            self._result(self._resource_hooks[name](arguments))
        return answer

    def _is_to_be_tried_again(self, node: Node, names: Sequence[str], errors: list[str]) -> bool:
        arguments = ErrorHookArgs(
            urn=node.urn,
            id="",
            name=node.name,
            type=node.type,
            new_inputs=node.inputs,
            failed_operation="create",
            errors=list(errors),
        )
        return any(self._result(self._error_hooks[name](arguments)) for name in names)

    def _result(self, value: T | Awaitable[T]) -> T:
        """The value, or what the coroutine gives: in a thread, as this one's loop is busy with the program."""
        if not isinstance(value, Awaitable):
            return value

        def run() -> T:
            with asyncio.Runner(loop_factory=lambda: ClockLoop(self._now, self._let_pass)) as runner:
                return runner.run(_coroutine(value))

        with ThreadPoolExecutor(1, thread_name_prefix="pulumi-hook") as executor:
            return executor.submit(contextvars.copy_context().run, run).result()

    def _now(self) -> float:
        return self._clock() + self._skipped

    def _let_pass(self, seconds: float) -> None:
        """Sleeps, and skips what the clock did not move by: a clock that stands still would be asked for ever.

        The millisecond is there because what a loop waits for may be less than a float of today's seconds can add.
        """
        before = self._clock()
        self._sleep(seconds)
        self._skipped += max(0.0, seconds - (self._clock() - before)) + 0.001


async def _coroutine(value: Awaitable[T]) -> T:
    return await value


class ClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that of a clock, and which lets it pass with `sleep`."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        super().__init__(SleepingSelector(sleep))
        self.time = clock


class SleepingSelector(selectors.SelectSelector):
    """Sleeps for as long as it is asked to wait, and then looks once. Nothing of a hook comes over a socket."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        super().__init__()
        self._sleep = sleep

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout:
            self._sleep(timeout)
        return super().select(0 if timeout is not None else None)


def binding_of(request: Any) -> Any:
    """The request's hooks. Raises `Refused` for a kind that only the real engine runs."""
    for kind in ("before_create", "before_update", "after_update", "before_delete", "after_delete"):
        if getattr(request.hooks, kind):
            raise Refused(f"the in-process deployer runs no {kind} hook: deploy with the Pulumi CLI")
    return request.hooks
