"""Who may what: roles, inheritance, custom roles, groups, conditions, both ways."""

from __future__ import annotations

import pytest

from localcloud.errors import ApiError
from localcloud.iam.principal import Principal
from tests.localcloud.control.client import LOCATION, Client

DATASET = f"{LOCATION}/datasets/imaging"
STORE = f"{DATASET}/dicomStores/raw"
READ = "healthcare.dicomStores.dicomWebRead"
WRITE = "healthcare.dicomStores.dicomWebWrite"
ANN = "user:ann@example.org"


@pytest.fixture
def archive(client: Client) -> Client:
    """Two stores in one data set."""
    client.ok("POST", f"healthcare/v1/{LOCATION}/datasets", {}, datasetId="imaging")
    for identifier in ("raw", "smoke"):
        client.ok("POST", f"healthcare/v1/{DATASET}/dicomStores", {}, dicomStoreId=identifier)
    return client


def may(client: Client, member: str, permission: str, name: str = STORE) -> bool:
    return client.cloud.iam.is_allowed(member, permission, f"//healthcare.googleapis.com/{name}")


def test_nobody_may_anything_by_default(archive: Client) -> None:
    assert not may(archive, ANN, READ)


def test_the_owner_may_everything_from_the_start(archive: Client) -> None:
    assert may(archive, f"serviceAccount:{archive.cloud.iam.owner}", WRITE)


@pytest.mark.parametrize(
    ("url", "raw", "smoke"),
    [
        (f"healthcare/v1/{STORE}", True, False),
        (f"healthcare/v1/{DATASET}", True, True),
        (None, True, True),
    ],
)
def test_a_grant_holds_for_the_resource_and_below(archive: Client, url: str | None, raw: bool, smoke: bool) -> None:
    archive.grant("roles/healthcare.dicomViewer", ANN, url)

    assert may(archive, ANN, READ) is raw
    assert may(archive, ANN, READ, f"{DATASET}/dicomStores/smoke") is smoke
    assert not may(archive, ANN, WRITE)
    assert not may(archive, "user:bob@example.org", READ)


def test_a_grant_on_a_store_is_none_on_one_whose_name_begins_alike(archive: Client) -> None:
    archive.grant("roles/healthcare.dicomViewer", ANN, f"healthcare/v1/{STORE}")

    assert not may(archive, ANN, READ, f"{STORE}-2")


def test_a_grant_under_the_number_counts_under_the_id(archive: Client) -> None:
    archive.grant("roles/healthcare.dicomViewer", ANN, f"healthcare/v1/{STORE}".replace("p-1", "111122223333"))

    assert may(archive, ANN, READ)
    assert may(archive, ANN, READ, STORE.replace("p-1", "111122223333"))


def test_a_custom_role_gives_what_it_lists_until_it_is_deleted(archive: Client) -> None:
    role = {"roleId": "reader", "role": {"title": "Reader", "includedPermissions": [READ]}}
    archive.ok("POST", "iam/v1/projects/p-1/roles", role)
    archive.grant("projects/p-1/roles/reader", ANN, f"healthcare/v1/{STORE}")

    before = (may(archive, ANN, READ), may(archive, ANN, WRITE))
    archive.ok("PATCH", "iam/v1/projects/p-1/roles/reader", {"includedPermissions": [WRITE]})
    changed = (may(archive, ANN, READ), may(archive, ANN, WRITE))
    archive.ok("DELETE", "iam/v1/projects/p-1/roles/reader")

    assert before == (True, False)
    assert changed == (False, True)
    assert not may(archive, ANN, WRITE)


def test_a_disabled_custom_role_gives_nothing(archive: Client) -> None:
    role = {"roleId": "reader", "role": {"includedPermissions": [READ], "stage": "DISABLED"}}
    archive.ok("POST", "iam/v1/projects/p-1/roles", role)

    archive.grant("projects/p-1/roles/reader", ANN)

    assert not may(archive, ANN, READ)


def test_a_group_is_a_principal_that_is_its_own_member(archive: Client) -> None:
    archive.grant("roles/healthcare.dicomViewer", "group:viewers@example.org", f"healthcare/v1/{STORE}")

    token = archive.cloud.iam.token("viewers@example.org")
    principal = archive.cloud.iam.authenticate(f"Bearer {token}")

    assert principal == Principal("viewers@example.org", "group")
    assert archive.cloud.iam.is_allowed(principal, READ, f"//healthcare.googleapis.com/{STORE}")
    assert not may(archive, "user:viewers@example.org", READ)


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers", "domain:example.org"])
def test_members_that_mean_many(archive: Client, member: str) -> None:
    archive.grant("roles/healthcare.dicomViewer", member, f"healthcare/v1/{STORE}")

    assert may(archive, ANN, READ)
    assert may(archive, "user:eve@elsewhere.net", READ) is (member != "domain:example.org")


def test_project_owners_hold_what_a_bucket_grants_them(client: Client) -> None:
    client.ok("POST", "storage/storage/v1/b", {"name": "records-1"}, project="p-1")
    client.grant("roles/viewer", ANN)

    bucket = "//storage.googleapis.com/projects/_/buckets/records-1"
    assert client.cloud.iam.is_allowed(ANN, "storage.objects.list", bucket)
    assert not client.cloud.iam.is_allowed(ANN, "storage.objects.get", bucket)
    assert not client.cloud.iam.is_allowed("user:bob@example.org", "storage.objects.list", bucket)


def test_a_grant_with_an_end_ends(archive: Client) -> None:
    archive.grant("roles/healthcare.dicomViewer", ANN, expression='request.time < timestamp("2027-01-15T09:00:00Z")')

    before = may(archive, ANN, READ)
    archive.clock.now += 3600

    assert before
    assert not may(archive, ANN, READ)


def test_require_names_permission_and_resource(archive: Client) -> None:
    with pytest.raises(ApiError) as refused:
        archive.cloud.iam.require(Principal("ann@example.org", "user"), READ, f"//healthcare.googleapis.com/{STORE}")

    assert refused.value.code == 403
    assert refused.value.message == (
        f"Permission '{READ}' denied on resource '//healthcare.googleapis.com/{STORE}' (or it may not exist)."
    )


def test_test_iam_permissions_answers_the_callers_subset(archive: Client) -> None:
    archive.grant("roles/healthcare.dicomViewer", ANN, f"healthcare/v1/{STORE}")
    asked = {"permissions": [READ, WRITE]}
    ann = archive.bearer("ann@example.org")

    store = archive.ask("POST", f"healthcare/v1/{STORE}:testIamPermissions", asked, authorization=ann)
    project = archive.ask("POST", "cloudresourcemanager/v1/projects/p-1:testIamPermissions", asked, authorization=ann)
    owner = archive.ok("POST", "cloudresourcemanager/v3/projects/p-1:testIamPermissions", asked)

    assert store.body == {"permissions": [READ]}
    assert project.body == {}
    assert owner == asked


def test_principals_are_accounts_and_all_who_are_named(client: Client) -> None:
    email = client.account("job-runner")
    client.grant("roles/viewer", ANN)
    client.grant("roles/viewer", "group:viewers@example.org")

    assert client.cloud.iam.principals() == [
        "ann@example.org", email, "owner@p-1.iam.gserviceaccount.com", "viewers@example.org",
    ]  # fmt: skip


def test_a_snapshot_keeps_policies(archive: Client) -> None:
    archive.grant("roles/healthcare.dicomViewer", ANN, f"healthcare/v1/{STORE}")
    path = archive.cloud.data / "resources.json"
    archive.cloud.resources.save(path)
    other = Client(archive.cloud.data)

    other.cloud.resources.load(path)

    assert may(other, ANN, READ)
    assert not may(other, ANN, WRITE)


ADDING_FIREBASE = (
    "firebase.projects.update",
    "resourcemanager.projects.get",
    "serviceusage.services.enable",
    "serviceusage.services.get",
)


@pytest.mark.parametrize("missing", [None, *ADDING_FIREBASE])
def test_adding_firebase_needs_its_own_permission_and_those_of_what_it_does(
    client: Client, missing: str | None
) -> None:
    held = [permission for permission in ADDING_FIREBASE if permission != missing]
    role = {"roleId": "adder", "role": {"includedPermissions": held}}
    client.ok("POST", "iam/v1/projects/p-1/roles", role)
    deployer = client.account("deployer")
    client.grant("projects/p-1/roles/adder", f"serviceAccount:{deployer}")

    answer = client.ask("POST", "firebase/v1beta1/projects/p-1:addFirebase", {}, authorization=client.bearer(deployer))

    assert answer.status == (403 if missing else 200), answer.body
    assert f"Permission '{missing}' denied" in str(answer.body) or missing is None
