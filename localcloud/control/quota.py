"""Whose quota a call counts against: `X-Goog-User-Project`."""

from __future__ import annotations

from engine.api_request import ApiRequest
from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.iam.principal import Principal

NEED_A_PROJECT = frozenset(
    f"{service}.googleapis.com"
    for service in ("billingbudgets", "cloudbilling", "firebase", "firebasehosting", "identitytoolkit", "orgpolicy")
)
"""APIs that take a person's own credentials only with the project that pays."""
USE = "serviceusage.services.use"


def require(cloud: Cloud, request: ApiRequest, principal: Principal) -> None:
    """403 for a person's credentials without a project, and for a project that the caller may not use."""
    if "quota_project" not in cloud.awkward:
        return
    if not request.user_project:
        if principal.kind == "user" and request.host in NEED_A_PROJECT:
            raise _deny(
                f"Your application is authenticating by using local Application Default Credentials. The {request.host}"
                " API requires a quota project, which is not set by default. To learn how to set your quota project, "
                "see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds .",
                "SERVICE_DISABLED",
                request.host,
            )
        return
    ours = request.user_project in (cloud.project, cloud.number)
    if not ours or not cloud.iam.is_allowed(principal, USE, cloud.iam.project):
        raise _deny(
            f"Caller does not have required permission to use project {request.user_project}. Grant the caller the "
            f"roles/serviceusage.serviceUsageConsumer role, or a custom role with the {USE} permission.",
            "USER_PROJECT_DENIED",
            request.host,
        )


def _deny(message: str, reason: str, host: str) -> ApiError:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": host},
    }
    return ApiError(403, message, details=[info])
