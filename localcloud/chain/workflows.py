"""Workflows and their executions: a source that is not understood is refused when it is deployed; an execution runs as
the workflow's account. Workflows themselves are generic resources. Executions live as long as the process."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud.chain.interpreter import Interpreter, WorkflowError
from localcloud.chain.language import LanguageError, parse
from localcloud.chain.log import ChainLog
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import timestamp
from localcloud.outbound import Outbound
from localcloud.ports import TaskSpawner

WORKFLOWS = "workflows.googleapis.com"
HOST = "workflowexecutions.googleapis.com"
EXECUTIONS = "workflowexecutions.v1:projects.locations.workflows.executions."
AT_ONCE = 20
"""Executions that run at the same time; the others are QUEUED, as beyond Google's quota."""


class Workflows:
    def __init__(
        self,
        cloud: Cloud,
        outbound: Outbound,
        log: ChainLog,
        tasks: TaskSpawner,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.cloud, self.outbound, self.log, self.tasks, self.sleep = cloud, outbound, log, tasks, sleep
        self.places = asyncio.Semaphore(AT_ONCE)
        self.running: dict[str, asyncio.Task[None]] = {}
        for method in ("create", "patch"):
            cloud.checks.setdefault(f"workflows.v1:projects.locations.workflows.{method}", []).append(check_source)
        cloud.methods |= {
            EXECUTIONS + "create": self.create,
            EXECUTIONS + "get": self.get,
            EXECUTIONS + "list": self.list,
            EXECUTIONS + "cancel": self.cancel,
        }
        cloud.on_delete.append(self.forget)

    def create(self, call: Call) -> dict[str, Any]:
        workflow = self.cloud.resources.get(WORKFLOWS, call.name)
        if workflow is None:
            raise ApiError(404, f"Resource '{call.params['parent']}' was not found.")
        try:
            argument = json.loads(call.body.get("argument") or "null")
        except ValueError as problem:
            raise ApiError(400, f"argument of {workflow['name']} is not JSON: {problem}.") from problem
        if not workflow.get("serviceAccount"):
            raise ApiError(400, f"{workflow['name']} has no serviceAccount, and there is no default account here.")
        name = f"{workflow['name']}/executions/{uuid.uuid4()}"
        now = timestamp(self.cloud.clock())
        execution = {**call.body, "name": name, "state": "QUEUED", "createTime": now}
        self.cloud.resources.put(HOST, name, execution)
        self.tasks.spawn(self.run(name, workflow, argument))
        return execution

    async def run(self, name: str, workflow: dict[str, Any], argument: Any) -> None:
        """To the end; a failure is in the execution and in the chain's log."""
        task = asyncio.current_task()
        assert task is not None
        self.running[name] = task
        try:
            async with self.places:
                self.show(name, state="ACTIVE", startTime=timestamp(self.cloud.clock()))
                result = await self.interpreter(name, workflow).run(*parse(workflow["sourceContents"]), argument)
            self.end(name, state="SUCCEEDED", result=json.dumps(result))
            self.log.write(name, f"ended: {json.dumps(result)}")
        except WorkflowError as error:
            self.end(name, state="FAILED", error={"payload": json.dumps(error.value), "context": str(error)})
            self.log.write(name, f"failed: {error}")
        except asyncio.CancelledError:
            self.end(name, state="CANCELLED")
            self.log.write(name, "cancelled")
        finally:
            del self.running[name]

    def interpreter(self, name: str, workflow: dict[str, Any]) -> Interpreter:
        _, project, _, location, _, workflow_id = workflow["name"].split("/")
        env = {
            "GOOGLE_CLOUD_PROJECT_ID": project,
            "GOOGLE_CLOUD_PROJECT_NUMBER": self.cloud.number,
            "GOOGLE_CLOUD_LOCATION": location,
            "GOOGLE_CLOUD_WORKFLOW_ID": workflow_id,
            "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": name.rpartition("/")[2],
        }
        return Interpreter(
            outbound=self.outbound,
            account=workflow["serviceAccount"].rpartition("/")[2],
            env=env | workflow.get("userEnvVars", {}),
            now=self.cloud.clock,
            sleep=self.sleep,
        )

    def show(self, name: str, **fields: Any) -> None:
        execution = self.cloud.resources.get(HOST, name)
        if execution is not None:
            self.cloud.resources.put(HOST, name, execution | fields)

    def end(self, name: str, **fields: Any) -> None:
        self.show(name, endTime=timestamp(self.cloud.clock()), **fields)

    def get(self, call: Call) -> dict[str, Any]:
        execution = self.cloud.resources.get(HOST, call.name)
        if execution is None:
            raise ApiError(404, f"Resource '{call.params['name']}' was not found.")
        return execution

    def list(self, call: Call) -> dict[str, Any]:
        """Newest first, in one page."""
        executions = self.cloud.resources.children(HOST, call.name, "executions")
        return {"executions": sorted(executions, key=lambda execution: execution["createTime"], reverse=True)}

    def cancel(self, call: Call) -> dict[str, Any]:
        execution = self.get(call)
        if task := self.running.get(execution["name"]):
            task.get_loop().call_soon_threadsafe(task.cancel)
        return execution

    def forget(self, host: str, name: str) -> None:
        if host == WORKFLOWS:
            self.cloud.resources.delete(HOST, name)


def check_source(call: Call) -> None:
    source = call.body.get("sourceContents")
    try:
        if source is not None:
            parse(source)
    except LanguageError as problem:
        workflow = call.query.get("workflowId") or call.name
        raise ApiError(400, f"Workflow {workflow}: {problem}.") from problem
