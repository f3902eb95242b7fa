"""Which members of a policy Google itself adds, and which only look as if it did."""

from __future__ import annotations

import pytest

from ops.deliver.google_members import is_googles

P, N = "my-imaging", "123456789012"
FIREBASE = f"serviceAccount:firebase-adminsdk-x1y2z@{P}.iam.gserviceaccount.com"
COMPUTE = f"serviceAccount:{N}-compute@developer.gserviceaccount.com"


@pytest.mark.parametrize(
    ("member", "role"),
    [
        (f"serviceAccount:service-{N}@gcp-sa-healthcare.iam.gserviceaccount.com", "roles/healthcare.serviceAgent"),
        (f"serviceAccount:{N}@cloudservices.gserviceaccount.com", "roles/editor"),
        (f"serviceAccount:{N}@cloudbuild.gserviceaccount.com", "roles/cloudbuild.builds.builder"),
        (COMPUTE, "roles/cloudbuild.builds.builder"),
        (FIREBASE, "roles/firebase.sdkAdminServiceAgent"),
        (FIREBASE, "roles/iam.serviceAccountTokenCreator"),
        (f"projectOwner:{P}", "roles/storage.legacyBucketOwner"),
    ],
)
def test_what_google_adds_is_no_drift(member: str, role: str) -> None:
    assert is_googles(member, role, P, N)


@pytest.mark.parametrize(
    ("member", "role"),
    [
        (COMPUTE, "roles/editor"),
        (f"serviceAccount:{P}@appspot.gserviceaccount.com", "roles/editor"),
        (FIREBASE, "roles/owner"),
        ("serviceAccount:999999999999-compute@developer.gserviceaccount.com", "roles/cloudbuild.builds.builder"),
        ("serviceAccount:service-999999999999@gcp-sa-healthcare.iam.gserviceaccount.com", "roles/storage.objectViewer"),
        ("serviceAccount:firebase-adminsdk-x1@other.iam.gserviceaccount.com", "roles/iam.serviceAccountTokenCreator"),
        ("projectOwner:other", "roles/storage.legacyBucketOwner"),
        (f"user:service-{N}@gcp-sa-healthcare.iam.gserviceaccount.com", "roles/healthcare.serviceAgent"),
        ("allUsers", "roles/viewer"),
    ],
)
def test_what_only_looks_like_it_is_told(member: str, role: str) -> None:
    assert not is_googles(member, role, P, N)
