"""What a Cloud Run execution is to do: the job's template with the overrides of one run. Starts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.errors import ApiError
from localcloud.forms import duration

SECRET = "valueSource"  # noqa: S105 - the name of a field
MOST_AT_ONCE = 8
"""Tasks of one execution that run side by side, whatever the job allows: this is one machine."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One execution's tasks. Seconds for times; `secrets` maps a variable to a full secret version name."""

    image: str
    """Digest, `sha256:...`."""
    command: list[str]
    account: str
    env: dict[str, str]
    secrets: dict[str, str]
    tasks: int
    parallelism: int
    timeout: float
    retries: int

    @classmethod
    def of(cls, job: dict[str, Any], overrides: dict[str, Any], project: str) -> Spec:
        """`ApiError` 400 in words for a job that cannot run here."""
        name: str = job["name"]
        execution: dict[str, Any] = job.get("template") or {}
        task: dict[str, Any] = execution.get("template") or {}
        containers: list[dict[str, Any]] = task.get("containers") or []
        if len(containers) != 1:
            raise ApiError(400, f"{name} declares {len(containers)} containers; the local runner starts exactly one.")
        container = containers[0]
        if not container.get("command"):
            raise ApiError(
                400, f"{name} declares no command; declare it, since the local runner has no image entrypoint."
            )
        if not task.get("serviceAccount"):
            raise ApiError(
                400, f"{name} declares no serviceAccount, and there is no default account here; declare one."
            )
        override: dict[str, Any] = (overrides.get("containerOverrides") or [{}])[0]
        args = [] if override.get("clearArgs") else override.get("args") or container.get("args") or []
        variables = {entry["name"]: entry for entry in [*container.get("env", []), *override.get("env", [])]}
        tasks = overrides.get("taskCount") or execution.get("taskCount") or 1
        return cls(
            image=image_digest(name, container.get("image", "")),
            command=[*container["command"], *args],
            account=task["serviceAccount"],
            env={key: entry.get("value", "") for key, entry in variables.items() if SECRET not in entry},
            secrets={key: secret(entry, project) for key, entry in variables.items() if SECRET in entry},
            tasks=tasks,
            parallelism=min(tasks, execution.get("parallelism") or tasks, MOST_AT_ONCE),
            timeout=duration(overrides.get("timeout") or task.get("timeout"), 600),
            # 0 is a choice, absent is Google's default.
            retries=task.get("maxRetries", 3),
        )


def image_digest(job: str, image: str) -> str:
    name, at, digest = image.partition("@")
    if not at:
        raise ApiError(400, f"{job} names its image '{name}' without a digest; name it by digest: IMAGE@sha256:...")
    return digest


def secret(entry: dict[str, Any], project: str) -> str:
    reference = entry[SECRET]["secretKeyRef"]
    name: str = reference["secret"]
    full = name if name.startswith("projects/") else f"projects/{project}/secrets/{name}"
    return f"{full}/versions/{reference.get('version') or 'latest'}"
