"""What watches a deployment: alerts on its work, promises to its users, its budget."""

from __future__ import annotations

import pulumi

from components.imaging_archive import ImagingArchive
from components.monitoring.service_levels import ServiceLevels, ServiceLevelsArgs
from components.monitoring.spending import Spending, SpendingArgs
from components.monitoring.watch import Watch, WatchArgs
from infra.foundation import RUNBOOK, Foundation
from infra.job import JOB, Preparing
from infra.providers import quota_provider
from infra.viewer import Viewing


def build_watching(base: Foundation, archive: ImagingArchive, preparing: Preparing, viewing: Viewing) -> None:
    settings = base.settings
    Watch(
        "watch",
        WatchArgs(
            project=settings.project,
            backlog=archive.backlog_name,
            dead_letters=archive.dead_letters_name,
            job=JOB,
            job_exists=preparing.study_jobs is not None,
            runbook=RUNBOOK,
            channels=base.channels,
            labels=base.labels,
        ),
        base.after_apis,
    )
    # Behind Identity-Aware Proxy nobody without an account reaches the viewer, a check of Google's neither. And as long
    # as nobody can sign in, nothing is released, and a promise about it would burn from the first `up`.
    public = viewing.url if settings.viewer_host == "firebase" and settings.oauth_client_id else None
    ServiceLevels(
        "levels",
        ServiceLevelsArgs(
            project=settings.project,
            backlog=archive.backlog_name,
            job=JOB,
            viewer_host=public.apply(host_of) if public else None,
            runbook=RUNBOOK,
            channels=base.channels,
            labels=base.labels,
        ),
        base.after_apis,
    )
    if settings.billing_account and settings.monthly_budget:
        Spending(
            "spending",
            SpendingArgs(
                billing_account=settings.billing_account,
                project_number=base.apis.agents["pubsub"].apply(number_in),
                monthly_amount=settings.monthly_budget,
                runbook=RUNBOOK,
                channels=base.channels,
            ),
            # Its API charges quota to the caller's own project unless told otherwise.
            pulumi.ResourceOptions(
                depends_on=[base.apis], providers=[quota_provider("billing", settings.project, base.config)]
            ),
        )


def number_in(agent: str) -> str:
    """The project's number, which the name of each of Google's agents holds: nothing has to be looked up for it."""
    return agent.partition(":service-")[2].partition("@")[0]


def host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
