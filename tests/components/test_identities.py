from __future__ import annotations

from typing import Any

from components.identities import Duty, Identities, IdentitiesArgs
from tests.components.looking import children, grants, inputs, node
from tests.harness import Deploy, Graph

DUTIES = {
    "builder": Duty(account_id="a-builder", description="Builds", project_roles=["roles/run.viewer"], acts_as=["job"]),
    "job": Duty(account_id="a-job-account", description="Works"),
}
BUILDER = "serviceAccount:a-builder@dicom-local.iam.gserviceaccount.com"


def identities(deploy: Deploy, **changes: Any) -> Graph:
    return deploy(lambda: Identities("who", IdentitiesArgs(project="dicom-local", duties=DUTIES, **changes)))


def test_a_duty_is_an_account_with_its_roles_and_nothing_else(deploy: Deploy) -> None:
    assert children(identities(deploy), "who") == {
        "who-builder": "serviceaccount/account:Account",
        "who-job": "serviceaccount/account:Account",
        "who-builder-run.viewer": "projects/iAMMember:IAMMember",
        "who-builder-acts-as-job": "serviceaccount/iAMMember:IAMMember",
    }
    assert inputs(identities(deploy), "who-job")["accountId"] == "a-job-account"


def test_acting_as_another_is_granted_on_that_account_not_on_the_project(deploy: Deploy) -> None:
    job = "projects/dicom-local/serviceAccounts/a-job-account@dicom-local.iam.gserviceaccount.com"

    assert grants(identities(deploy)) == {
        (BUILDER, "roles/run.viewer", "dicom-local"),
        (BUILDER, "roles/iam.serviceAccountUser", job),
    }


def test_accounts_have_no_keys(deploy: Deploy) -> None:
    assert identities(deploy).all("Key") == []


def test_its_outputs_are_the_emails(deploy: Deploy) -> None:
    emails = node(identities(deploy), "who").outputs["emails"]

    assert emails["job"] == "a-job-account@dicom-local.iam.gserviceaccount.com"


def test_a_reader_of_the_state_may_read_decrypt_and_lock_but_not_write(deploy: Deploy) -> None:
    key = "projects/bootstrap/locations/europe-west4/keyRings/pulumi/cryptoKeys/dev"

    def program() -> None:
        args = IdentitiesArgs(
            project="dicom-local",
            duties=DUTIES,
            state_readers=["builder"],
            state_bucket="state-of-pulumi",
            state_key=key,
        )
        Identities("who", args)

    # Bucket and key belong to another stack, so this one can only be previewed here.
    graph = deploy(program, preview=True)
    on_state = {(role, where) for _, role, where in grants(graph) if where in ("state-of-pulumi", key)}

    assert on_state == {
        ("roles/storage.objectViewer", "state-of-pulumi"),
        ("roles/storage.objectUser", "state-of-pulumi"),
        ("roles/cloudkms.cryptoKeyDecrypter", key),
    }
    assert inputs(graph, "who-builder-takes-lock")["role"] == "roles/storage.objectUser"
    assert inputs(graph, "who-builder-takes-lock")["condition"]["expression"] == (
        'resource.name.startsWith("projects/_/buckets/state-of-pulumi/objects/.pulumi/locks/")'
    )
