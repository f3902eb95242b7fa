"""The project: made, allowed to us, its APIs on, paid for, and nothing of the organisation's in the way."""

from __future__ import annotations

from datetime import UTC, datetime

from ops.client.refusal import OpsRefused
from ops.first_hour.hour import FirstHour
from ops.first_hour.person import PersonNeeded
from ops.operate.doctor import Diagnosis, Situation
from ops.operate.doctor.policies import org_policies
from ops.operate.doctor.project import names_of

CONSOLE = "https://console.cloud.google.com"
NEEDED = (
    "artifactregistry.repositories.create",
    "cloudbuild.builds.create",
    "cloudkms.keyRings.create",
    "firebase.projects.update",
    "healthcare.datasets.create",
    "iam.roles.create",
    "iam.serviceAccounts.create",
    "logging.buckets.create",
    "monitoring.alertPolicies.create",
    "pubsub.topics.create",
    "resourcemanager.projects.setIamPolicy",
    "run.jobs.create",
    "secretmanager.secrets.create",
    "serviceusage.services.enable",
    "storage.buckets.create",
    "workflows.workflows.create",
)
"""What the steps and the first deployment need, each of another of Google's roles; an owner has them all."""
SEEN_AFTER = 120.0
"""Seconds until whoever made a project sees it."""
GRANTED_AFTER = 600.0
"""Seconds that the rights of whoever made a project may take to count everywhere."""
FREE = ("cloudresourcemanager", "serviceusage", "cloudbilling", "orgpolicy", "firebase")
"""APIs that can be on before somebody pays, and with which the first questions are asked."""
FIRST = ("storage", "cloudkms", "iam", "cloudbuild", "firebasehosting")
"""APIs that the first hour itself uses; the program turns on all others."""


def is_missing(hour: FirstHour) -> bool:
    """Raises `OpsRefused` for a project that is about to be deleted."""
    try:
        project = hour.google.call("GET", "cloudresourcemanager", f"v3/projects/{hour.project}")
    except OpsRefused as refused:
        if refused.status in (403, 404):
            return True
        raise
    if (state := project.get("state")) != "ACTIVE":
        raise OpsRefused(f"project {hour.project} is {state}: have it back (gcloud projects undelete {hour.project})")
    return False


def make(hour: FirstHour) -> None:
    project, parent = hour.project, hour.parent or only_organization(hour)
    hour.require_consent(f"Make project {project}{f' in {parent}' if parent else ''}? Its id can never be used again.")
    body = {"projectId": project, "displayName": project, **({"parent": parent} if parent else {})}
    try:
        made = hour.google.call("POST", "cloudresourcemanager", "v3/projects", body)
    except OpsRefused as refused:
        if refused.status == 403:
            raise OpsRefused(
                f"you may not make projects{f' in {parent}' if parent else ''}: ask for "
                f"roles/resourcemanager.projectCreator there, or have {project} made and be made its owner"
            ) from None
        if refused.status != 409:
            raise
    else:
        hour.google.finish("cloudresourcemanager", "v3", made, f"waiting until project {project} is made")
    # One that a run before this made, too, is not shown to its maker at once.
    if not hour.person.wait(f"waiting until you see project {project}", lambda: not is_missing(hour), SEEN_AFTER):
        raise OpsRefused(
            f"project id {project} is taken, by somebody else or by a project that you may not see: "
            f"choose another, {hour.command} PROJECT=OTHER-ID"
        )


def only_organization(hour: FirstHour) -> str:
    """The organisation that the caller sees, if it is one; a person without any makes projects of nobody's."""
    organizations = hour.google.call("GET", "cloudresourcemanager", "v3/organizations:search").get("organizations", [])
    if len(organizations) > 1:
        names = ", ".join(
            f"{organization['name']} ({organization.get('displayName', '')})" for organization in organizations
        )
        raise PersonNeeded(f"say in which of these the project goes: {hour.command} PARENT=… of {names}, or folders/ID")
    return str(organizations[0]["name"]) if organizations else ""


def lacks(hour: FirstHour) -> list[str]:
    """Permissions that the caller has not, of those that are needed."""
    path = f"v1/projects/{hour.project}:testIamPermissions"
    has = hour.google.call("POST", "cloudresourcemanager", path, {"permissions": list(NEEDED)}).get("permissions", [])
    return [name for name in NEEDED if name not in has]


def has_no_rights(hour: FirstHour) -> bool:
    return bool(lacks(hour))


def await_rights(hour: FirstHour) -> None:
    """Rights of a project that was just made take a while; in another one they are somebody's to give."""
    what = f"waiting until your rights on {hour.project} count"
    if is_new(hour) and hour.person.wait(what, lambda: not lacks(hour), GRANTED_AFTER):
        return
    raise OpsRefused(
        f"you lack {', '.join(lacks(hour))} on project {hour.project}: ask its owner for roles/owner for this hour"
    )


def is_new(hour: FirstHour) -> bool:
    """Whether it was made within the last quarter of an hour, as Google's clock has it."""
    answer = hour.google.send("GET", "cloudresourcemanager", f"v3/projects/{hour.project}")
    made = datetime.fromisoformat(str(answer.json()["createTime"]).replace("Z", "+00:00"))
    return (datetime.now(UTC) - made).total_seconds() < 900


def list_disabled(hour: FirstHour, apis: tuple[str, ...]) -> list[str]:
    at = Situation(stack=hour.stack_name, settings=hour.settings, google=hour.google)
    enabled = names_of(at, hour.project)
    return [f"{api}.googleapis.com" for api in apis if f"{api}.googleapis.com" not in enabled]


def lacks_free_apis(hour: FirstHour) -> bool:
    return bool(list_disabled(hour, FREE))


def enable_free_apis(hour: FirstHour) -> None:
    enable(hour, list_disabled(hour, FREE))


def lacks_first_apis(hour: FirstHour) -> bool:
    return bool(list_disabled(hour, FIRST))


def enable_first_apis(hour: FirstHour) -> None:
    enable(hour, list_disabled(hour, FIRST))


def enable(hour: FirstHour, hosts: list[str]) -> None:
    hour.person.tell(f"  {', '.join(hosts)}")
    path = f"v1/projects/{hour.project}/services:batchEnable"
    started = hour.google.call("POST", "serviceusage", path, {"serviceIds": hosts})
    hour.google.finish("serviceusage", "v1", started, "waiting until the APIs are on")


def is_unpaid(hour: FirstHour) -> bool:
    return not hour.google.call("GET", "cloudbilling", f"v1/projects/{hour.project}/billingInfo").get("billingEnabled")


def await_billing(hour: FirstHour) -> None:
    page = (
        f"{CONSOLE}/billing/linkedaccount?project={hour.project}",
        f"or: gcloud billing projects link {hour.project} --billing-account=ACCOUNT-ID",
    )
    notices = f"Google says that project {hour.project} has a billing account"
    hour.wait_for_person(
        f"link project {hour.project} to a billing account", page, notices, lambda: not is_unpaid(hour)
    )


def is_not_allowed(hour: FirstHour) -> bool:
    """Whether the organisation is in the way: asked again each time, as the settings or its policies may change."""
    return any(finding.status == "todo" for finding in policies(hour))


def refuse_policies(hour: FirstHour) -> None:
    """Raises `OpsRefused` with all of them: nothing that they forbid is begun."""
    in_the_way = [finding for finding in policies(hour) if finding.status == "todo"]
    asked = dict.fromkeys(line for finding in in_the_way for line in finding.do)
    raise OpsRefused(
        f"the organisation is in the way: {'; '.join(finding.what for finding in in_the_way)}; {'; '.join(asked)}"
    )


def policies(hour: FirstHour) -> list[Diagnosis]:
    return list(org_policies(Situation(stack=hour.stack_name, settings=hour.settings, google=hour.google)))
