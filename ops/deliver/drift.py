"""What a stack is and was not declared to be: changed fields, members that nobody declared, another viewer or image.

Owns: the findings, their fingerprint and the report. A plan shows what changed in declared resources; grants are
additive, so a member that somebody added by hand is in no plan, and neither is a release of the viewer. Deliberately
not: mending anything, and telling anybody (`ops.deliver.github`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused
from ops.deliver import viewer_image, viewer_site
from ops.deliver.google_members import is_googles
from ops.deliver.record import Release
from ops.deliver.stack import Stack
from ops.review.grants import Grant, grants
from ops.review.plan import Plan, Step

ACCEPTED = Path("delivery/accepted_members.yaml")


@dataclass(frozen=True, order=True)
class DriftFinding:
    kind: str
    """`field`, `member`, `viewer` or `image`."""
    where: str
    what: str


def find(stack: Stack, plan: Plan, release: Release | None, google: GoogleApi) -> list[DriftFinding]:
    """Everything that differs, sorted. Raises `OpsRefused` when something could not be looked at."""
    findings = [*find_changed(plan), *find_undeclared(grants(plan.after()), google, stack.settings.project)]
    if release is not None:
        findings += [*_viewer(stack, release, google), *_image(stack, release, google)]
    return sorted(set(findings))


def find_changed(plan: Plan) -> list[DriftFinding]:
    """Steps of a preview against what Google has: with nothing to deploy, every one of them is drift."""
    return [
        DriftFinding("field", step.urn.rpartition("::")[2], f"{step.type} {STEPS[step.op]}{_describe_change(step)}")
        for step in plan.changes
    ]


STEPS = {
    "create": "is not there any more",
    "update": "is another",
    "replace": "is another, and could only be made anew",
    "delete": "is in the state and no longer declared",
}


def _describe_change(step: Step) -> str:
    return f": {', '.join(step.changed)}" if step.changed else ""


def find_undeclared(declared: Sequence[Grant], google: GoogleApi, project: str) -> list[DriftFinding]:
    """Members in the policies of every resource that we grant something on, and that nobody declared or accepted."""
    known = {(grant.resource, grant.role, grant.principal, grant.condition) for grant in declared}
    number = str(google.call("GET", "cloudresourcemanager", f"v1/projects/{project}")["projectNumber"])
    known |= {(grant["resource"], grant["role"], grant["member"], "") for grant in read_accepted()}
    return [
        DriftFinding("member", resource, f"{member} has {role}{f' if {condition}' if condition else ''}")
        for resource in sorted({grant.resource for grant in declared})
        for role, member, condition in members(policy(google, resource))
        if (resource, role, member, condition) not in known and not is_googles(member, role, project, number)
    ]


def read_accepted(file: Path = ACCEPTED) -> list[dict[str, str]]:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or []


def members(iam_policy: Json) -> Iterable[tuple[str, str, str]]:
    """(role, member, condition) of each grant in a policy."""
    for binding in iam_policy.get("bindings", []):
        for member in binding.get("members", []):
            yield binding["role"], member, binding.get("condition", {}).get("expression", "")


APIS: Sequence[tuple[str, str, str]] = (
    (r"projects/[^/]+", "cloudresourcemanager v1", "body"),
    (r".*/datasets/.*", "healthcare v1", ""),
    (r".*/(topics|subscriptions)/[^/]+", "pubsub v1", ""),
    (r".*/secrets/[^/]+", "secretmanager v1", ""),
    (r".*/serviceAccounts/[^/]+", "iam v1", "query"),
    (r".*/repositories/[^/]+", "artifactregistry v1", ""),
    (r".*/cryptoKeys/[^/]+", "cloudkms v1", ""),
    (r".*/views/[^/]+", "logging v2", "body"),
    (r".*/iap_web/.*", "iap v1", "body"),
    (r".*/(jobs|services)/[^/]+", "run v2", ""),
)
"""Full name of a resource → the API that has its policy; and where a POST takes the policy's version (else: a GET)."""


def policy(google: GoogleApi, resource: str) -> Json:
    """The resource's own policy, with its conditions. Raises `OpsRefused`."""
    if resource.startswith("buckets/"):
        path = f"storage/v1/b/{resource.partition('/')[2]}/iam"
        return google.call("GET", "storage", path, optionsRequestedPolicyVersion=3)
    for pattern, service, takes in APIS:
        if re.fullmatch(pattern, resource):
            api, version = service.split()
            path = f"{version}/{resource}:getIamPolicy"
            if takes == "body":
                return google.call("POST", api, path, {"options": {"requestedPolicyVersion": 3}})
            return google.call("POST" if takes else "GET", api, path, **{"options.requestedPolicyVersion": 3})
    raise OpsRefused(
        f"the policy of {resource} is of a kind that this report does not know; add it to ops/deliver/drift.py"
    )


def _viewer(stack: Stack, release: Release, google: GoogleApi) -> list[DriftFinding]:
    if stack.settings.viewer_host == "cloud_run":
        return _viewer_service(stack, release, google)
    if release.viewer_hash is None:
        return []
    live = viewer_site.live_hash(viewer_site.hosting(stack))
    if live == release.viewer_hash:
        return []
    what = f"serves content {(live or 'of nobody we know')[:12]}, the record says {release.viewer_hash[:12]}"
    return [DriftFinding("viewer", f"sites/{stack.settings.site}", what)]


def _viewer_service(stack: Stack, release: Release, google: GoogleApi) -> list[DriftFinding]:
    if release.viewer_digest is None:
        return []
    service = viewer_image.live(stack, google)
    return _other_image("viewer", service["name"], viewer_image.image_of(service), release.viewer_digest)


def _image(stack: Stack, release: Release, google: GoogleApi) -> list[DriftFinding]:
    if release.job_digest is None:
        return []
    name = f"{stack.place}/jobs/prepare"
    job: dict[str, Any] = google.call("GET", "run", f"v2/{name}")
    live = str(job["template"]["template"]["containers"][0]["image"]).partition("@")[2]
    return _other_image("image", name, live, release.job_digest)


def _other_image(kind: str, name: str, live: str, recorded: str) -> list[DriftFinding]:
    if live == recorded:
        return []
    return [DriftFinding(kind, name, f"runs {live or 'an image without digest'}, the record says {recorded}")]


def fingerprint(findings: Sequence[DriftFinding]) -> str:
    """The same for the same findings, whenever they are found."""
    text = "\n".join(f"{finding.kind} {finding.where} {finding.what}" for finding in sorted(findings))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def marker(stack: str) -> str:
    return f"<!-- dicom-platform: drift of stack {stack} -->"


HEADS = {
    "member": "Members that nobody declared",
    "image": "The job's image",
    "viewer": "The viewer",
    "field": "Changed in declared resources",
}


MOST = 40
"""Findings of one kind that are told, and as many characters of each as fit into an issue with all four kinds."""
LONGEST = 300
FINGERPRINT = re.compile(r"Fingerprint `([0-9a-f]{16})`")


def report(stack: str, findings: Sequence[DriftFinding], waiting: str = "") -> str:
    """Markdown; the same text for the same findings. `waiting`: the deployed commit, when this is another."""
    lines = [marker(stack), f"Stack `{stack}` is not as declared. Fingerprint `{fingerprint(findings)}`."]
    if waiting:
        lines += [
            "",
            f"Deployed is `{waiting[:12]}`, and this is a later commit: what is not delivered yet is among it.",
        ]
    for kind, head in HEADS.items():
        some = [finding for finding in sorted(findings) if finding.kind == kind]
        if some:
            lines += [
                "",
                f"### {head}",
                "",
                *(f"- `{_plain(item.where)}`: `{_plain(item.what)}`" for item in some[:MOST]),
            ]
        if len(some) > MOST:
            lines.append(f"- and {len(some) - MOST} more, in the log of the workflow")
    lines += ["", f"Declare it, or put it back: `pulumi up -s {stack} --refresh`. docs/delivery.md says which."]
    return "\n".join(lines) + "\n"


def fingerprint_of(text: str) -> str:
    """The one that a report names; empty when it names none."""
    match = FINGERPRINT.search(text)
    return match[1] if match else ""


def _plain(text: str) -> str:
    """Literal between backticks: nothing of it is Markdown, HTML or a mention."""
    return re.sub(r"[`\s]+", " ", text).strip()[:LONGEST]
