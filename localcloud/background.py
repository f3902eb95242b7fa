"""Work that goes on after its request was answered: coroutines on the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class BackgroundTasks:
    """Tasks on `loop`; `on_error(where, error)` takes what one of them died of, `on_end` runs after each."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_error: Callable[[str, BaseException], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop, self._on_error, self._on_end = loop, on_error, on_end
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Start the coroutine. Callable from any thread."""

        def start() -> None:
            task = self._loop.create_task(coroutine)
            self._tasks.add(task)
            task.add_done_callback(self._end)

        self._loop.call_soon_threadsafe(start)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._on_error(f"background task {task.get_coro()!r}", error)
        self._on_end()

    async def cancel(self) -> None:
        """Cancel every task and wait until none is left."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
