"""Secret Manager: a payload comes back to who may read it, and only as long as its version is enabled."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c
import pytest

from tests.localcloud.services.client import PROJECT, Api

ROOT = f"secretmanager.googleapis.com/v1/{PROJECT}/secrets"


@pytest.fixture
def vault(api: Api) -> Api:
    api.call("POST", f"{ROOT}?secretId=key", {"replication": {"automatic": {}}})
    return api


def add(api: Api, text: bytes) -> str:
    payload = {"data": base64.b64encode(text).decode()}
    return api.call("POST", f"{ROOT}/key:addVersion", {"payload": payload})["name"].rpartition("/")[2]


def access(api: Api, version: str) -> bytes:
    return base64.b64decode(api.call("GET", f"{ROOT}/key/versions/{version}:access")["payload"]["data"])


def test_latest_is_the_newest_and_older_versions_stay(vault: Api) -> None:
    assert (add(vault, b"one"), add(vault, b"two")) == ("1", "2")

    answer = vault.call("GET", f"{ROOT}/key/versions/latest:access")

    assert base64.b64decode(answer["payload"]["data"]) == b"two"
    assert int(answer["payload"]["dataCrc32c"]) == google_crc32c.value(b"two")
    assert access(vault, "1") == b"one"


@pytest.mark.parametrize(("verb", "state"), [("disable", "DISABLED"), ("destroy", "DESTROYED")])
def test_a_version_that_is_not_enabled_gives_nothing(vault: Api, verb: str, state: str) -> None:
    add(vault, b"one")
    vault.call("POST", f"{ROOT}/key/versions/1:{verb}", {})

    answer = vault.raw("GET", f"{ROOT}/key/versions/1:access").json()["error"]

    assert (answer["code"], answer["status"]) == (400, "FAILED_PRECONDITION")
    assert state in answer["message"]


def test_a_disabled_version_can_be_enabled_again(vault: Api) -> None:
    add(vault, b"one")
    vault.call("POST", f"{ROOT}/key/versions/1:disable", {})

    vault.call("POST", f"{ROOT}/key/versions/1:enable", {})

    assert access(vault, "1") == b"one"


def test_reading_needs_the_permission_to_access(vault: Api) -> None:
    add(vault, b"one")
    viewer = vault.account("viewer")
    vault.grant(viewer, "roles/secretmanager.viewer")

    status, message = vault.refused("GET", f"{ROOT}/key/versions/latest:access", account=viewer)

    assert (status, "secretmanager.versions.access" in message) == (403, True)


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"data": ""}, "0 bytes"),
        ({"data": base64.b64encode(bytes(65537)).decode()}, "65537 bytes"),
        ({"data": "eA==", "dataCrc32c": "1"}, "dataCrc32c=1"),
    ],
)
def test_a_payload_that_cannot_be_is_refused(vault: Api, payload: dict[str, Any], named: str) -> None:
    status, message = vault.refused("POST", f"{ROOT}/key:addVersion", {"payload": payload})

    assert (status, named in message) == (400, True), message
    assert "versions" not in vault.call("GET", f"{ROOT}/key/versions")
