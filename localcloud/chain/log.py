"""The chain's log: one line for each thing that started a job, or did not and why."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.forms import timestamp


class ChainLog:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.path = cloud.data / "logs" / "chain.log"

    def write(self, resource: str, text: str) -> None:
        """`resource` is the schedule, trigger or workflow execution that it is about."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(f"{timestamp(self.cloud.clock())} {resource}: {text}\n")
