"""A deployed stack whose runbook is followed: its commands typed in a checkout of its own, and what goes wrong there.

Nothing starts the job but the tests: its schedule is once a year, and the event workflow waits an hour.
"""

from __future__ import annotations

import base64
import contextlib
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from engine import Deployment, HttpTransport, Node, RestProvider
from engine.calls.iam_members import TARGETS
from engine.provider import Declared, Refused
from ops.local import state
from tests.docs.gcloud import gcloud
from tests.docs.page import typed
from tests.docs.pulumi import check
from tests.local_objects import object_names
from tests.localcloud.services.client import Api
from tests.ops.deliver.place import Place, place

NOT_NOW = f"0 3 1 {(datetime.now(UTC).month + 5) % 12 + 1} *"
"""Half a year from now."""
SETTINGS: Mapping[str, Any] = {
    "dicom-platform:exportSchedule": NOT_NOW,
    "dicom-platform:jobSchedule": NOT_NOW,
    "dicom-platform:eventWindowSeconds": 3600,
    "dicom-platform:jobQuietSeconds": 0,
    "dicom-platform:jobMaxRetries": 0,
}
VARIABLES = {"PROJECT": "dicom-local", "REGION": "europe-west4", "STACK": "local"}
"""What is set once a shell."""
RECORDS, COPIES = "dicom-local-imaging-records", "dicom-local-imaging-copies"
PUT_BACK = {"gcp:healthcare/dicomStore:DicomStore", "gcp:logging/projectSink:ProjectSink"}
PROMPT = "$(gcloud auth print-access-token)"


@dataclass
class Clock:
    """The time, put forward by the tests that need a lease to end."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class AlreadyThere(Exception):
    """A declared resource was not taken away."""


def create(provider: RestProvider, node: Node, settings: Mapping[str, str]) -> None:
    declared = Declared(urn=node.urn, type=node.type, name=node.name, inputs=node.inputs, settings=settings)
    try:
        provider.create(declared)
    except Refused as refused:
        if " answered 409: " in refused.reason:
            raise AlreadyThere(node.name) from refused
        raise


@dataclass
class Stack:
    place: Place
    deployment: Deployment
    clock: Clock
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(self.place.parts)

    # -- typing

    def type(self, line: str, words: Mapping[str, str], stdin: str = "") -> Any:
        """One command of the runbook; what it gives depends on the program."""
        command = typed(line, VARIABLES, words)
        match command[0]:
            case "gcloud":
                return gcloud(self.api, command, stdin)
            case "make":
                return self.make(command[1:])
            case "curl":
                return self.curl(command[1:])
            case "pulumi":
                check(command)
                return self.put_back() if command[1] == "up" else None
            case _:
                raise AssertionError(f"nothing is known of {shlex.join(command)}")

    def make(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        """As it is, but for the environment, which is the tests' own and not installed anew."""
        ours = [f"BIN={Path(sys.executable).parent}", "-o", ".venv/.installed-run", "-o", ".venv/.installed-dev"]
        return subprocess.run(
            ["make", *arguments, *ours],
            cwd=self.place.folder, env=self.place.environment(), capture_output=True, text=True, timeout=200,
        )  # fmt: skip

    def curl(self, arguments: list[str]) -> requests.Response:
        """The request, with Google's host found at the local cloud."""
        fail, x, verb, h, header, url = arguments
        assert (fail, x, h) == ("--fail", "-X", "-H")
        name, _, value = header.replace(PROMPT, self.token()).partition(": ")
        at = url.replace("https://", f"{self.place.parts.cloud.base}/")
        answer = requests.request(verb, at, headers={name: value}, timeout=30)
        answer.raise_for_status()
        return answer

    def put_back(self) -> None:
        """What `pulumi up --refresh` does about what was taken away: stores and sinks that are gone are made anew, and
        grants and audit configurations, which only add, are written once more."""
        provider = RestProvider(HttpTransport(self.place.parts.cloud.base, self.token()))
        settings = {"project": VARIABLES["PROJECT"], "region": VARIABLES["REGION"]}
        for node in self.deployment.resources.values():
            if node.type in TARGETS or node.type in PUT_BACK:
                with contextlib.suppress(AlreadyThere):
                    create(provider, node, settings)

    # -- looking and making trouble

    def token(self, who: str | None = None) -> str:
        iam = self.place.parts.cloud.iam
        return iam.token(who or iam.owner)

    @property
    def outputs(self) -> dict[str, Any]:
        return self.deployment.outputs

    def root(self, store: str) -> str:
        return self.outputs["stores"][store]["dicomwebRoot"]

    def stow(self, data: bytes, store: str = "raw") -> None:
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/dicom"}
        assert requests.post(f"{self.root(store)}/studies", data=data, headers=headers, timeout=30).ok

    def instances(self, store: str, study: str) -> set[str]:
        headers = {"Authorization": f"Bearer {self.token()}", "Accept": "application/dicom+json"}
        answer = requests.get(f"{self.root(store)}/studies/{study}/instances", headers=headers, timeout=30)
        return {one["00080018"]["Value"][0] for one in answer.json()} if answer.status_code == 200 else set()

    def publish(self, data: str) -> None:
        message = {"data": base64.b64encode(data.encode()).decode()}
        self.api.call("POST", f"pubsub.googleapis.com/v1/{self.outputs['topic']}:publish", {"messages": [message]})

    def run_job(self, *arguments: str, fails: bool = False) -> None:
        """An execution from its start to its end, which must be as foreseen."""
        given = f" --args={','.join(arguments)}" if arguments else ""
        ended = self.type(f"gcloud run jobs execute prepare --region=$REGION --project=$PROJECT --wait{given}", {})
        log = self.place.parts.cloud.data / "logs" / f"{ended['name'].rpartition('/')[2]}.log"
        assert ended.get("failedCount" if fails else "succeededCount") == 1, log.read_text()

    def objects(self, bucket: str, prefix: str) -> list[str]:
        return object_names(self.place.parts.cloud, bucket, prefix)


@contextlib.contextmanager
def deployed(folder: Path) -> Generator[Stack]:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch, place(folder, patch, SETTINGS, clock) as made:
        outputs = made.folder / state.FOLDER / "outputs.json"
        outputs.write_text((made.folder / ".stand-in/outputs.json").read_text())
        patch.undo()  # commands run in the checkout, the tests where they were
        yield Stack(made, made.deployment, clock)


def until(probe: Callable[[], Any]) -> Any:
    """Poll until a function's value is true, and return it."""
    end = time.monotonic() + 30
    while not (value := probe()):
        assert time.monotonic() < end, "it did not happen within 30 seconds"
        time.sleep(0.02)
    return value
