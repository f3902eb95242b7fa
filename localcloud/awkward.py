"""Where the local cloud is as awkward as a new project on Google. Each point can be switched on its own.

What Google refuses whatever the moment (too many channels, too little memory, a name that is taken after its deletion)
is refused always and is no point here.
"""

from __future__ import annotations

from typing import Literal, get_args

AwkwardPoint = Literal[
    "agents",
    "apis",
    "build_regions",
    "eventarc_agent",
    "grants",
    "new_agents",
    "new_sites",
    "object_writes",
    "quota_project",
]

EVERY_POINT = frozenset[AwkwardPoint](get_args(AwkwardPoint))
"""The default. A service agent exists only after it was asked for or first needed, and IAM knows it a while later; the
first Eventarc trigger waits for its agent; grants and APIs count only after a while; Cloud Build runs in some regions
only; an object's name changes once a second; a site that was just made is not known to all of Hosting; a person's
credentials name the project that pays."""
WITHOUT_WAITING = frozenset[AwkwardPoint](("agents", "quota_project"))
"""The points that no time cures: what `make up` meets, which should take seconds."""

GRANT_SECONDS = 60.0
"""How long a grant takes until it counts (Google: typically two minutes, up to seven)."""
API_SECONDS = 30.0
"""How long an API that was just enabled still answers SERVICE_DISABLED."""
AGENT_SECONDS = 60.0
"""How long a new service agent takes until its service may use it."""
WRITE_SECONDS = 1.0
"""Between two changes of one object name, whatever their preconditions (cloud.google.com/storage/quotas, "Objects")."""
SITE_SECONDS = 60.0
"""How long Hosting's other methods do not know a site that was just made (firebase-tools#9892)."""
BUILD_REGIONS = frozenset(
    {"global", "us-central1", "us-west2", "europe-west1", "asia-east1", "australia-southeast1", "southamerica-east1"}
)
"""Where Cloud Build runs for new projects with little use (cloud.google.com/build/docs/locations, 2026-11)."""
FREE_APIS = frozenset(
    f"{service}.googleapis.com"
    for service in ("cloudbilling", "cloudresourcemanager", "firebase", "iam", "orgpolicy", "serviceusage")
)
"""What can be enabled in a project that nobody pays for."""
