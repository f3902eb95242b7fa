"""Which APIs the local cloud has, and which discovery document describes each version of them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

APIS: dict[str, dict[str, str]] = {
    "artifactregistry.googleapis.com": {"v1": "artifactregistry.v1"},
    "billingbudgets.googleapis.com": {"v1": "billingbudgets.v1"},
    "cloudbilling.googleapis.com": {"v1": "cloudbilling.v1"},
    "cloudbuild.googleapis.com": {"v1": "cloudbuild.v1", "v2": "cloudbuild.v2"},
    "cloudkms.googleapis.com": {"v1": "cloudkms.v1"},
    "cloudresourcemanager.googleapis.com": {"v1": "cloudresourcemanager.v1", "v3": "cloudresourcemanager.v3"},
    "cloudscheduler.googleapis.com": {"v1": "cloudscheduler.v1"},
    "compute.googleapis.com": {"compute/v1": "compute.v1", "compute/beta": "compute.beta"},
    "eventarc.googleapis.com": {"v1": "eventarc.v1"},
    "firebase.googleapis.com": {"v1beta1": "firebase.v1beta1"},
    "firebasehosting.googleapis.com": {"v1beta1": "firebasehosting.v1beta1"},
    "healthcare.googleapis.com": {"v1": "healthcare.v1", "v1beta1": "healthcare.v1beta1"},
    "iam.googleapis.com": {"v1": "iam.v1"},
    "iap.googleapis.com": {"v1": "iap.v1"},
    "iamcredentials.googleapis.com": {"v1": "iamcredentials.v1"},
    "identitytoolkit.googleapis.com": {"v2": "identitytoolkit.v2"},
    "logging.googleapis.com": {"v2": "logging.v2"},
    "monitoring.googleapis.com": {"v1": "monitoring.v1", "v3": "monitoring.v3"},
    "orgpolicy.googleapis.com": {"v2": "orgpolicy.v2"},
    "pubsub.googleapis.com": {"v1": "pubsub.v1"},
    "run.googleapis.com": {"v2": "run.v2"},
    "secretmanager.googleapis.com": {"v1": "secretmanager.v1"},
    "serviceusage.googleapis.com": {"v1": "serviceusage.v1", "v1beta1": "serviceusage.v1beta1"},
    "storage.googleapis.com": {"storage/v1": "storage.v1"},
    "workflowexecutions.googleapis.com": {"v1": "workflowexecutions.v1"},
    "workflows.googleapis.com": {"v1": "workflows.v1"},
}
"""API host -> first part of the path -> document. Documents of one host share one store of resources."""

PATHS: dict[str, str] = {
    f"iap.v1:v1.{verb}": f"v1/projects/{{p}}/iap_web/{{web}}/services/{{service}}:{verb}"
    for verb in ("getIamPolicy", "setIamPolicy", "testIamPermissions")
}
"""Method -> its path, where the document only says that a resource may have any name."""

_PROJECT_LOOKUP: Json = {
    "httpMethod": "GET",
    "path": "projects/{project}",
    "parameters": {"project": {"location": "path"}},
    "response": {"$ref": "Project"},
}
EXCERPTS: dict[str, Json] = {
    f"compute.{version}": {
        "resources": {"projects": {"methods": {"get": _PROJECT_LOOKUP}}},
        "schemas": {"Project": {"id": "Project", "type": "object", "properties": {}}},
        "parameters": {"alt": {}, "fields": {}, "prettyPrint": {}},
    }
    for version in ("v1", "beta")
}
"""Compute's documents are 5 MB each and one look-up of them is used."""
