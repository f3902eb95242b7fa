"""One execution of a job: its tasks with their attempts, and the Execution resource that tells how far it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.forms import from_base64, timestamp
from localcloud.metadata import MetadataServer
from localcloud.outbound import Outbound
from localcloud.ports import EntryLog
from localcloud.runner.entries import entry
from localcloud.runner.process import TimedOut, attempt, clean_environment
from localcloud.runner.spec import Spec

HOST = "run.googleapis.com"
TYPE = "type.googleapis.com/google.cloud.run.v2.Execution"
Resource = dict[str, Any]


class Execution:
    """`name` is the full resource name; `folder` holds the unpacked image and becomes the tasks' working folder."""

    def __init__(
        self, cloud: Cloud, outbound: Outbound, entries: EntryLog, name: str, operation: str, spec: Spec, folder: Path
    ) -> None:
        self.cloud, self.outbound, self.entries, self.spec = cloud, outbound, entries, spec
        self.name, self.operation, self.folder = name, operation, folder
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.log_path = log_path(cloud, name)
        self.runs: asyncio.Task[None] | None = None
        self.cancelled = False

    def log(self, text: str) -> None:
        """One line to the log; that it cannot be written (disk full) fails the execution, once and in words."""
        try:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            with self.log_path.open("a") as file:
                file.write(f"{timestamp(self.cloud.clock())} {text}\n")
        except OSError as error:
            problem = f"the log cannot be written: {error.strerror}"
            if problem not in self.failures:
                self.failures.append(problem)

    async def run(self) -> None:
        """To the end, whatever happens: the operation is done and no process is left."""
        self.runs = asyncio.current_task()
        metadata = MetadataServer(self.cloud, self.spec.account)
        try:
            if not self.cancelled:
                address = await metadata.start()
                env = await self.environment(address)
                places = asyncio.Semaphore(self.spec.parallelism)
                async with asyncio.TaskGroup() as group:
                    for index in range(self.spec.tasks):
                        group.create_task(self.task(index, env, places))
        except asyncio.CancelledError:
            self.cancelled = True
        except (ApiError, OSError) as error:
            self.failures.append(str(error) or type(error).__name__)
        finally:
            await metadata.close()
            self.finish()

    async def environment(self, metadata: str) -> dict[str, str]:
        """Declared variables, secrets read as the job's account, and what the platform adds."""
        secrets: dict[str, str] = {}
        for variable, version in self.spec.secrets.items():
            url = f"https://secretmanager.googleapis.com/v1/{version}:access"
            answer = await self.outbound.send("GET", url, account=self.spec.account)
            if answer.status != 200:
                raise ApiError(400, f"{self.spec.account} cannot read {version} for {variable}: {answer.reason}")
            secrets[variable] = from_base64(answer.body["payload"]["data"]).decode()
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        job, execution = self.name.split("/")[5::2]
        return {
            **clean_environment(home), "TMPDIR": str(home), **self.spec.env, **secrets,
            "CLOUD_RUN_JOB": job, "CLOUD_RUN_EXECUTION": execution, "CLOUD_RUN_TASK_COUNT": str(self.spec.tasks),
            "GCE_METADATA_HOST": metadata, "GCE_METADATA_IP": metadata, "GCE_METADATA_ROOT": metadata,
        }  # fmt: skip

    async def task(self, index: int, env: dict[str, str], places: asyncio.Semaphore) -> None:
        async with places:
            self.count(runningCount=1)
            try:
                problem = await self.attempts(index, env)
            except asyncio.CancelledError:
                self.count(runningCount=-1, cancelledCount=1)
                raise
            self.count(runningCount=-1, **{"failedCount" if problem else "succeededCount": 1})
            if problem:
                self.failures.append(problem)

    async def attempts(self, index: int, env: dict[str, str]) -> str | None:
        """None when an attempt ended well, else what the last one died of."""
        problem = None
        for number in range(self.spec.retries + 1):
            if number == 1:
                self.count(retriedCount=1)
            own = {"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_ATTEMPT": str(number)}
            problem = await self.once(index, number, env | own)
            if problem is None:
                return None
            self.log(f"task {index} attempt {number}: {problem}")
        return f"task {index} {problem}"

    async def once(self, index: int, number: int, env: dict[str, str]) -> str | None:
        def log(line: str) -> None:
            self.log(f"task {index}: {line}")
            self.entries.write(entry(self.name, index, number, line, self.cloud.clock()))

        try:
            code = await attempt(self.spec.command, env, self.folder, log, self.spec.timeout)
        except TimedOut:
            return f"exceeded its time-out of {self.spec.timeout:g} s"
        except OSError as error:
            return f"could not run {self.spec.command[0]}: {error.strerror}"
        return None if code == 0 else f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"

    def count(self, **changes: int) -> None:
        self.counts.update(changes)
        self.show({})

    def show(self, fields: Resource) -> None:
        """Update the resource, unless it was deleted meanwhile."""
        resource = self.cloud.resources.get(HOST, self.name)
        if resource is not None:
            counts = {key: value for key, value in self.counts.items() if value}
            kept = {key: value for key, value in resource.items() if not key.endswith("Count") or key == "taskCount"}
            now = {"updateTime": timestamp(self.cloud.clock())}
            self.cloud.resources.put(HOST, self.name, kept | counts | now | fields)

    def finish(self) -> None:
        now = timestamp(self.cloud.clock())
        if self.cancelled:
            message, reason = "The execution was cancelled.", {"executionReason": "CANCELLED"}
        else:
            if not self.failures and self.counts["succeededCount"] < self.spec.tasks:
                self.failures.append("The execution ended before its tasks did")
            message, reason = "; ".join(self.failures), {"executionReason": "NON_ZERO_EXIT_CODE"}
        failed = bool(message)
        if failed:
            message = f"{message.rstrip('.')}; log: {self.log_path}"
        state = "CONDITION_FAILED" if failed else "CONDITION_SUCCEEDED"
        completed = {"type": "Completed", "state": state, "lastTransitionTime": now}
        conditions = [completed | ({"message": message} | reason if failed else {})]
        self.show({"completionTime": now, "conditions": conditions, "reconciling": False})
        status = "EXECUTION_CANCELLED" if self.cancelled else "EXECUTION_FAILED" if failed else "EXECUTION_SUCCEEDED"
        refer(self.cloud, self.name, completionTime=now, completionStatus=status)
        if failed:
            self.cloud.operations.fail(HOST, self.operation, 499 if self.cancelled else 400, message)
            self.log(message)
        else:
            done = self.cloud.resources.get(HOST, self.name) or {}
            self.cloud.operations.finish(HOST, self.operation, {"@type": TYPE} | done)


def log_path(cloud: Cloud, execution: str) -> Path:
    return cloud.data / "logs" / f"{execution.rpartition('/')[2]}.log"


def mark_cancelled(cloud: Cloud, name: str, resource: Resource) -> None:
    """End an execution that nobody runs any more."""
    now = timestamp(cloud.clock())
    completed = {"type": "Completed", "state": "CONDITION_FAILED", "lastTransitionTime": now}
    why = {"message": "The execution ended with the local cloud.", "executionReason": "CANCELLED"}
    kept = {key: value for key, value in resource.items() if key != "runningCount"}
    ended = {"completionTime": now, "conditions": [completed | why], "reconciling": False}
    cloud.resources.put(HOST, name, kept | ended)
    refer(cloud, name, completionTime=now, completionStatus="EXECUTION_CANCELLED")


def refer(cloud: Cloud, execution: str, **fields: str) -> None:
    """Keep the job's `latestCreatedExecution` true, if it is this one."""
    name = execution.rpartition("/executions/")[0]
    job = cloud.resources.get(HOST, name)
    reference: dict[str, str] = (job or {}).get("latestCreatedExecution") or {}
    if job is not None and reference.get("name") == execution:
        cloud.resources.put(HOST, name, job | {"latestCreatedExecution": reference | fields})
