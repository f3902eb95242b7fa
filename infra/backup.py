"""The scheduled copy of the raw store, where one is wanted."""

from __future__ import annotations

from components.imaging_archive import ImagingArchive
from components.store_export import StoreExport, StoreExportArgs
from infra.archive import RAW
from infra.foundation import Foundation
from infra.identities import EXPORTER


def build_export(base: Foundation, archive: ImagingArchive) -> StoreExport | None:
    settings = base.settings
    if settings.export_schedule is None:
        return None
    return StoreExport(
        "export",
        StoreExportArgs(
            project=settings.project,
            location=settings.location,
            bucket=f"{settings.project}-imaging-copies",
            store=archive.stores[RAW].id,
            healthcare_endpoint=base.endpoints["healthcare"],
            exporter=base.identities.email(EXPORTER),
            healthcare_agent=base.apis.agents["healthcare"],
            schedule=settings.export_schedule,
            keep_old_versions_days=settings.export_keep_days,
            protected=settings.protected,
            labels=base.labels,
        ),
        base.after_apis,
    )
