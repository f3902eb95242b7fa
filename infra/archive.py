"""The images of a deployment: which stores there are, and who has which role on which of them.

Owns: the access matrix, as data. Viewers never touch the raw store; smoke tests never write
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

RAW, VIEWER, SMOKE = STORES = "raw", "viewer", "smoke"
"""The DICOM stores, by the names they have here: what arrives, what viewers see, what smoke tests may change."""
DELETERS = ("smoke", "job")
"""Identities that delete series or studies, which takes an operation of the dataset, and wait for it."""


def store_names(settings: Settings) -> Mapping[str, str]:
    """What each store is called in the dataset, where that is not what it is called here."""
    return {**{name: name for name in STORES}, RAW: settings.raw_store}


def grants(settings: Settings, identities: Identities) -> list[Grant]:
    def account(duty: str, role: str, *on: str) -> list[Grant]:
        return [Grant(key=duty, role=role, store=store, member=identities.member(duty)) for store in on]

    def groups(names: tuple[str, ...], role: str, store: str) -> list[Grant]:
        return [Grant(key=name, role=role, store=store, member=f"group:{name}") for name in names]

    return [
        *groups(settings.viewers, "viewer", VIEWER),
        *groups(settings.annotators, "annotator", VIEWER),
        *groups(settings.ingest_writers, "ingest", RAW),
        *groups(settings.ingest_writers, "loader", RAW),
        *account("job", "reader", RAW),
        *(account("job", "mover", RAW) if settings.raw_storage_class != "standard" else []),
        *account("job", "job", SMOKE),
        *account("job", "publisher", VIEWER),
        *(account(EXPORTER, "export", RAW) if settings.export_schedule else []),
        *account("smoke", "smoke", SMOKE),
        *account("smoke", "viewer", VIEWER),
        *account("smokeReader", "viewer", VIEWER, SMOKE),
    ]


def build_event_probe(base: Foundation) -> EventProbe:
    """The stream by which a smoke test sees that stores announce their instances."""
    args = EventProbeArgs(
        location=base.settings.location,
        topic="dicom-smoke",
        healthcare_agent=base.apis.agents["healthcare"],
        reader=base.identities.member("smoke"),
        labels=base.labels,
        kms_key=base.settings.dataset_key,
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
            stores=STORES,
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
            pollers=pollers | {duty: identities.member(duty) for duty in DELETERS},
            import_buckets=settings.import_buckets,
            healthcare_agent=base.apis.agents["healthcare"],
        ),
        base.after_apis,
    )
    return archive


def dicomweb_roots(base: Foundation, archive: ImagingArchive) -> Mapping[str, pulumi.Output[str]]:
    """DICOMweb's root of each store: `https://…/v1/projects/…/dicomStores/S/dicomWeb`, without a trailing slash."""
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
            kms_key=settings.dataset_key,
        ),
        base.after_apis,
    )
