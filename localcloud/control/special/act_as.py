"""Whoever makes something run as a service account needs `iam.serviceAccounts.actAs` on that account."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.special.registry import CHECKS
from localcloud.errors import ApiError

PERMISSION = "iam.serviceAccounts.actAs"
RUNS_AS: dict[str, tuple[str, ...]] = {
    "run.v2:projects.locations.jobs": ("template.template.serviceAccount",),
    "run.v2:projects.locations.services": ("template.serviceAccount",),
    "workflows.v1:projects.locations.workflows": ("serviceAccount",),
    "eventarc.v1:projects.locations.triggers": ("serviceAccount",),
    "cloudbuild.v1:projects.locations.triggers": ("serviceAccount",),
    "cloudscheduler.v1:projects.locations.jobs": (
        "httpTarget.oauthToken.serviceAccountEmail",
        "httpTarget.oidcToken.serviceAccountEmail",
    ),
    "pubsub.v1:projects.subscriptions": ("pushConfig.oidcToken.serviceAccountEmail",),
}
"""Collection -> where its body names the account, by e-mail or by resource name."""


def check(cloud: Cloud, call: Call) -> None:
    collection = call.method_id.rpartition(".")[0]
    for path in RUNS_AS[collection]:
        account = _at(call.body, path)
        if account:
            _require(cloud, call, str(account).rpartition("/")[2])


def _require(cloud: Cloud, call: Call, email: str) -> None:
    if not cloud.iam.exists(email):
        raise ApiError(400, f"Service account {email} does not exist: {call.method_id} cannot run as it.")
    resource = f"//iam.googleapis.com/projects/{cloud.project}/serviceAccounts/{email}"
    if not cloud.iam.is_allowed(call.principal, PERMISSION, resource):
        raise ApiError(
            403,
            f"Permission '{PERMISSION}' denied on service account {email} (or it may not exist): "
            f"{call.principal.email} needs roles/iam.serviceAccountUser on it.",
        )


def _at(body: dict[str, Any], path: str) -> Any:
    value: Any = body
    for field in path.split("."):
        value = value.get(field) if isinstance(value, dict) else None
    return value


for name in RUNS_AS:
    for verb in ("create", "patch"):
        CHECKS.setdefault(f"{name}.{verb}", []).append(check)
