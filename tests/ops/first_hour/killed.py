"""What a killed update leaves in Pulumi's state, and what the CLI does with it, as the real one was seen to."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from engine import Node

LOCKED = """error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete …
  file:///states/.pulumi/locks/organization/p/dev/61.json: created by ann@{host} (pid {pid}) at 2026-11-30T13:38:39Z"""


def ended_process() -> int:
    """Number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@dataclass
class KilledState:
    """A `Cli` over the resources of an in-process deployment."""

    resources: dict[str, Node] = field(default_factory=dict[str, Node])
    pending: dict[str, Node] = field(default_factory=dict[str, Node])
    """What was made when the update was killed, and is not in the state."""
    lock: int | None = None
    taken: dict[str, str] = field(default_factory=dict[str, str])
    """URN -> id of what was put into the state and not looked for yet."""
    lost: dict[str, Node] = field(default_factory=dict[str, Node])
    """What was pending before the state was written."""
    recovered: int = 0
    """Resources that came into the state after all."""

    def kill(self, made: Node) -> None:
        self.pending[made.urn] = made
        self.lock = ended_process()

    def __call__(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        match arguments:
            case "stack", "export":
                return answer(json.dumps({"deployment": self.exported()}))
            case "cancel", *_:
                self.lock = None
                return answer()
            case _ if self.lock is not None:
                return answer(error=LOCKED.format(host=socket.gethostname(), pid=self.lock))
            case "stack", "import":
                written = json.loads(given)["deployment"]
                self.taken = {resource["urn"]: resource["id"] for resource in written["resources"]
                              if resource["urn"] not in self.resources}  # fmt: skip
                if "pending_operations" not in written:
                    self.lost, self.pending = self.pending, {}
                return answer()
            case _:
                assert arguments[0] == "refresh"
                self.refresh([urn for word, urn in pairwise(arguments) if word == "--target"])
                return answer()

    def exported(self) -> dict[str, Any]:
        pending = [{"type": "creating", "resource": {"urn": made.urn, "type": made.type, "inputs": made.inputs}}
                   for made in self.pending.values()]  # fmt: skip
        return {"resources": [{"urn": urn} for urn in self.resources], "pending_operations": pending}

    def refresh(self, urns: list[str]) -> None:
        """What is there under its id stays in the state."""
        for urn in urns:
            made = self.lost[urn]
            if self.taken[urn] == made.id:
                self.resources[urn] = made
                self.recovered += 1


def answer(words: str = "", error: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess((), int(bool(error)), words, error)
