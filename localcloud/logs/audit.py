"""Audit entries: which are kept, and what they say.

As on Google, changes of administration are always logged, and reads and data access only where the project's audit
configuration asks for them. Differences: one entry for a long-running operation instead of two, `resource.type` is
`audited_resource` everywhere, requests and answers are not in the entry.

Of DICOM an entry has the path, never a query or an attribute: UIDs, and no patient.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from localcloud.cloud import Cloud
from localcloud.forms import timestamp
from localcloud.iam.principal import Principal
from localcloud.logs.batches import Entry, Short
from localcloud.ports import Access

ACTIVITY, DATA_ACCESS = "cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access"
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 412: 9, 429: 8, 499: 1, 501: 12, 503: 14, 504: 4}
"""HTTP status -> google.rpc.Code; other errors are 13 (INTERNAL)."""


LOGS = {name: quote(name, safe="") for name in (ACTIVITY, DATA_ACCESS)}


class Audit:
    """Decides what is logged; `note` takes the id of a log and a record for it."""

    def __init__(self, cloud: Cloud, note: Callable[[str, Entry | Short], None]) -> None:
        self._cloud, self._note = cloud, note
        self._numbers = itertools.count()
        self._revision = -1
        self._asked: dict[tuple[str, str], frozenset[str]] = {}

    def take(self, access: Access) -> None:
        """Log an access, if it is of a kind that is logged."""
        administers = access.kind == "ADMIN_WRITE"
        if not administers and not self.asks(access.service, access.kind, access.principal):
            return
        log, seconds, number = LOGS[ACTIVITY if administers else DATA_ACCESS], self._cloud.clock(), next(self._numbers)
        if access.delta:
            named = access._replace(principal=access.principal.email)
            self._note(log, entry(self._cloud.project, log, seconds, number, named))
        else:
            principal, service, method, kind, permission, resource, status, message, caller, agent, _ = access
            rest = (principal.email, service, method, kind, permission, status, message, caller, agent)
            self._note(log, (seconds, number, resource, rest))

    def asks(self, service: str, kind: str, principal: Principal) -> bool:
        """Whether the project wants reads and accesses of that kind logged."""
        if self._revision != self._cloud.resources.revision:
            self._read_configuration()
        exempted = self._asked.get((service, kind))
        if exempted is None:
            exempted = self._asked.get(("allServices", kind))
        return exempted is not None and principal.member not in exempted

    def _read_configuration(self) -> None:
        """Members exempted, by service and type of log, for all that is switched on. A service has those of all too."""
        self._revision = self._cloud.resources.revision
        policy = self._cloud.iam.policy(self._cloud.iam.project)
        self._asked = {}
        for config in policy.get("auditConfigs", ()):
            for log in config.get("auditLogConfigs", ()):
                exempted = frozenset(log.get("exemptedMembers", ()))
                self._asked[config["service"], log["logType"]] = exempted
        for (service, kind), exempted in list(self._asked.items()):
            if common := self._asked.get(("allServices", kind)):
                self._asked[service, kind] = frozenset([*exempted, *common])


def spell_out(project: str) -> Callable[[str, Short], Entry]:
    """Makes whole entries of the short records of a project."""

    def whole(log: str, record: Short) -> Entry:
        seconds, number, resource, rest = record
        principal, service, method, kind, permission, status, message, caller, agent = rest
        access = Access(principal, service, method, kind, permission, resource, status, message, caller, agent)
        return entry(project, log, seconds, number, access)

    return whole


def entry(project: str, log: str, seconds: float, number: int, access: Access) -> Entry:
    """A `LogEntry`; the principal of `access` is an e-mail here."""
    now, code = timestamp(seconds), access.status
    payload: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {} if code < 400 else {"code": CODES.get(code, 13), "message": access.message},
        "authenticationInfo": {"principalEmail": access.principal},
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
    labels = {"project_id": project, "service": access.service, "method": access.method}
    return {
        "insertId": f"{int(seconds * 1e6):x}-{number:08x}",
        "logName": f"projects/{project}/logs/{log}",
        "timestamp": now,
        "receiveTimestamp": now,
        "severity": "ERROR" if code >= 400 else "NOTICE" if log == LOGS[ACTIVITY] else "INFO",
        "resource": {"type": "audited_resource", "labels": labels},
        "protoPayload": payload,
    }
