"""Where the local cloud is as awkward as a new project on Google. Each point can be switched on its own.

What Google refuses whatever the moment (too many channels, too little memory, a name that is taken after its deletion)
is refused always and is no point here.
"""

from __future__ import annotations

from typing import Literal

AwkwardPoint = Literal["agents", "eventarc_agent", "grants", "apis", "quota_project", "build_regions"]

DEFAULT = frozenset[AwkwardPoint](("agents", "quota_project"))
"""What the tests and `make up` meet: a service agent exists only after it was asked for or first needed, a person's
credentials name the project that pays."""
EVERY_POINT = DEFAULT | frozenset[AwkwardPoint](("eventarc_agent", "grants", "apis", "build_regions"))
"""Also: the first Eventarc trigger waits for its agent, grants and APIs count only after a while, and Cloud Build runs
in some regions only."""

GRANT_SECONDS = 60.0
"""How long a grant takes until it counts (Google: typically two minutes, up to seven)."""
API_SECONDS = 30.0
"""How long an API that was just enabled still answers SERVICE_DISABLED."""
AGENT_SECONDS = 60.0
"""How long a new service agent takes until its service may use it."""
BUILD_REGIONS = frozenset(
    {"global", "us-central1", "us-west2", "europe-west1", "asia-east1", "australia-southeast1", "southamerica-east1"}
)
"""Where Cloud Build runs for new projects with little use (cloud.google.com/build/docs/locations, 2026-11)."""
