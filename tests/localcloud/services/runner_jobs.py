"""One Cloud Run job of a test: declares it, runs it, reads what it left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.localcloud.services.client import LOCATION, Api

RUN = "run.googleapis.com/v2"
JOB = f"{LOCATION}/jobs/prepare"
Until = Callable[[Callable[[], Any]], Any]


class Jobs:
    """Declares one job whose image is a folder with `main.py`, and runs it."""

    def __init__(self, api: Api, folder: Path, until: Until) -> None:
        self.api, self.folder, self.until = api, folder, until
        self.account = api.account("job-runner")
        self.python = "import sys, os, time, json\n"

    def declare(
        self,
        script: str,
        *,
        task: dict[str, Any] | None = None,
        container: dict[str, Any] | None = None,
        **execution: Any,
    ) -> None:
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "main.py").write_text(self.python + script)
        digest = self.api.parts.registry.seed(source)
        image = {"image": f"europe-west4-docker.pkg.dev/dicom-local/images/prepare@{digest}"}
        containers = [{**image, "command": ["python", "main.py"], **(container or {})}]
        template = {"containers": containers, "serviceAccount": self.account, "maxRetries": 0, **(task or {})}
        body = {"template": {**execution, "template": template}}
        self.api.call("POST", f"{RUN}/{LOCATION}/jobs?jobId=prepare", body)

    def start(self, **body: Any) -> str:
        """Name of the operation."""
        return self.api.call("POST", f"{RUN}/{JOB}:run", body)["name"]

    def ended(self, operation: str) -> dict[str, Any]:
        return self.until(lambda: self.done(operation))

    def done(self, operation: str) -> dict[str, Any] | None:
        found = self.api.call("GET", f"{RUN}/{operation}")
        return found if found.get("done") else None

    def run(self, **body: Any) -> dict[str, Any]:
        return self.ended(self.start(**body))

    def executions(self) -> list[dict[str, Any]]:
        return self.api.call("GET", f"{RUN}/{JOB}/executions").get("executions", [])

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted((self.api.parts.cloud.data / "logs").glob("prepare-*.log")))
