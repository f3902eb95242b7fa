"""Audit entries: which are kept, and what they say.

As on Google, changes of administration are always logged, and reads and data access only where the project's audit
configuration asks for them. Differences: one entry for a long-running operation instead of two, `resource.type` is
`audited_resource` everywhere, requests and answers are not in the entry.

Of DICOM an entry has the path, never a query or an attribute: UIDs, and no patient.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from localcloud.cloud import Access, Cloud
from localcloud.forms import timestamp

ACTIVITY, DATA_ACCESS = "cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access"
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 412: 9, 429: 8, 499: 1, 501: 12, 503: 14, 504: 4}
"""HTTP status -> google.rpc.Code; other errors are 13 (INTERNAL)."""


class Audit:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._logs = {name: f"projects/{cloud.project}/logs/{quote(name, safe='')}" for name in (ACTIVITY, DATA_ACCESS)}
        self._numbers = itertools.count()
        self._config: tuple[int, dict[tuple[str, str], frozenset[str]]] = (-1, {})

    def take(self, access: Access) -> None:
        """Log an access, if it is of a kind that is logged."""
        administers = access.kind == "ADMIN_WRITE"
        if administers or self._is_asked_for(access):
            self._cloud.log(self._entry(access, ACTIVITY if administers else DATA_ACCESS))

    def _is_asked_for(self, access: Access) -> bool:
        configured = self._configured()
        exempted = [configured.get((service, access.kind)) for service in (access.service, "allServices")]
        asked = [members for members in exempted if members is not None]
        return bool(asked) and not any(access.principal.member in members for members in asked)

    def _configured(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Members exempted, by service and type of log, for all that is switched on."""
        revision = self._cloud.resources.revision
        if self._config[0] != revision:
            policy = self._cloud.iam.policy(self._cloud.iam.project)
            self._config = (
                revision,
                {
                    (config["service"], log["logType"]): frozenset(log.get("exemptedMembers", ()))
                    for config in policy.get("auditConfigs", ())
                    for log in config.get("auditLogConfigs", ())
                },
            )
        return self._config[1]

    def _entry(self, access: Access, log: str) -> dict[str, Any]:
        seconds = self._cloud.clock()
        now, code = timestamp(seconds), access.status
        payload: dict[str, Any] = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "status": {} if code < 400 else {"code": CODES.get(code, 13), "message": access.message},
            "authenticationInfo": {"principalEmail": access.principal.email},
            "requestMetadata": {"callerIp": access.caller, "callerSuppliedUserAgent": access.agent},
            "serviceName": access.service,
            "methodName": access.method,
            "authorizationInfo": [
                {"resource": access.resource, "permission": access.permission, "granted": code != 403},
            ],
            "resourceName": access.resource,
        }
        if access.delta:
            payload["serviceData"] = {
                "@type": "type.googleapis.com/google.iam.v1.logging.AuditData",
                "policyDelta": access.delta,
            }
        labels = {"project_id": self._cloud.project, "service": access.service, "method": access.method}
        return {
            "insertId": f"{int(seconds * 1e6):x}-{next(self._numbers):08x}",
            "logName": self._logs[log],
            "timestamp": now,
            "receiveTimestamp": now,
            "severity": "ERROR" if code >= 400 else "NOTICE" if log == ACTIVITY else "INFO",
            "resource": {"type": "audited_resource", "labels": labels},
            "protoPayload": payload,
        }
