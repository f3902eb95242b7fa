"""IAM policies as data: their syntax, members, conditions. Knows no resource and no principal."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

from localcloud.errors import ApiError

Policy = dict[str, Any]

_EMAIL = r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+"
_PRINCIPAL = r"//iam\.googleapis\.com/(projects|locations)/\S+"
_MEMBER = re.compile(
    rf"allUsers|allAuthenticatedUsers|(user|group|serviceAccount):{_EMAIL}|domain:[\w.-]+\.\w+"
    rf"|project(Owner|Editor|Viewer):[\w:.-]+|principal(Set)?:{_PRINCIPAL}"
    rf"|deleted:(user|group|serviceAccount):{_EMAIL}\?uid=\d+|deleted:principal(Set)?:{_PRINCIPAL}"
)
_BELOW = re.compile(r"""\s*resource\.name\.startsWith\(\s*["']([^"']+)["']\s*\)\s*""")
_UNTIL = re.compile(r"""\s*request\.time\s*<\s*timestamp\(\s*["']([^"']+)["']\s*\)\s*""")


def normalise(policy: Policy) -> Policy:
    """The policy as Google gives it back: one binding a role and condition, none empty, version 3 only with
    conditions.
    """
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for binding in policy.get("bindings") or []:
        condition: dict[str, Any] | None = binding.get("condition")
        _check(binding, condition, policy)
        key = (binding["role"], (condition or {}).get("expression", ""))
        entry = merged.setdefault(key, {"role": binding["role"], "members": []})
        entry["members"] += [m for m in binding.get("members") or [] if m not in entry["members"]]
        if condition:
            entry["condition"] = condition
    bindings = [binding for binding in merged.values() if binding["members"]]
    fresh: Policy = {"version": 3 if any("condition" in b for b in bindings) else 1, "bindings": bindings}
    if policy.get("auditConfigs"):
        fresh["auditConfigs"] = policy["auditConfigs"]
    return fresh


def _check(binding: dict[str, Any], condition: dict[str, Any] | None, policy: Policy) -> None:
    if not binding.get("role"):
        raise ApiError(400, "A binding of the policy has no role.")
    for member in binding.get("members") or []:
        if not _MEMBER.fullmatch(member):
            raise ApiError(
                400,
                f"Invalid member '{member}' in the binding of {binding['role']}: a member is written like "
                "'user:a@example.org', 'group:g@example.org' or 'serviceAccount:s@project.iam.gserviceaccount.com'.",
            )
    if condition is None:
        return
    if policy.get("version") != 3:
        raise ApiError(400, "Conditional role bindings need a policy with version 3.")
    expression = condition.get("expression", "")
    until = _UNTIL.fullmatch(expression)
    if not (_BELOW.fullmatch(expression) or (until and _time(until[1]))):
        raise ApiError(
            400,
            f"Condition {condition.get('expression')!r} of the binding of {binding['role']} is not understood: "
            'the local cloud knows conditions of the forms request.time < timestamp("2030-01-01T00:00:00Z") and '
            'resource.name.startsWith("projects/_/buckets/B/objects/PREFIX") only.',
        )


def is_in_force(binding: dict[str, Any], now: float, resource: str) -> bool:
    """Whether the binding's condition, if any, holds at `now` (seconds since the epoch) for `//HOST/NAME`."""
    if "condition" not in binding:
        return True
    expression = binding["condition"]["expression"]
    if below := _BELOW.fullmatch(expression):
        return resource.removeprefix("//").partition("/")[2].startswith(below[1])
    until = _UNTIL.fullmatch(expression)
    end = _time(until[1]) if until else None
    return end is not None and now < end.timestamp()


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


def members(policy: Policy) -> set[str]:
    return {member for binding in policy["bindings"] for member in binding["members"]}


def grant_key(binding: dict[str, Any], member: str) -> str:
    """Names one grant of a policy."""
    return " ".join([binding["role"], member, (binding.get("condition") or {}).get("expression", "")])


def grant_keys(policy: Policy) -> list[str]:
    """The names of all grants of a policy."""
    return [grant_key(binding, member) for binding in policy["bindings"] for member in binding["members"]]


def rename_member(policy: Policy, old: str, new: str) -> Policy:
    """The policy with one member written differently; its etag stays, as nobody set it."""
    bindings = [
        {**binding, "members": [new if member == old else member for member in binding["members"]]}
        for binding in policy["bindings"]
    ]
    return {**policy, "bindings": bindings}


def etag(number: int) -> str:
    return base64.b64encode(number.to_bytes(8)).decode()
