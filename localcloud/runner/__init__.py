"""Cloud Run jobs: `jobs:run` starts the declared command as processes of this machine. Jobs themselves are generic
resources of the control plane. Not here: services, containers (only a clean environment), volumes, limits, tasks."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import string
import uuid
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import timestamp
from localcloud.outbound import Outbound
from localcloud.ports import EntryLog, TaskSpawner
from localcloud.registry import Registry
from localcloud.runner.execution import HOST, TYPE, Execution, log_path, mark_cancelled
from localcloud.runner.spec import Spec

JOBS = "run.v2:projects.locations.jobs."


class Runner:
    """Registers `jobs.run` and `executions.cancel`; ends what runs when an execution is deleted or the cloud closes."""

    def __init__(self, cloud: Cloud, registry: Registry, log: EntryLog, tasks: TaskSpawner) -> None:
        self.cloud, self.registry, self.log, self.tasks = cloud, registry, log, tasks
        self.outbound = Outbound(cloud)
        self.running: dict[str, Execution] = {}
        cloud.methods |= {
            JOBS + "run": self.run,
            JOBS + "executions.cancel": self.cancel,
            JOBS + "executions.tasks.list": refuse_tasks,
            JOBS + "executions.tasks.get": refuse_tasks,
        }
        cloud.on_delete.append(self.forget)

    def run(self, call: Call) -> dict[str, Any]:
        """Start an execution; returns its operation. `ApiError` 400 for a job that cannot run."""
        name = call.name
        job = self.cloud.resources.get(HOST, name)
        if job is None:
            raise ApiError(404, f"Resource '{name}' was not found.")
        if call.body.get("validateOnly"):
            raise ApiError(501, f"The local cloud does not know validateOnly; run {name} without it.")
        overrides: dict[str, Any] = call.body.get("overrides") or {}
        spec = Spec.of(job, overrides, self.cloud.project)
        execution = f"{name}/executions/{name.rpartition('/')[2]}-{suffix()}"
        folder = self.cloud.data / "executions" / execution.rpartition("/")[2] / "image"
        try:
            self.cloud.iam.token(spec.account, lifetime=1)
            self.registry.unpack(spec.image, folder)
        except ApiError as error:
            raise ApiError(400, f"{name} cannot run: {error.message}") from error
        return self.start(job, execution, spec, folder, call.principal.email)

    def start(self, job: dict[str, Any], name: str, spec: Spec, folder: Path, creator: str) -> dict[str, Any]:
        now = timestamp(self.cloud.clock())
        resource: dict[str, Any] = {
            "name": name,
            "uid": str(uuid.uuid4()),
            "generation": "1",
            "creator": creator,
            "job": job["name"].rpartition("/")[2],
            "createTime": now,
            "startTime": now,
            "updateTime": now,
            "launchStage": "GA",
            "taskCount": spec.tasks,
            "parallelism": spec.parallelism,
            "template": job["template"]["template"],
            "reconciling": True,
            "conditions": [{"type": "Completed", "state": "CONDITION_RECONCILING", "lastTransitionTime": now}],
            "logUri": log_path(self.cloud, name).resolve().as_uri(),
        }
        self.cloud.resources.put(HOST, name, resource)
        reference = {"name": name, "createTime": now, "completionStatus": "EXECUTION_RUNNING"}
        count = job.get("executionCount", 0) + 1
        self.cloud.resources.put(
            HOST, job["name"], job | {"latestCreatedExecution": reference, "executionCount": count}
        )
        operation = self.cloud.operations.new(HOST, "/".join(name.split("/")[:4]), {"@type": TYPE} | resource)
        self.running[name] = Execution(self.cloud, self.outbound, self.log, name, operation, spec, folder)
        self.tasks.spawn(self.follow(self.running[name]))
        return self.cloud.operations.get(HOST, operation)

    async def follow(self, execution: Execution) -> None:
        try:
            await execution.run()
        finally:
            self.running.pop(execution.name, None)
            shutil.rmtree(execution.folder.parent, ignore_errors=True)

    def cancel(self, call: Call) -> dict[str, Any]:
        name = call.name
        resource = self.cloud.resources.get(HOST, name)
        if resource is None:
            raise ApiError(404, f"Resource '{name}' was not found.")
        self.end(name)
        operation = self.cloud.operations.new(HOST, "/".join(name.split("/")[:4]), resource)
        return self.cloud.operations.finish(HOST, operation, resource)

    def end(self, name: str) -> None:
        if execution := self.running.get(name):
            execution.cancelled = True
            if execution.runs:
                execution.runs.get_loop().call_soon_threadsafe(execution.runs.cancel)

    def forget(self, host: str, name: str) -> None:
        if host == HOST:
            self.end(name)

    def resume(self) -> None:
        """Executions that were cut off when the local cloud was killed do not run any more, and say so."""
        for name, resource in self.cloud.resources.all(HOST).items():
            if "/executions/" in name and "completionTime" not in resource:
                mark_cancelled(self.cloud, name, resource)

    async def close(self) -> None:
        """End every execution; when this returns none of their processes is left."""
        executions = list(self.running.values())
        for execution in executions:
            self.end(execution.name)
        await asyncio.gather(*(e.runs for e in executions if e.runs), return_exceptions=True)
        await self.outbound.close()


def refuse_tasks(call: Call) -> Any:
    raise ApiError(
        501, f"The local cloud keeps no task resources; {call.name} has their counts, and its logUri their output."
    )


def suffix() -> str:
    """Five characters that tell executions apart, as Cloud Run names them."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
