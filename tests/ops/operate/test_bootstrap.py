"""Bootstrap, against the local cloud: made once, found again, tightened, and never taken from somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.config_loader import read_settings
from infra.settings import NAMESPACE
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.operate.bootstrap import Bootstrap
from tests.ops.mortal import Mortal

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(data=tmp_path, project="dicom-local", awkward=WITHOUT_WAITING)
    with running(made):
        yield made


def roots(cloud: Cloud) -> dict[str, str]:
    return {api: cloud.endpoint(f"{api}.googleapis.com") for api in ("storage", "cloudkms")}


@pytest.fixture
def bootstrap(cloud: Cloud) -> Bootstrap:
    settings = read_settings("dev", {"gcp:project": "dicom-local", f"{NAMESPACE}:environment": "dev"})
    google = GoogleApi(roots(cloud), lambda: cloud.iam.token(cloud.iam.owner))
    return Bootstrap(google, settings, "dev", "my-state", cmek=False, now=NOW)


def bucket(cloud: Cloud) -> dict[str, Any]:
    (found,) = [one for one in cloud.resources.all("storage.googleapis.com").values() if one.get("name") == "my-state"]
    return found


def test_it_makes_a_key_that_rotates_and_a_bucket_that_keeps_old_versions(bootstrap: Bootstrap, cloud: Cloud) -> None:
    said = list(bootstrap.run())

    key = cloud.resources.get("cloudkms.googleapis.com", bootstrap.key)
    assert key is not None
    assert (key["rotationPeriod"], key["nextRotationTime"]) == ("7776000s", "2027-02-20T00:00:00Z")
    made = bucket(cloud)
    assert made["versioning"] == {"enabled": True}
    assert made["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert made["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert f"  pulumi stack init dev --secrets-provider gcpkms://{bootstrap.key}" in said
    assert "gs://my-state made" in said


def test_again_it_changes_nothing(bootstrap: Bootstrap, cloud: Cloud) -> None:
    list(bootstrap.run())
    before = cloud.resources.all("storage.googleapis.com"), cloud.resources.all("cloudkms.googleapis.com")

    said = list(bootstrap.run())

    assert (cloud.resources.all("storage.googleapis.com"), cloud.resources.all("cloudkms.googleapis.com")) == before
    assert said[:3] == [f"{bootstrap.ring} was there", f"{bootstrap.key} was there", "gs://my-state was there"]


def test_a_bucket_that_is_loose_is_tightened(bootstrap: Bootstrap, cloud: Cloud) -> None:
    body = {"name": "my-state", "location": "europe-west4"}
    bootstrap.google.call("POST", "storage", "storage/v1/b", body, project="dicom-local")

    said = list(bootstrap.run())

    assert "gs://my-state was there, and is tight now" in said
    assert bucket(cloud)["versioning"] == {"enabled": True}
    assert bucket(cloud)["iamConfiguration"]["publicAccessPrevention"] == "enforced"


def test_a_bucket_elsewhere_is_left_alone(bootstrap: Bootstrap) -> None:
    body = {"name": "my-state", "location": "us-east1"}
    bootstrap.google.call("POST", "storage", "storage/v1/b", body, project="dicom-local")

    with pytest.raises(OpsRefused, match=r"gs://my-state is in US-EAST1, the stack in europe-west4, and no"):
        list(bootstrap.run())


def test_with_cmek_the_bucket_is_encrypted_with_the_key_and_storage_may_use_it(
    bootstrap: Bootstrap, cloud: Cloud
) -> None:
    said = list(replace(bootstrap, cmek=True).run())

    assert bucket(cloud)["encryption"] == {"defaultKmsKeyName": bootstrap.key}
    policy = bootstrap.google.call("GET", "cloudkms", f"v1/{bootstrap.key}:getIamPolicy")
    [binding] = policy["bindings"]
    assert binding["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    assert said[2].endswith("may use the key now")
    assert "may use the key" in list(replace(bootstrap, cmek=True).run())[2]


@pytest.mark.parametrize("answered", range(6))
def test_one_that_was_killed_is_finished_by_the_next(bootstrap: Bootstrap, cloud: Cloud, answered: int) -> None:
    cut = Mortal(roots(cloud), lambda: cloud.iam.token(cloud.iam.owner))
    cut.last = answered
    with pytest.raises(KeyboardInterrupt):
        list(replace(bootstrap, google=cut, cmek=True).run())

    list(replace(bootstrap, cmek=True).run())

    assert cloud.resources.get("cloudkms.googleapis.com", bootstrap.key)
    assert bucket(cloud)["encryption"] == {"defaultKmsKeyName": bootstrap.key}
    policy = bootstrap.google.call("GET", "cloudkms", f"v1/{bootstrap.key}:getIamPolicy")
    assert [binding["role"] for binding in policy["bindings"]] == ["roles/cloudkms.cryptoKeyEncrypterDecrypter"]
    assert len(policy["bindings"][0]["members"]) == 1


def test_a_grant_under_a_condition_is_neither_taken_for_one_nor_lost(bootstrap: Bootstrap) -> None:
    list(bootstrap.run())
    agent = bootstrap.google.call("GET", "storage", "storage/v1/projects/dicom-local/serviceAccount")["email_address"]
    once = {
        "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "members": [f"serviceAccount:{agent}"],
        "condition": {"title": "until", "expression": 'request.time < timestamp("2020-01-01T00:00:00Z")'},
    }
    policy = {"policy": {"version": 3, "bindings": [once]}}
    bootstrap.google.call("POST", "cloudkms", f"v1/{bootstrap.key}:setIamPolicy", policy)

    said = list(replace(bootstrap, cmek=True).run())

    version = {"options.requestedPolicyVersion": 3}
    found = bootstrap.google.call("GET", "cloudkms", f"v1/{bootstrap.key}:getIamPolicy", **version)["bindings"]
    assert said[2].endswith("may use the key now")
    assert [one.get("condition", {}).get("title") for one in found] == ["until", None]
