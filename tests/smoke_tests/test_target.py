from __future__ import annotations

import copy
from typing import Any

import pytest

from smoke_tests.runner import checks_left_out
from smoke_tests.target import CAPABILITIES, BadTarget, from_outputs, target_of_url

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores"
OUTPUTS: dict[str, Any] = {
    "project": "p",
    "location": "l",
    "environment": "dev",
    "endpoints": {api: f"https://{api}.googleapis.com/" for api in ("storage", "logging", "pubsub")},
    "smokeSubscription": "projects/p/subscriptions/dicom-smoke",
    "auditView": "projects/p/locations/l/buckets/b/views/data-access",
    "stores": {
        "raw": {"name": "raw", "dicomwebRoot": f"{ROOT}/raw/dicomWeb"},
        "smoke": {"name": "smoke", "dicomwebRoot": f"{ROOT}/smoke/dicomWeb"},
    },
    "dicomwebRoot": f"{ROOT}/raw/dicomWeb",
    "viewerUrl": "https://p-viewer.web.app",
    "oauth": {"clientId": "1-a.apps.googleusercontent.com"},
    "job": "projects/p/locations/l/jobs/prepare",
    "jobRunUrl": "https://run.googleapis.com/v2/projects/p/locations/l/jobs/prepare:run",
    "recordsBucket": "records",
    "serviceAccounts": {"smoke": "smoke@p", "smokeReader": "reader@p"},
}


def test_a_stack_is_written_to_in_its_smoke_store_only() -> None:
    target = from_outputs(OUTPUTS)

    assert target.dicomweb_root == f"{ROOT}/smoke/dicomWeb"
    assert target.main_root == f"{ROOT}/raw/dicomWeb"
    assert (target.writer, target.reader) == ("smoke@p", "reader@p")
    assert target.records == "https://storage.googleapis.com/storage/v1/b/records"
    assert target.origin == "https://p-viewer.web.app"
    assert target.missing == {}


def test_only_where_grants_are_slow_are_they_waited_for() -> None:
    assert from_outputs(OUTPUTS).limits.granted == 600
    assert from_outputs({**OUTPUTS, "environment": "local"}).limits.granted == 5


def test_only_production_is_strict() -> None:
    assert not from_outputs(OUTPUTS).strict
    assert from_outputs({**OUTPUTS, "environment": "prod"}).strict


def test_a_viewer_behind_the_proxy_is_left_out_and_the_reason_told() -> None:
    assert 9 not in checks_left_out(from_outputs(OUTPUTS))
    assert "Identity-Aware Proxy" in checks_left_out(from_outputs({**OUTPUTS, "viewerHost": "cloud_run"}))[9]


def test_what_the_stack_does_not_have_yet_is_missing_with_a_reason() -> None:
    target = from_outputs({**OUTPUTS, "job": None, "jobRunUrl": None, "viewerUrl": ""}, {"cors": "blocked here"})

    assert target.missing == {
        "cors": "blocked here",
        "job": "the stack has no job yet: no image digest",
        "viewer": "the stack has no viewer site",
    }


def test_a_clinical_store_is_never_written_to() -> None:
    outputs = copy.deepcopy(OUTPUTS)
    outputs["stores"]["smoke"]["dicomwebRoot"] = outputs["dicomwebRoot"]

    with pytest.raises(BadTarget, match="the checks refuse to write to it"):
        from_outputs(outputs)


def test_a_stack_without_a_smoke_store_is_refused() -> None:
    with pytest.raises(BadTarget, match="no store named smoke"):
        from_outputs({**OUTPUTS, "stores": {"raw": OUTPUTS["stores"]["raw"]}})


@pytest.mark.parametrize("key", ["stores", "serviceAccounts", "location", "oauth", "endpoints"])
def test_outputs_of_another_version_are_refused_naming_the_key(key: str) -> None:
    with pytest.raises(BadTarget, match=f"no usable '{key}'; deploy the stack again"):
        from_outputs({name: value for name, value in OUTPUTS.items() if name != key})


def test_capabilities_not_declared_are_missing() -> None:
    target = target_of_url("http://127.0.0.1:8042/dicom-web/", ["stow", "qido"])

    assert target.dicomweb_root == "http://127.0.0.1:8042/dicom-web"
    assert set(target.missing) == set(CAPABILITIES) - {"stow", "qido"}


def test_a_misspelt_capability_is_refused() -> None:
    with pytest.raises(BadTarget, match="unknown capability stwo; known are stow, qido"):
        target_of_url("http://x/dicom-web", ["stwo"])
    with pytest.raises(BadTarget, match="unknown capability viewr"):
        from_outputs(OUTPUTS, {"viewr": "no"})


@pytest.mark.parametrize("root", ["file:///etc", "dicom-web", ""])
def test_what_is_no_url_is_refused(root: str) -> None:
    with pytest.raises(BadTarget, match="is not an http"):
        target_of_url(root, [])
