"""Google's service agents: accounts of Google's own that come into being when somebody asks for them or needs them.

What an agent will do on somebody's behalf it must be allowed to do when it is asked for: publish a secret's reminders,
encrypt with a customer's key.
"""

from __future__ import annotations

from typing import Any

from localcloud.awkward import AGENT_SECONDS
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, check, method
from localcloud.errors import ApiError
from localcloud.iam.principals import AGENTS

DOMAINS = {
    "artifactregistry": "gcp-sa-artifactregistry",
    "cloudbuild": "gcp-sa-cloudbuild",
    "run": "serverless-robot-prod",
    "storage": "gs-project-accounts",
}
"""Where the agent's domain is not `gcp-sa-<service>`."""
WITHOUT_EMAIL = ("storage", "logging")
"""Services whose identity is answered without an e-mail: their agents are found in other ways."""


def ensure_agent(cloud: Cloud, service: str) -> str:
    """The e-mail of a service's agent, which exists from now on."""
    email = cloud.service_agent(DOMAINS.get(service, f"gcp-sa-{service}"))
    if cloud.resources.get(AGENTS, email) is None:
        cloud.resources.put(AGENTS, email, {"since": cloud.clock()})
    return email


@method("serviceusage.v1beta1:services.generateServiceIdentity")
def identity(cloud: Cloud, generic: Generic, call: Call) -> Resource:
    service = call.name.rpartition("/")[2].split(".")[0]
    if service in WITHOUT_EMAIL:
        return generic.finish(call, call.name, {})
    return generic.finish(call, call.name, {"email": ensure_agent(cloud, service), "uniqueId": f"1{cloud.number}"})


@check("eventarc.v1:projects.locations.triggers.create")
def require_agent(cloud: Cloud, call: Call) -> None:
    """The first trigger of a project brings Eventarc's agent into being, and is refused until Google has seen it."""
    email = ensure_agent(cloud, "eventarc")
    since = float((cloud.resources.get(AGENTS, email) or {})["since"])
    if cloud.is_within("eventarc_agent", since, AGENT_SECONDS):
        raise ApiError(
            400,
            f"Invalid resource state for {call.name!r}: Permission denied while using the Eventarc Service Agent "
            f"{email}. If you recently started to use Eventarc, it may take a few minutes before all necessary "
            "permissions are propagated to it. Otherwise, verify that it has the Eventarc Service Agent role.",
            status="FAILED_PRECONDITION",
        )


@check("secretmanager.v1:projects.secrets.create")
def require_publisher(cloud: Cloud, call: Call) -> None:
    for topic in call.body.get("topics") or []:
        _require(cloud, "secretmanager", "pubsub.topics.publish", "pubsub", str(topic.get("name")))


@check("healthcare.v1:projects.locations.datasets.create", "healthcare.v1beta1:projects.locations.datasets.create")
def require_key(cloud: Cloud, call: Call) -> None:
    if key := (call.body.get("encryptionSpec") or {}).get("kmsKeyName"):
        _require(cloud, "healthcare", "cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms", str(key))


KEYED = {
    "pubsub.v1:projects.topics.create": ("pubsub", "kmsKeyName"),
    "pubsub.v1:projects.topics.patch": ("pubsub", "topic.kmsKeyName"),
    "storage.v1:buckets.insert": ("storage", "encryption.defaultKmsKeyName"),
    "storage.v1:buckets.patch": ("storage", "encryption.defaultKmsKeyName"),
    "workflows.v1:projects.locations.workflows.create": ("workflows", "cryptoKeyName"),
    "workflows.v1:projects.locations.workflows.patch": ("workflows", "cryptoKeyName"),
}
"""Method → whose agent encrypts, and where the body names the key."""


@check(*KEYED)
def require_key_of_others(cloud: Cloud, call: Call) -> None:
    service, path = KEYED[call.method_id]
    key: Any = call.body
    for step in path.split("."):
        key = key.get(step) if isinstance(key, dict) else None
    if key:
        _require(cloud, service, "cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms", str(key))


def _require(cloud: Cloud, service: str, permission: str, host: str, name: str) -> None:
    email = cloud.service_agent(DOMAINS.get(service, f"gcp-sa-{service}"))
    if not cloud.iam.is_allowed(f"serviceAccount:{email}", permission, f"//{host}.googleapis.com/{name}"):
        raise ApiError(
            400, f"The service agent {email} lacks permission {permission} on {name}.", status="FAILED_PRECONDITION"
        )
