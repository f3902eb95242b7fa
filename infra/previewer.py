"""What the previewer may: one permission for each request that `pulumi preview --refresh` and the drift report send.

Generated from requests, not from roles: tests/infra/test_previewer.py derives the list from what a deployment reads and
says what is missing or left over. Predefined viewer roles are wider than they sound: `roles/iam.securityReviewer` lists
the objects of every bucket, whose names hold study UIDs, and `roles/firebase.viewer` reads them.
"""

from __future__ import annotations

READS = (
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
    "iam.workloadIdentityPoolProviders.get",
    "iam.workloadIdentityPools.get",
    "iap.webServices.getIamPolicy",
    "logging.buckets.get",
    "logging.sinks.get",
    "logging.views.get",
    "logging.views.getIamPolicy",
    "monitoring.alertPolicies.get",
    "monitoring.notificationChannels.get",
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
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "workflows.workflows.get",
)
