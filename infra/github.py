"""Which workflows at GitHub are let in, and as whom: to look, and to show the viewer of a pull request.

The account that releases to the preview site could release to the viewer's site as well, since Hosting has no policy
on a single site: so pull requests are given it nowhere that people rely on the viewer.
"""

from __future__ import annotations

from components.federation import Federation, FederationArgs, Workflow
from infra.foundation import Foundation

PREVIEW, PREVIEW_VIEWER, DRIFT = "preview.yaml", "preview-viewer.yaml", "drift.yaml"
"""Files under `.github/workflows/`."""


def build_federation(base: Foundation) -> Federation | None:
    """None as long as the settings do not give the repository and its number."""
    settings, accounts = base.settings, base.identities.accounts
    if settings.github_repository is None or settings.github_repository_id is None:
        return None
    previewer = accounts["previewer"].name
    workflows = [
        Workflow(file=PREVIEW, event="pull_request", account=previewer),
        Workflow(file=DRIFT, event="schedule", account=previewer),
    ]
    if settings.environment != "prod" and "previewViewer" in accounts:
        releaser = accounts["previewViewer"].name
        workflows.append(Workflow(file=PREVIEW_VIEWER, event="pull_request", account=releaser))
    return Federation(
        "federation",
        FederationArgs(
            project=settings.project,
            repository=settings.github_repository,
            repository_id=settings.github_repository_id,
            branch=settings.github_branch,
            workflows=workflows,
        ),
        base.after_apis,
    )
