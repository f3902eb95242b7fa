"""Which identities a deployment has, and the project-wide roles each of them cannot do without.

Owns: the list. What an identity may do with one store, bucket, secret or job is granted where that resource is
declared. None has a basic role (owner, editor, viewer) or may act as every account of the project.
"""

from __future__ import annotations

from dataclasses import replace

from components.identities import Duty

PREVIEWER_PERMISSIONS = (
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "cloudbuild.builds.get",
    "cloudbuild.connections.get",
    "cloudbuild.repositories.get",
    "cloudkms.cryptoKeys.getIamPolicy",
    "cloudscheduler.jobs.get",
    "eventarc.triggers.get",
    "firebase.clients.get",
    "firebase.projects.get",
    "firebasehosting.sites.get",
    "firebasehosting.sites.list",
    "healthcare.datasets.get",
    "healthcare.datasets.getIamPolicy",
    "healthcare.dicomStores.get",
    "healthcare.dicomStores.getIamPolicy",
    "iam.roles.get",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.getIamPolicy",
    "iam.googleapis.com/workloadIdentityPoolProviders.get",
    "iam.googleapis.com/workloadIdentityPools.get",
    "iam.googleapis.com/workloadIdentityPools.getAttestationRules",
    "iap.webServices.getIamPolicy",
    "logging.buckets.get",
    "logging.exclusions.get",
    "logging.logMetrics.get",
    "logging.sinks.get",
    "logging.views.get",
    "logging.views.getIamPolicy",
    "monitoring.alertPolicies.get",
    "monitoring.dashboards.get",
    "monitoring.notificationChannels.get",
    "monitoring.services.get",
    "monitoring.slos.get",
    "monitoring.uptimeCheckConfigs.get",
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.getIamPolicy",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "run.jobs.get",
    "run.jobs.getIamPolicy",
    "run.services.get",
    "run.services.getIamPolicy",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.versions.get",
    "serviceusage.services.list",
    "serviceusage.services.use",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "workflows.workflows.get",
)
"""One for each request that `pulumi preview --refresh` and the drift report send: tests/infra/test_previewer.py derives
the list from what a deployment reads. Predefined viewer roles are wider than they sound: `roles/iam.securityReviewer`
lists the objects of every bucket, whose names hold study UIDs, and `roles/firebase.viewer` reads them."""

DEPLOYER_ROLES = (
    "roles/artifactregistry.admin",
    "roles/cloudbuild.builds.editor",
    "roles/cloudbuild.connectionAdmin",
    "roles/cloudscheduler.admin",
    "roles/eventarc.admin",
    "roles/firebasehosting.admin",
    "roles/healthcare.datasetAdmin",
    "roles/healthcare.dicomStoreAdmin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/logging.configWriter",
    "roles/logging.logWriter",
    "roles/monitoring.alertPolicyEditor",
    "roles/monitoring.dashboardEditor",
    "roles/monitoring.notificationChannelEditor",
    "roles/monitoring.servicesEditor",
    "roles/monitoring.uptimeCheckConfigEditor",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
    "roles/workflows.admin",
)
"""One administrator role for each API that the program declares something with, and nothing that reads DICOM.

It may still change grants, its own too, as every deployer of IAM can: hence the approval before it runs in prod.
"""

FIREBASE_PERMISSIONS = (
    "firebase.projects.update",
    *(f"firebase.clients.{verb}" for verb in ("create", "delete", "update")),
)
"""With `roles/firebasehosting.admin`, in place of `roles/firebase.admin`, which administers Cloud Run, Eventarc and
Cloud Storage as well. Adding Firebase to a project needs `firebase.projects.update`, `resourcemanager.projects.get`,
`serviceusage.services.enable` and `serviceusage.services.get`; the last three are in other roles of the deployer.
"""

DEPLOYER_PERMISSIONS = (
    *FIREBASE_PERMISSIONS,
    "logging.views.setIamPolicy",
    *(f"secretmanager.secrets.{verb}" for verb in ("create", "delete", "get", "getIamPolicy")),
    *(f"secretmanager.secrets.{verb}" for verb in ("setIamPolicy", "update")),
    *(f"secretmanager.versions.{verb}" for verb in ("add", "destroy", "disable", "enable", "get")),
)
"""Of secrets in place of `roles/secretmanager.admin`, which reads every secret's value; the one value that the program
writes, the viewer's configuration, it may read back. `roles/logging.configWriter` has no `setIamPolicy` for the view
that the smoke test reads. A grant on a key is its owner's to make: none here has `cloudkms.cryptoKeys.setIamPolicy`, so
the first `pulumi up` with `datasetKey` or `stateKey` is run by somebody who has."""

# Firebase Hosting has no policy on a single site, so who may release to one may release to both.
RELEASE_ROLES = ("roles/firebasehosting.admin", "roles/logging.logWriter")
FIREBASE = "firebase"
CLOUD_RUN_ADDS = {"deployer": ("roles/iap.admin",)}
"""Roles of the deployer when the viewer is a service behind Identity-Aware Proxy in place of a Firebase site."""

DUTIES = {
    "deployer": Duty(
        account_id="imaging-deployer",
        description="Runs pulumi up, then the smoke tests as their own accounts",
        project_roles=DEPLOYER_ROLES,
        permissions=DEPLOYER_PERMISSIONS,
        acts_as=("deployer", "job", "jobStarter", "viewerBuild", "jobBuild"),
        takes_on=("smoke", "smokeReader"),
    ),
    "previewer": Duty(
        account_id="imaging-previewer",
        description="Runs pulumi preview for pull requests; changes nothing",
        permissions=PREVIEWER_PERMISSIONS,
    ),
    "viewerBuild": Duty(
        account_id="imaging-viewer-build",
        description="Builds the viewer and releases it",
        project_roles=RELEASE_ROLES,
    ),
    "previewViewer": Duty(
        account_id="imaging-preview-viewer",
        description="Releases the viewer of a pull request to the preview site",
        project_roles=RELEASE_ROLES,
    ),
    "jobBuild": Duty(
        account_id="imaging-job-build",
        description="Builds and pushes the study job's image",
        project_roles=("roles/logging.logWriter",),
    ),
    "job": Duty(account_id="imaging-job", description="The study job runs as this"),
    "jobStarter": Duty(account_id="imaging-job-starter", description="Schedule and events start the study job as this"),
    "smoke": Duty(account_id="imaging-smoke", description="Smoke tests that store and delete test slides"),
    "smokeReader": Duty(account_id="imaging-smoke-reader", description="Smoke tests that only read"),
}


def email_of(duty: str, project: str) -> str:
    return f"{DUTIES[duty].account_id}@{project}.iam.gserviceaccount.com"


EXPORTER = "exporter"


def duties(viewer_host: str, exports: bool = False) -> dict[str, Duty]:
    """The identities of a deployment whose viewer is on `firebase` or on `cloud_run`; one more with copies."""
    fitted = _for_host(viewer_host)
    if not exports:
        return fitted
    deployer = fitted["deployer"]
    return {
        **fitted,
        "deployer": replace(deployer, acts_as=(*deployer.acts_as, EXPORTER)),
        EXPORTER: Duty(account_id="imaging-exporter", description="The schedule copies the raw store as this"),
    }


def _for_host(viewer_host: str) -> dict[str, Duty]:
    if viewer_host == "firebase":
        return DUTIES
    fitted = {
        key: replace(
            duty,
            project_roles=(
                *(role for role in duty.project_roles if not role.startswith(f"roles/{FIREBASE}")),
                *CLOUD_RUN_ADDS.get(key, ()),
            ),
            permissions=[name for name in duty.permissions if key != "deployer" or not name.startswith(FIREBASE)],
            acts_as=(*duty.acts_as, "viewer") if key == "deployer" else duty.acts_as,
        )
        for key, duty in DUTIES.items()
        if key != "previewViewer"
    }
    return {**fitted, "viewer": Duty(account_id="imaging-viewer", description="Serves the viewer's files; has no role")}
