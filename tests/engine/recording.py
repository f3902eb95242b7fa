"""The recording of the real provider, and the comparison with what the in-process deployer sends.

`DIFFERENCES` is the whole list of what we do otherwise on purpose. Everything else must be equal: verb, host, path,
query, body.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.api_request import ApiRequest

FILE = Path(__file__).resolve().parents[1] / "localcloud" / "control" / "provider-requests.jsonl"


@dataclass(frozen=True, order=True)
class Sent:
    """One request in comparable form: `what` is `VERB host path query`, `body` canonical JSON."""

    what: str
    body: str

    @property
    def is_read(self) -> bool:
        return self.what.startswith("GET ") or ":getIamPolicy" in self.what

    @property
    def is_policy(self) -> bool:
        return ":setIamPolicy" in self.what or bool(re.match(r"PUT storage \S+/iam", self.what))


@dataclass(frozen=True)
class Difference:
    """What we send otherwise: `pattern` of `VERB host path query`, and why."""

    pattern: str
    reason: str
    left_out: bool = False
    """Whether it need not be sent at all; otherwise it is sent, but not as often or not in the same order."""

    def covers(self, sent: Sent) -> bool:
        return re.fullmatch(self.pattern, sent.what) is not None


DIFFERENCES = [
    Difference(
        r"POST serviceusage /v1/projects/[^/]+/services:batchEnable",
        "one call a service: the real provider waits 10 s to put many into one; here they come in order",
    ),
    Difference(
        r"POST \S+ \S+:setIamPolicy|PUT storage \S+/iam",
        "one write a grant, in the order of the program, where the real provider merges and reorders: "
        "compared is the policy that results",
    ),
    Difference(
        r"(GET|POST) \S+ \S+:getIamPolicy.*|GET storage \S+/iam.*",
        "read once a grant: the real provider reads four times more, a second apart, because Google's IAM is "
        "eventually consistent and the local one is not",
    ),
    Difference(
        r"GET \S+ /(v1|v1beta1|storage/v1)/projects/[^/]+/(serviceAccounts|topics|subscriptions)/\S+|GET storage \S+",
        "read once after it is made: the real provider repeats it until it is seen everywhere",
    ),
    Difference(r"GET cloudresourcemanager /v1/projects/proj-fake", "not asked again for every service"),
    Difference(r"GET \S+ \S*/operations/\S+", "an operation that is done at once is not asked for", left_out=True),
    Difference(
        r"GET serviceusage /v1/projects/[^/]+/services .*",
        "no list of the enabled services before and after: enabling twice does no harm",
        left_out=True,
    ),
    Difference(r"GET iam \S+:listAttestationRules", "rules that nobody declares are not read back", left_out=True),
    Difference(r"GET compute \S+", "the bucket's project number is not looked up: nobody uses it", left_out=True),
]

SERVER_MADE = re.compile(
    r"(?<=/)(webApps|triggers|alertPolicies|notificationChannels|uptimeCheckConfigs|dashboards|budgets|operations)/"
    r"(?!on-dicom)[^/:\"]+(:\d+:web:[0-9a-f]+)?"
)
APP_ID = re.compile(r"1:\d+:web:[0-9a-f]+")
ALREADY_THERE = frozenset({"roles/storage.legacyBucketOwner", "roles/storage.legacyBucketReader"})
"""Roles in a policy before anything is granted: the cloud's doing, and it was another cloud that was recorded."""
UNEQUAL = frozenset({"etag", "nextRotationTime"})
"""Fields whose values depend on the moment or on the server."""


def recorded() -> list[Sent]:
    """What the real provider sent while it created everything."""
    rows = [json.loads(line) for line in FILE.read_text().splitlines()]
    return [
        sent
        for row in rows
        if row["run"] == "create" and row["via"] != "proxy"
        for sent in _each(row["method"], row["api"], row["path"], row.get("query") or {}, row["request"])
    ]


def ours(requests: Iterable[ApiRequest]) -> list[Sent]:
    return [
        sent
        for request in requests
        for sent in _each(
            request.method, request.host.removesuffix(".googleapis.com"), request.path, request.query, request.body
        )
    ]


def _each(verb: str, host: str, path: str, query: dict[str, str], body: Any) -> list[Sent]:
    """One request, or one for each service of a merged one."""
    if path.endswith(":batchEnable"):
        return [_sent(verb, host, path, query, {"serviceIds": [service]}) for service in body["serviceIds"]]
    return [_sent(verb, host, path, query, body)]


def _sent(verb: str, host: str, path: str, query: dict[str, str], body: Any) -> Sent:
    what = " ".join([verb, host, path, *(f"{key}={value}" for key, value in sorted(query.items()))])
    return Sent(_masked(what), _masked(json.dumps(_canonical(body), sort_keys=True)))


def _masked(text: str) -> str:
    return APP_ID.sub("<app>", SERVER_MADE.sub(r"\1/<server-made>", text))


def _canonical(value: Any, key: str = "") -> Any:
    if key in UNEQUAL:
        return f"<{key}>"
    if isinstance(value, dict):
        return {name: _canonical(item, name) for name, item in value.items()}
    if isinstance(value, list):
        if key == "bindings":
            value = [binding for binding in value if binding["role"] not in ALREADY_THERE]
        items = [_canonical(item) for item in value]
        # Parts of a policy are sets, which each side writes in its own order.
        unordered = key in ("bindings", "members", "auditConfigs", "auditLogConfigs")
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if unordered else items
    return int(value) if isinstance(value, float) and value.is_integer() else value


def compare(real: list[Sent], mine: list[Sent]) -> list[str]:
    """Every difference that is not listed, in words; empty when there is none."""
    return [*_writes(real, mine), *_policies(real, mine), *_reads(real, mine)]


def _writes(real: list[Sent], mine: list[Sent]) -> list[str]:
    theirs, own = (Counter(sent for sent in side if not sent.is_read and not sent.is_policy) for side in (real, mine))
    missing = [f"not sent: {sent.what} {sent.body}" for sent in sorted((theirs - own).elements())]
    return missing + [f"sent, but not by the real one: {s.what} {s.body}" for s in sorted((own - theirs).elements())]


def _policies(real: list[Sent], mine: list[Sent]) -> list[str]:
    theirs, own = ({sent.what: sent.body for sent in side if sent.is_policy} for side in (real, mine))
    return [
        f"the policy of {what} ends as\n  {own.get(what)}, the real one's as\n  {theirs.get(what)}"
        for what in sorted(theirs.keys() | own.keys())
        if theirs.get(what) != own.get(what)
    ]


def _reads(real: list[Sent], mine: list[Sent]) -> list[str]:
    theirs, own = ({sent for sent in side if sent.is_read} for side in (real, mine))
    left_out = [listed for listed in DIFFERENCES if listed.left_out]
    missing = [sent for sent in sorted(theirs - own) if not any(listed.covers(sent) for listed in left_out)]
    return [f"not read: {sent.what}" for sent in missing] + [
        f"read, but not by the real one: {sent.what} {sent.body}" for sent in sorted(own - theirs)
    ]
