"""A URN holds the parent's type, not its name: two of a component collide unless its children carry its name."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_gcp as gcp
import pytest

from components.archive_access import ArchiveAccess, ArchiveAccessArgs, Grant
from components.audit_trail import AuditTrail, AuditTrailArgs
from components.delivery import Delivery, DeliveryArgs, Trigger
from components.identities import Duty, Identities, IdentitiesArgs
from components.image_registry import ImageRegistry, ImageRegistryArgs
from components.imaging_archive import ImagingArchive, ImagingArchiveArgs
from components.job_image import JobImage, JobImageArgs
from components.job_records import JobRecords, JobRecordsArgs
from components.project_apis import ProjectApis, ProjectApisArgs
from components.secret_vault import SecretVault, SecretVaultArgs, VaultSecret
from components.study_jobs import StudyJobs, StudyJobsArgs
from components.viewer_config import ViewerConfig, ViewerConfigArgs
from components.viewer_site import ViewerSite, ViewerSiteArgs
from engine import DeploymentFailed
from tests.components.looking import resources
from tests.harness import Deploy

P, L = "dicom-local", "europe-west4"
WHO = {"x": "group:x@example.org"}
MEMBER = WHO["x"]


def study_jobs(name: str) -> StudyJobs:
    starter = gcp.serviceaccount.Account(f"of-{name}", account_id="a-starter")
    args = StudyJobsArgs(
        project=P, location=L, job="j", image="i@sha256:" + "a" * 64, command=["c"], args=[], env={},
        service_account="e", service_account_member=MEMBER, subscription="s", starter=starter, topic="t",
        eventarc_agent=MEMBER,
        claims_bucket="b", after=[], run_endpoint="https://r/", storage_endpoint="https://s/", schedule="* * * * *",
        sweep_schedule="0 3 * * 0",
        window_seconds=1, tasks=1, cpu="1", memory="1Gi", timeout_seconds=60, max_retries=0, protected=False,
        labels={}, testers=WHO,
    )  # fmt: skip
    return StudyJobs(name, args)


MAKE: dict[str, Callable[[str], pulumi.ComponentResource]] = {
    "ArchiveAccess": lambda name: ArchiveAccess(
        name,
        ArchiveAccessArgs(
            project=P,
            dataset="d",
            stores={"raw": "s"},
            grants=[Grant(key="x", role="viewer", store="raw", member=MEMBER)],
            pollers=WHO,
            import_buckets=["b"],
            healthcare_agent=MEMBER,
        ),
    ),
    "AuditTrail": lambda name: AuditTrail(
        name,
        AuditTrailArgs(
            project=P,
            location=L,
            services=["a.googleapis.com"],
            bucket="b",
            retention_days=1,
            locked=False,
            protected=False,
        ),
    ),
    "Delivery": lambda name: Delivery(
        name,
        DeliveryArgs(
            project=P,
            location=L,
            repository="o/n",
            branch="main",
            installation_id=1,
            token_version="v",
            token_readable=[],
            triggers={"t": Trigger(description="d", file="f.yaml", service_account="s")},
        ),
    ),
    "Identities": lambda name: Identities(
        name,
        IdentitiesArgs(
            project=P,
            duties={"x": Duty(account_id="a-duty", description="d", project_roles=["roles/browser"], acts_as=["x"])},
            state_readers=["x"],
            state_bucket="b",
            state_key="k",
        ),
    ),
    "ImageRegistry": lambda name: ImageRegistry(
        name,
        ImageRegistryArgs(
            project=P,
            location=L,
            repository="r",
            writers=WHO,
            labels={},
            source_bucket="src",
            source_readers=WHO,
            protected=False,
        ),
    ),
    "ImagingArchive": lambda name: ImagingArchive(
        name,
        ImagingArchiveArgs(
            project=P,
            location=L,
            dataset="d",
            stores=["raw"],
            notifying_store="raw",
            healthcare_agent=MEMBER,
            pubsub_agent=MEMBER,
            protected=False,
            labels={},
            kms_key="k",
        ),
    ),
    "JobImage": lambda name: JobImage(name, JobImageArgs(image="i", digest="sha256:" + "a" * 64)),
    "JobRecords": lambda name: JobRecords(
        name,
        JobRecordsArgs(project=P, location=L, bucket="b", staged_bucket="c", protected=False, labels={}, users=WHO),
    ),
    "ProjectApis": lambda name: ProjectApis(name, ProjectApisArgs(project=P, services=["run"], agents=["run"])),
    "SecretVault": lambda name: SecretVault(
        name,
        SecretVaultArgs(
            location=L,
            secrets={"s": VaultSecret(description="d", accessors=WHO)},
            secretmanager_agent=MEMBER,
            labels={},
            protected=False,
        ),
    ),
    "StudyJobs": study_jobs,
    "ViewerConfig": lambda name: ViewerConfig(name, ViewerConfigArgs(secret="s", content="{}")),
    "ViewerSite": lambda name: ViewerSite(
        name,
        ViewerSiteArgs(
            project=P, site="s-site", preview_site="p-site", display_name="d", custom_domain="a.example.org"
        ),
    ),
}


@pytest.mark.parametrize("component", MAKE)
def test_two_of_a_component_live_in_one_stack(deploy: Deploy, component: str) -> None:
    graph = deploy(lambda: [MAKE[component](name) for name in ("one", "two")], preview=True)
    made = [node for node in resources(graph).values() if not node.name.startswith("of-")]

    of_one = {node.name for node in made if node.name.startswith("one")}
    of_two = {node.name for node in made if node.name.startswith("two")}

    assert {name.removeprefix("one") for name in of_one} == {name.removeprefix("two") for name in of_two}
    assert len(of_one) + len(of_two) == len(made) - 1, "all but the stack itself carry a component's name"


def test_two_of_the_same_name_collide(deploy: Deploy) -> None:
    with pytest.raises(DeploymentFailed, match="the URN is taken"):
        deploy(lambda: [MAKE["ViewerConfig"]("same") for _ in range(2)], preview=True)
