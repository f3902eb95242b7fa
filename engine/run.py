"""Run a Pulumi program in this process, with no engine.

It leans on parts of the SDK that are not public (`settings`, `stack.run_in_stack`): `requirements/run.in` pins the
version, and `tests/engine/test_sdk_internals.py` says what to look at when the pin moves. A run lives in a thread of
its own, which starts with an empty context: the SDK keeps everything in context variables, so nothing leaks out or in.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from pulumi.runtime import config as sdk_config
from pulumi.runtime import settings as sdk_settings
from pulumi.runtime import stack as sdk_stack

from engine.failures import CallRefused, DeploymentFailed
from engine.graph import Deployment, Event
from engine.hooks import Hooks
from engine.logs import EngineLog
from engine.monitor import Monitor, foretell_nothing
from engine.provider import Declared, Provider
from engine.reuse import Reuse

T = TypeVar("T")


def wait_for_nothing(_: float) -> None:
    """Most clouds that a program meets in this process know at once whatever they will ever know."""


def run(
    program: Callable[[], Any],
    provider: Provider,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    secret_keys: Sequence[str] = (),
    preview: bool = False,
    previous: Deployment | None = None,
    foretell: Callable[[Declared], tuple[str, dict[str, Any]]] = foretell_nothing,
    on_event: Callable[[Event], None] | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = wait_for_nothing,
) -> Deployment:
    """Deploy what `program` declares and return the resulting graph.

    `config` holds full keys (`gcp:project`, `<project>:dataset`) and their text values, as the CLI hands them over.
    In a preview nothing is created, and what only a deployment can tell is `UNKNOWN`, but for ids and outputs that
    `foretell` tells. With `previous`, resources whose
    URN and inputs are equal are kept without a request. `on_event` is called from the run's thread. `clock` and
    `sleep` are what the program's hooks wait by; a cloud without delays needs none.

    Raises `DeploymentFailed` with every resource that failed (the others exist), or the program's own exception.
    """
    hooks = Hooks(clock, sleep)
    monitor = Monitor(
        provider,
        project=project,
        stack=stack,
        settings={key.removeprefix("gcp:"): value for key, value in config.items() if key.startswith("gcp:")},
        preview=preview,
        reuse=Reuse(previous),
        hooks=hooks,
        foretell=foretell,
        on_event=on_event or (lambda _: None),
    )

    def body() -> None:
        sdk_settings.configure(
            sdk_settings.Settings(
                project=project,
                stack=stack,
                monitor=monitor,
                engine=EngineLog(),
                dry_run=preview,
                legacy_apply_enabled=False,
                organization="organization",
                root_directory=os.getcwd(),
            )
        )
        # Else the SDK opens a server for the engine to call.
        sdk_settings.SETTINGS.callbacks = hooks  # pyright: ignore[reportAttributeAccessIssue] - a context property
        sdk_config.set_all_config(dict(config), list(secret_keys))
        asyncio.run(_main(program))

    with _no_garbage_collection():
        error = _in_a_thread(body)
    failures = monitor.failures + ([error.failure] if isinstance(error, CallRefused) else [])
    if failures:
        raise DeploymentFailed(failures, monitor.deployment) from error
    if error is not None:
        raise error
    monitor.close()
    return monitor.deployment


async def _main(program: Callable[[], Any]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(Inline())
    # When the program stops half-way, outputs that nobody awaits would each print "exception was never retrieved".
    loop.set_exception_handler(lambda _loop, _context: None)
    await sdk_stack.run_in_stack(program)


@contextlib.contextmanager
def _no_garbage_collection() -> Generator[None]:
    """All that a run makes lives as long as the run: looking for dead objects meanwhile costs a third of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _in_a_thread(body: Callable[[], None]) -> BaseException | None:
    raised: list[BaseException] = []

    def guard() -> None:
        try:
            body()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guard, name="pulumi-program", daemon=True)
    thread.start()
    thread.join()
    return raised[0] if raised else None


class Inline(ThreadPoolExecutor):
    """Runs what the SDK hands to a thread at once, in the order of the program.

    The local cloud answers in less time than a thread switch costs, and requests in a fixed order make runs comparable.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
