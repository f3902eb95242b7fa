"""Eventarc: a message on a trigger's topic starts the trigger's workflow, one execution a message, as the trigger's
account. Triggers themselves are generic resources. Not here: other sources and targets, retries (Google repeats)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from localcloud.chain.log import ChainLog
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.outbound import Outbound
from localcloud.ports import TaskSpawner
from localcloud.pubsub import PubSub

HOST = "eventarc.googleapis.com"
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
AT_ONCE = 10
"""Events handed over at the same time, so that a slide's burst does not crowd out the images themselves."""


class Eventarc:
    def __init__(self, cloud: Cloud, pubsub: PubSub, outbound: Outbound, log: ChainLog, tasks: TaskSpawner) -> None:
        self.cloud, self.outbound, self.log, self.tasks = cloud, outbound, log, tasks
        self.places = asyncio.Semaphore(AT_ONCE)
        cloud.checks.setdefault("eventarc.v1:projects.locations.triggers.create", []).append(check_trigger)
        pubsub.listeners.append(self.start_executions)

    def start_executions(self, topic: str, message: dict[str, Any]) -> None:
        for name, trigger in self.cloud.resources.all(HOST).items():
            transport = (trigger.get("transport") or {}).get("pubsub") or {}
            if "/triggers/" in name and transport.get("topic") == topic:
                self.tasks.spawn(self.deliver(trigger, event(topic, message)))

    async def deliver(self, trigger: dict[str, Any], event: dict[str, Any]) -> None:
        """Start the workflow, if the account may receive events and start it; the log says why not."""
        account: str = trigger["serviceAccount"].rpartition("/")[2]
        workflow: str = trigger["destination"]["workflow"]
        async with self.places:
            try:
                project = f"//cloudresourcemanager.googleapis.com/projects/{self.cloud.project}"
                if not self.cloud.iam.is_allowed(f"serviceAccount:{account}", "eventarc.events.receiveEvent", project):
                    raise ApiError(403, f"{account} lacks eventarc.events.receiveEvent on {project}")
                url = f"https://workflowexecutions.googleapis.com/v1/{workflow}/executions"
                answer = await self.outbound.send("POST", url, account=account, body={"argument": json.dumps(event)})
            except ApiError as error:
                self.log.write(trigger["name"], f"workflow not started: {error.code}: {error.message}")
                return
        if answer.status != 200:
            self.log.write(trigger["name"], f"workflow not started: {answer.reason}")


def event(topic: str, message: dict[str, Any]) -> dict[str, Any]:
    """The CloudEvent a workflow gets as its argument."""
    return {
        "specversion": "1.0",
        "id": message["messageId"],
        "source": f"//pubsub.googleapis.com/{topic}",
        "type": PUBLISHED,
        "time": message["publishTime"],
        "datacontenttype": "application/json",
        "data": {"message": message},
    }


def check_trigger(call: Call) -> None:
    """Refuse what would be accepted and then never fire."""
    body, name = call.body, call.query.get("triggerId") or call.body.get("name", "")
    filters = {item.get("attribute"): item.get("value") for item in body.get("eventFilters") or []}
    problem = None
    if filters != {"type": PUBLISHED}:
        problem = f"has the filters {filters}; the local cloud knows only type = {PUBLISHED}"
    elif not (body.get("destination") or {}).get("workflow"):
        problem = "has no workflow as destination, and the local cloud knows no other"
    elif not ((body.get("transport") or {}).get("pubsub") or {}).get("topic"):
        problem = "names no topic in transport.pubsub; name one, since the local cloud makes none"
    elif not body.get("serviceAccount"):
        problem = "has no serviceAccount, and there is no default account here"
    if problem:
        raise ApiError(400, f"Trigger {name} {problem}.")
