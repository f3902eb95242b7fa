"""The study job of a deployment: where its image comes from, its records, and the job with what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.image_registry import ImageRegistry, ImageRegistryArgs
from components.imaging_archive import ImagingArchive
from components.job_image import JobImage, JobImageArgs
from components.job_records import JobRecords, JobRecordsArgs
from components.study_jobs import StudyJobs, StudyJobsArgs
from infra.archive import RAW, VIEWER
from infra.build_images import builders
from infra.foundation import Foundation
from infra.identities import email_of
from infra.settings import Settings

JOB = IMAGE = "prepare"
SOURCE = "jobs/prepare"
"""Folder of the image's Dockerfile, from the project's root."""


@dataclass(frozen=True, kw_only=True)
class Preparing:
    registry: ImageRegistry
    image: JobImage
    records: JobRecords
    study_jobs: StudyJobs | None
    """None as long as there is no image."""


def source_bucket(project: str) -> str:
    """Where builds by hand put their source."""
    return f"{project}-imaging-builds"


def records_bucket(project: str) -> str:
    """Where the job's records are."""
    return f"{project}-imaging-records"


def build_registry(base: Foundation) -> ImageRegistry:
    """The repository of all images of the deployment."""
    settings, identities = base.settings, base.identities
    builders = ("deployer", "jobBuild", *(("viewerBuild",) if settings.viewer_host == "cloud_run" else ()))
    return ImageRegistry(
        "registry",
        ImageRegistryArgs(
            project=settings.project,
            location=settings.location,
            repository="images",
            writers={duty: identities.member(duty) for duty in builders},
            readers=promoted_by(settings),
            source_bucket=source_bucket(settings.project),
            source_readers={duty: identities.member(duty) for duty in builders if duty != "deployer"},
            protected=settings.protected,
            labels=base.labels,
            kms_key=settings.dataset_key,
        ),
        base.after_apis,
    )


def build_preparing(
    base: Foundation,
    registry: ImageRegistry,
    archive: ImagingArchive,
    dicomweb_roots: Mapping[str, pulumi.Output[str]],
    viewer_url: pulumi.Input[str],
) -> Preparing:
    settings, identities = base.settings, base.identities
    records = JobRecords(
        "records",
        JobRecordsArgs(
            project=settings.project,
            location=settings.location,
            bucket=records_bucket(settings.project),
            staged_bucket=f"{settings.project}-imaging-staged",
            protected=settings.protected,
            labels=base.labels,
            kms_key=settings.dataset_key,
            users={"job": identities.member("job")},
            readers={duty: identities.member(duty) for duty in ("smoke", "smokeReader")},
            adders={"jobStarter": identities.member("jobStarter")},
            viewers={group: f"group:{group}" for group in dict.fromkeys((*settings.viewers, *settings.annotators))},
        ),
        base.after_apis,
    )
    image = JobImage(
        "image",
        JobImageArgs(
            image=settings.job_image_repository or pulumi.Output.format("{0}/{1}", registry.address, IMAGE),
            digest=settings.job_image_digest,
            context=SOURCE if settings.job_image == "docker" else None,
            base=builders()["python"],
        ),
        base.after_apis,
    )
    jobs = None
    if image.reference is not None:
        env = _environment(base, archive, dicomweb_roots, records, viewer_url)
        jobs = StudyJobs("jobs", _job(base, archive, records, image.reference, env), base.after_apis)
    return Preparing(registry=registry, image=image, records=records, study_jobs=jobs)


def promoted_by(settings: Settings) -> Mapping[str, pulumi.Input[str]]:
    """The deployer of the stack that takes what this one has proved."""
    if settings.promote_to is None:
        return {}
    return {"promotion": f"serviceAccount:{email_of('deployer', settings.promote_to)}"}


def _environment(
    base: Foundation,
    archive: ImagingArchive,
    dicomweb_roots: Mapping[str, pulumi.Output[str]],
    records: JobRecords,
    viewer_url: pulumi.Input[str],
) -> Mapping[str, pulumi.Input[str]]:
    """All that the job is told about where it is."""
    return {
        "DICOMWEB_ROOT": dicomweb_roots[RAW],
        "VIEWER_DICOMWEB_ROOT": dicomweb_roots[VIEWER],
        "LABEL_POLICY": "withhold" if base.settings.label_policy == "withhold" else "show",
        "VIEWER_URL": viewer_url,
        "RECORDS_BUCKET": records.bucket.name,
        "STAGED_BUCKET": records.staged.name,
        "BACKLOG_SUBSCRIPTION": archive.backlog.id,
        "QUIET_SECONDS": str(base.settings.job_quiet_seconds),
        "RAW_STORAGE_CLASS": base.settings.raw_storage_class,
        "RAW_STORAGE_AFTER_DAYS": str(base.settings.raw_storage_after_days),
        "JOB_URL": f"{base.endpoints['run']}v2/projects/{base.settings.project}/locations/{base.settings.location}"
        f"/jobs/{JOB}",
        "MOST_TASKS": str(base.settings.job_tasks),
        "STORAGE_ENDPOINT": base.endpoints["storage"],
        "PUBSUB_ENDPOINT": base.endpoints["pubsub"],
    }


def _job(
    base: Foundation,
    archive: ImagingArchive,
    records: JobRecords,
    image: pulumi.Output[str],
    env: Mapping[str, pulumi.Input[str]],
) -> StudyJobsArgs:
    settings, identities = base.settings, base.identities
    return StudyJobsArgs(
        project=settings.project,
        location=settings.location,
        job=JOB,
        image=image,
        command=("python", "-m", "prepare"),
        args=(),
        env=env,
        service_account=identities.email("job"),
        subscription=archive.backlog.name,
        service_account_member=identities.member("job"),
        starter=identities.accounts["jobStarter"],
        eventarc_agent=base.apis.agents["eventarc"],
        topic=archive.topic.id,
        claims_bucket=records.bucket.name,
        after=records.grants,
        run_endpoint=base.endpoints["run"],
        storage_endpoint=base.endpoints["storage"],
        schedule=settings.job_schedule,
        sweep_schedule=settings.sweep_schedule,
        window_seconds=settings.event_window_seconds,
        tasks=settings.job_tasks,
        cpu=settings.job_cpu,
        memory=settings.job_memory,
        timeout_seconds=settings.job_timeout_seconds,
        max_retries=settings.job_max_retries,
        protected=settings.protected,
        labels=base.labels,
        kms_key=settings.dataset_key,
        # Who may give the job arguments may make it add to any of its stores: not where people's images are.
        testers={} if settings.environment == "prod" else {"smoke": identities.member("smoke")},
    )
