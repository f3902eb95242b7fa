"""What starts the study job without a person: Cloud Scheduler, and Eventarc with Workflows. Owns their wiring only.

Every call goes through the served APIs with the token of the declared service account, so a missing role stops it here
too; `<data>/logs/chain.log` says what happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from localcloud.chain.eventarc import Eventarc
from localcloud.chain.log import ChainLog
from localcloud.chain.scheduler import Scheduler
from localcloud.chain.workflows import Workflows
from localcloud.cloud import Cloud
from localcloud.outbound import Outbound
from localcloud.ports import TaskSpawner
from localcloud.pubsub import PubSub


class Chain:
    """`sleep` is what a workflow's `sys.sleep` and the scheduler's back-off wait with."""

    def __init__(
        self,
        cloud: Cloud,
        pubsub: PubSub,
        tasks: TaskSpawner,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.outbound = Outbound(cloud)
        self.log = ChainLog(cloud)
        self.scheduler = Scheduler(cloud, self.outbound, self.log, tasks, sleep)
        self.workflows = Workflows(cloud, self.outbound, self.log, tasks, sleep)
        self.eventarc = Eventarc(cloud, pubsub, self.outbound, self.log, tasks)
        self._ticking: asyncio.Task[None] | None = None

    def routes(self, app: web.Application) -> None:
        """No routes; the schedule runs as long as the server does."""

        async def start(_: web.Application) -> None:
            self._ticking = asyncio.create_task(self.scheduler.forever())

        app.on_startup.append(start)

    async def close(self) -> None:
        if self._ticking:
            self._ticking.cancel()
        await self.outbound.close()
