"""A token is good for the scopes that its holder agreed to, whatever the holder may do."""

from __future__ import annotations

import pytest

from localcloud.errors import ApiError
from localcloud.iam.principal import Principal
from localcloud.iam.scopes import require_scope

AUTH = "https://www.googleapis.com/auth/"
DICOM, GET, CREATE = "healthcare.dicomStores.dicomWebRead", "storage.objects.get", "storage.objects.create"


def refused(permission: str, *scopes: str) -> str:
    """The reason of the refusal; empty without one."""
    person = Principal("ann@example.org", "user", frozenset(f"{AUTH}{scope}" for scope in scopes))
    try:
        require_scope(person, permission, "//storage.googleapis.com/projects/_/buckets/records")
    except ApiError as error:
        return f"{error.code} {error.details[0]['reason']}" if error.details else "?"
    return ""


@pytest.mark.parametrize(
    ("permission", "scopes"),
    [
        (DICOM, ()),
        (DICOM, ("cloud-healthcare",)),
        (GET, ("cloud-healthcare", "devstorage.read_only")),
        (GET, ("devstorage.full_control",)),
        (CREATE, ("devstorage.read_write",)),
        ("pubsub.topics.publish", ("cloud-platform",)),
    ],
)
def test_a_scope_of_the_api_lets_in(permission: str, scopes: tuple[str, ...]) -> None:
    assert refused(permission, *scopes) == ""


@pytest.mark.parametrize(
    ("permission", "scopes"),
    [
        (DICOM, ("devstorage.read_only",)),
        (GET, ("cloud-healthcare",)),
        (CREATE, ("devstorage.read_only",)),
        ("pubsub.topics.publish", ("cloud-healthcare",)),
    ],
)
def test_any_other_does_not(permission: str, scopes: tuple[str, ...]) -> None:
    assert refused(permission, *scopes) == "403 ACCESS_TOKEN_SCOPE_INSUFFICIENT"
