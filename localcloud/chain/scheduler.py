"""Cloud Scheduler: calls a job's HTTP target when its cron says so, or when told to. Jobs are generic resources."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from localcloud.chain.log import ChainLog
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import duration, from_base64, timestamp
from localcloud.outbound import Outbound
from localcloud.ports import TaskSpawner

HOST = "cloudscheduler.googleapis.com"
JOBS = "cloudscheduler.v1:projects.locations.jobs."
UNIX_CRON = re.compile(r"([\d*,/-]+\s+){3}[\dA-Za-z*,/-]+\s+[\dA-KM-Za-km-z*,/-]+")
"""Five fields, without the L, W and # of other crons."""
TICK = 1.0
"""Seconds between two looks at the clock."""


class Scheduler:
    def __init__(
        self,
        cloud: Cloud,
        outbound: Outbound,
        log: ChainLog,
        tasks: TaskSpawner,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.cloud, self.outbound, self.log, self.tasks, self.sleep = cloud, outbound, log, tasks, sleep
        self.due: dict[tuple[str, str, str], float] = {}
        """When each (job, schedule, zone) is due next; another schedule is another key."""
        for method in ("create", "patch"):
            cloud.checks.setdefault(JOBS + method, []).append(check_job)
        cloud.methods[JOBS + "run"] = self.run

    async def forever(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(TICK)

    def tick(self) -> None:
        """Start what is due now; a schedule that was missed several times runs once."""
        now = self.cloud.clock()
        known: dict[tuple[str, str, str], float] = {}
        for name, job in self.cloud.resources.all(HOST).items():
            if job.get("state", "ENABLED") != "ENABLED" or "/jobs/" not in name:
                continue
            key = (name, job["schedule"], job.get("timeZone") or "Etc/UTC")
            when = self.due.get(key)
            if when is not None and when <= now:
                self.tasks.spawn(self.call_target(name))
                when = None
            known[key] = next_time(key[1], key[2], now) if when is None else when
        self.due = known

    def run(self, call: Call) -> dict[str, Any]:
        """`jobs.run`: now, whatever the schedule or the state says."""
        job = self.cloud.resources.get(HOST, call.name)
        if job is None:
            raise ApiError(404, f"Job {call.params['name']} not found.")
        self.tasks.spawn(self.call_target(job["name"]))
        return job

    async def call_target(self, name: str) -> None:
        """Call the target, again after a failure as `retryConfig` says; the outcome is in `status` and the log."""
        job = self.cloud.resources.get(HOST, name)
        if job is None:
            return
        retry: dict[str, Any] = job.get("retryConfig") or {}
        wait = duration(retry.get("minBackoffDuration"), 5)
        for left in reversed(range((retry.get("retryCount") or 0) + 1)):
            code, text = await self.attempt(job)
            self.show(name, lastAttemptTime=timestamp(self.cloud.clock()), status=status(code, text))
            if code < 400:
                self.log.write(name, f"called {job['httpTarget']['uri']}: {code}")
                return
            again = f"; again in {wait:g} s" if left else ""
            self.log.write(name, f"{job['httpTarget']['uri']} not called well: {text}{again}")
            if left:
                await self.sleep(wait)
                wait = min(2 * wait, duration(retry.get("maxBackoffDuration"), 3600))

    async def attempt(self, job: dict[str, Any]) -> tuple[int, str]:
        target = job["httpTarget"]
        # An OIDC token is of no use to an API of Google, which then answers 401.
        account = (target.get("oauthToken") or {}).get("serviceAccountEmail")
        try:
            answer = await self.outbound.send(
                target.get("httpMethod") or "POST", target["uri"], account=account,
                body=from_base64(target["body"]) if target.get("body") else None,
                headers=target.get("headers"), timeout=duration(job.get("attemptDeadline"), 180),
            )  # fmt: skip
        except ApiError as error:
            return error.code, error.message
        return answer.status, answer.reason if answer.status >= 400 else ""

    def show(self, name: str, **fields: Any) -> None:
        job = self.cloud.resources.get(HOST, name)
        if job is not None:
            self.cloud.resources.put(HOST, name, job | fields)


def status(code: int, text: str) -> dict[str, Any]:
    """The outcome as google.rpc.Status; empty when it went well."""
    return {"code": 2, "message": text} if code >= 400 else {}


def next_time(schedule: str, zone: str, now: float) -> float:
    """When a unix cron schedule of five fields is due next after `now`; `ValueError` for one that is none."""
    if not UNIX_CRON.fullmatch(schedule.strip()):
        raise ValueError(f"the schedule '{schedule}' is no unix cron; write five fields, such as '*/5 * * * *'")
    try:
        return next(CronSim(schedule, datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)))).timestamp()
    except CronSimError as problem:
        raise ValueError(f"the schedule '{schedule}' is not understood: {problem}") from problem
    except StopIteration:
        raise ValueError(f"the schedule '{schedule}' names a day that never comes") from None


def check_job(call: Call) -> None:
    """`ApiError` 400 for a schedule, zone or target that is not understood."""
    body = call.body
    name = body.get("name") or call.name
    try:
        # A patch may leave the schedule as it is.
        unchanged = "" if call.request.method == "POST" else "* * * * *"
        next_time(body.get("schedule") or unchanged, body.get("timeZone") or "Etc/UTC", 0)
    except (ValueError, ZoneInfoNotFoundError) as problem:
        raise ApiError(400, f"Job {name}: {problem}.") from problem
    if call.request.method == "POST" and not (body.get("httpTarget") or {}).get("uri"):
        raise ApiError(400, f"Job {name} has no httpTarget with a uri, and the local cloud knows no other target.")
