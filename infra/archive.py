"""The images of a deployment: which stores there are, and who has which role on which of them.

Owns: the access matrix, as data. Viewers never touch the raw store when they have their own; smoke tests never write
where people's images are. What a role may do is `components.archive_access`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.archive_access import ArchiveAccess, ArchiveAccessArgs, Grant
from components.event_probe import EventProbe, EventProbeArgs
from components.identities import Identities
from components.imaging_archive import ImagingArchive, ImagingArchiveArgs
from components.store_export import StoreExport, StoreExportArgs
from infra.foundation import Foundation
from infra.identities import EXPORTER
from infra.settings import Settings

RAW, VIEWER, SMOKE = "raw", "viewer", "smoke"


def stores(settings: Settings) -> list[str]:
    """Names of the DICOM stores: one of the viewers' own only when they are kept apart."""
    return [RAW, VIEWER, SMOKE] if settings.viewer_store == "separate" else [RAW, SMOKE]


def store_names(settings: Settings) -> Mapping[str, str]:
    """What each store is called in the dataset, where that is not what it is called here."""
    return {**{name: name for name in stores(settings)}, RAW: settings.raw_store}


def store_of_viewers(settings: Settings) -> str:
    return VIEWER if settings.viewer_store == "separate" else RAW


def grants(settings: Settings, identities: Identities) -> list[Grant]:
    seen = store_of_viewers(settings)

    def account(duty: str, role: str, *on: str) -> list[Grant]:
        return [Grant(key=duty, role=role, store=store, member=identities.member(duty)) for store in on]

    def groups(names: tuple[str, ...], role: str, store: str) -> list[Grant]:
        return [Grant(key=name, role=role, store=store, member=f"group:{name}") for name in names]

    return [
        *groups(settings.viewers, "viewer", seen),
        *groups(settings.annotators, "annotator", seen),
        *groups(settings.ingest_writers, "ingest", RAW),
        *groups(settings.ingest_writers, "loader", RAW),
        *account("job", "job", *(store for store in stores(settings) if store != VIEWER)),
        *(account("job", "publisher", VIEWER) if seen == VIEWER else []),
        *(account(EXPORTER, "export", RAW) if settings.export_schedule else []),
        *account("smoke", "smoke", SMOKE),
        *account("smoke", "viewer", seen),
        *account("smokeReader", "viewer", seen, SMOKE),
    ]


def _deleters(settings: Settings) -> tuple[str, ...]:
    """Identities that delete series or studies, which takes an operation of the dataset, and wait for it."""
    return ("smoke", "job") if settings.viewer_store == "separate" else ("smoke",)


def build_event_probe(base: Foundation) -> EventProbe:
    """The stream by which a smoke test sees that stores announce their instances."""
    args = EventProbeArgs(
        location=base.settings.location,
        topic="dicom-smoke",
        healthcare_agent=base.apis.agents["healthcare"],
        reader=base.identities.member("smoke"),
        labels=base.labels,
    )
    return EventProbe("probe", args, base.after_apis)


def build_archive(base: Foundation, probe: EventProbe) -> ImagingArchive:
    """The archive with its grants."""
    settings, identities = base.settings, base.identities
    archive = ImagingArchive(
        "archive",
        ImagingArchiveArgs(
            project=settings.project,
            location=settings.location,
            dataset=settings.dataset,
            store_names=store_names(settings),
            adopted=settings.imports,
            stores=stores(settings),
            notifying_store=RAW,
            other_topics={SMOKE: probe.topic.id},
            after=[probe.announces],
            healthcare_agent=base.apis.agents["healthcare"],
            pubsub_agent=base.apis.agents["pubsub"],
            protected=settings.protected,
            labels=base.labels,
            kms_key=settings.dataset_key,
        ),
        base.after_apis,
    )
    pollers: dict[str, pulumi.Input[str]] = {name: f"group:{name}" for name in settings.ingest_writers}
    ArchiveAccess(
        "access",
        ArchiveAccessArgs(
            project=settings.project,
            dataset=archive.dataset.id,
            stores={name: store.id for name, store in archive.stores.items()},
            grants=grants(settings, identities),
            pollers=pollers | {duty: identities.member(duty) for duty in _deleters(settings)},
            import_buckets=settings.import_buckets,
            healthcare_agent=base.apis.agents["healthcare"],
        ),
        base.after_apis,
    )
    return archive


def dicomweb_roots(base: Foundation, archive: ImagingArchive) -> Mapping[str, pulumi.Output[str]]:
    """By store: `https://…/v1/projects/…/dicomStores/S/dicomWeb`, without a trailing slash."""
    return {
        name: pulumi.Output.format("{0}v1/{1}/dicomWeb", base.endpoints["healthcare"], store.id)
        for name, store in archive.stores.items()
    }


def build_export(base: Foundation, archive: ImagingArchive) -> StoreExport | None:
    """The scheduled copy of the raw store, where one is wanted."""
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
