"""Replays the recorded traffic of the real gcp provider against a control plane. Used by test_replay.py.

Ids that a server hands out differ from those recorded, so they are learnt from our answers, and later requests are
sent with ours in place of the recorded ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.api_request import ApiRequest
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane

Row = dict[str, Any]
RECORDING = Path(__file__).with_name("provider-requests.jsonl")
PREFIXES = {"compute": "/compute"}
"""The recording's custom endpoint of Compute was without the API's base path."""

HANDED_OUT = ("name", "id", "appId", "uniqueId", "etag", "oauth2ClientId", "resourceName", "email")
"""Fields of an answer whose value may be the server's choice and may come back in a later request."""
OURS_TO_CHOOSE = {
    "createTime", "updateTime", "etag", "uid", "uniqueId", "oauth2ClientId", "revisionId", "revisionCreateTime",
    "mutateTime", "mutatedBy", "generateTime", "destroyTime", "effectiveTime", "timeCreated", "updated", "expireTime",
    "checkTime", "userUpdateTime", "scheduleTime", "lastTransitionTime", "creationTime", "lastModifiedTime", "creator",
    "lastModifier", "apiKeyId", "webId", "apiKey", "url", "metageneration", "selfLink", "userByEmail",
    "version",
}  # fmt: skip
"""Fields that must be there, with a value of ours: times, counters, random ids, who was asking."""

DELIBERATE = {
    "cloudresourcemanager labels": "our project has no labels",
    "cloudresourcemanager name": "our project has no display name",
    "compute id": "a number like Google's in place of the recorded 1",
    "cloudscheduler scheduleTime": "the next run is known to the scheduler, which is not part of the control plane",
    "firebasehosting ttl": "input only in the API: the expiry time is answered",
    "monitoring conditions[0].name": "conditions are numbered from 1, the recorded ones from 1000",
    "secretmanager replicationStatus.automatic": "the secret is replicated by the user: Google answers userManaged",
}
"""API and field of an answer -> why ours differs from the recorded one."""


def rows() -> list[Row]:
    """The recording without its `proxy` rows: refused CONNECTs to openidconnect.googleapis.com, which with a
    service-account key (`Pulumi.local.yaml`) are not sent and which would not come to the control plane."""
    recorded = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    return [row for row in recorded if row["via"] != "proxy"]


@dataclass
class Replay:
    cloud: Cloud
    plane: ControlPlane
    ours: dict[str, str] = field(default_factory=dict[str, str])
    """Recorded text -> ours."""
    problems: list[str] = field(default_factory=list[str])

    def run(self, recorded: list[Row], *, stop_early: bool = False) -> list[str]:
        """Send everything in order; returns what was not as recorded."""
        self.authorization = f"Bearer {self.cloud.iam.token(self.cloud.iam.owner)}"
        for row in recorded:
            self._send(row)
            if stop_early and self.problems:
                break
        return self.problems

    def _send(self, row: Row) -> None:
        path = PREFIXES.get(row["api"], "") + row["path"]
        request = ApiRequest(
            host=f"{row['api']}.googleapis.com",
            method=row["method"],
            path=self._substituted(path),
            query=self._substituted(row.get("query") or {}),
            body=self._substituted(row["request"]),
            authorization=self.authorization,
        )
        response = self.plane.handle(request)
        if row["status"] == 200 and response.status == 200:
            for _ in range(2):  # a child's name may come before its parent's
                self._learn(row["response"], response.body)
        self._compare(row, response.status, response.body)

    def _compare(self, row: Row, status: int, body: Any) -> None:
        what = f"{row['seq']} {row['method']} {row['api']}{row['path']}"
        if status != row["status"]:
            self.problems.append(f"{what}: status {status}, recorded {row['status']}: {json.dumps(body)[:300]}")
            return
        if status != 200:
            return
        recorded = row["response"]
        if "operations/" in str(recorded.get("name", "")):
            if not body.get("name"):
                self.problems.append(f"{what}: an operation without a name")
            if not recorded.get("done"):
                return  # ours are done at once
        for where, difference in differences(self._substituted(recorded), body, ""):
            if f"{row['api']} {where.removeprefix('response.')}" not in DELIBERATE:
                self.problems.append(f"{what}: {where} {difference}")

    def _learn(self, recorded: Any, got: Any) -> None:
        if isinstance(recorded, dict) and isinstance(got, dict):
            for key, value in recorded.items():
                if key in HANDED_OUT and isinstance(value, str) and isinstance(got.get(key), str):
                    if self._substituted(value) != got[key]:
                        self._remember(value, got[key])
                else:
                    self._learn(value, got.get(key))
        elif isinstance(recorded, list) and isinstance(got, list):
            for one, other in zip(recorded, got, strict=False):
                self._learn(one, other)

    def _remember(self, recorded: str, got: str) -> None:
        """Only the last segment of a name is the server's choice; it occurs in other names and in queries too."""
        parent, _, last = recorded.rpartition("/")
        our_parent, _, our_last = got.rpartition("/")
        if parent and self._substituted(parent) == our_parent and len(last) > 5:
            self.ours[last] = our_last
        elif "=" in recorded or ("/" not in recorded and len(recorded) > 5):
            self.ours[recorded] = got

    def _substituted(self, value: Any) -> Any:
        if isinstance(value, str):
            if value in self.ours:
                return self.ours[value]
            for recorded, ours in self.ours.items():
                if len(recorded) > 5 and recorded in value and value not in self.ours.values():
                    value = value.replace(recorded, ours)
            return value
        if isinstance(value, list):
            return [self._substituted(item) for item in value]
        if isinstance(value, dict):
            return {self._substituted(key): self._substituted(item) for key, item in value.items()}
        return value


def differences(recorded: Any, got: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where the recorded answer has something that ours has not or has otherwise. More in ours is no difference."""
    if isinstance(recorded, dict) and isinstance(got, dict):
        for key, value in recorded.items():
            where = f"{path}.{key}" if path else key
            if key not in got:
                yield where, "is missing"
            elif key not in OURS_TO_CHOOSE and key != "@type":
                yield from differences(value, got[key], where)
    elif isinstance(recorded, list) and isinstance(got, list) and len(recorded) <= len(got):
        for index, value in enumerate(recorded):
            yield from differences(value, got[index], f"{path}[{index}]")
    elif recorded != got:
        yield path, f"is {got!r}, recorded {recorded!r}"
