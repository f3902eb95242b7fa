"""The doctor: each thing that must be in place, found, missing and unseen, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.config_loader import read_settings
from infra.settings import NAMESPACE
from ops.client.google import GoogleApi
from ops.operate.commands import CHECKS, main
from ops.operate.doctor import Diagnosis, Situation, examine
from ops.operate.doctor.branch_protection import branch_protection
from ops.operate.doctor.endpoints import ENDPOINTS
from tests.ops.operate.google import Answers, answering

P = "my-imaging"
KEY = f"projects/{P}/locations/europe-west4/keyRings/pulumi/cryptoKeys/state"
ON = [{"config": {"name": f"{api}.googleapis.com"}} for api in ("cloudresourcemanager", "serviceusage")]
SETTINGS = {
    "environment": "dev",
    "stateBucket": "my-state",
    "stateKey": KEY,
    "githubRepository": "my-lab/platform",
    "githubInstallationId": "7",
    "githubTokenVersion": "2",
    "oauthClientId": "123456789012-abc.apps.googleusercontent.com",
    "customDomain": "slides.example.org",
}
BUCKET = {
    "versioning": {"enabled": True},
    "iamConfiguration": {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}},
}


def in_place() -> dict[str, Any]:
    """A project in which nothing is missing."""
    quota = "consumerQuotaMetrics"
    policies = {
        f"/v2/projects/{P}/policies/{name}:getEffectivePolicy": {"spec": {"rules": [{"allowAll": True}]}}
        for name in (
            "gcp.resourceLocations",
            "iam.disableServiceAccountCreation",
            "gcp.restrictNonCmekServices",
            "gcp.restrictServiceUsage",
            "iam.workloadIdentityPoolProviders",
            "cloudbuild.allowedIntegrations",
        )
    }
    return {
        f"/v3/projects/{P}": {"state": "ACTIVE"},
        f"/v1/projects/{P}/billingInfo": {"billingEnabled": True},
        f"/v1/projects/{P}/services": {"services": ON},
        **{
            f"/v1beta1/projects/{P}/services/{api}.googleapis.com/{quota}": {}
            for api in ("healthcare", "run", "cloudbuild")
        },
        **policies,
        f"/v1/projects/{P}/locations/europe-west4": {"locationId": "europe-west4"},
        "/storage/v1/b/my-state": BUCKET,
        f"/v1/{KEY}": {"primary": {"state": "ENABLED"}},
        f"/v1/projects/{P}:getIamPolicy": {"bindings": [{"role": "roles/editor", "members": ["group:a@example.org"]}]},
        f"/v1beta1/projects/{P}": {"projectId": P},
        f"/v1/projects/{P}/secrets/github-token/versions/2": {"state": "ENABLED"},
    }


@pytest.fixture
def google() -> Iterator[Answers]:
    with answering(in_place()) as answers:
        yield answers


def findings(
    google: Answers, known_hosts: tuple[str, ...] = ("slides.example.org",), **changes: str | None
) -> list[Diagnosis]:
    config = {f"{NAMESPACE}:{key}": value for key, value in {**SETTINGS, **changes}.items() if value is not None}
    at = Situation(
        stack="dev",
        settings=read_settings("dev", {"gcp:project": P, **config}),
        google=GoogleApi(dict.fromkeys(ENDPOINTS, google.root), lambda: "token"),
        resolve=lambda host: ["192.0.2.1"] if host in known_hosts else [],
    )
    return examine(at, [check for check in CHECKS if check is not branch_protection])


def todo(found: list[Diagnosis]) -> dict[str, Diagnosis]:
    return {one.topic: one for one in found if one.status == "todo"}


def test_where_nothing_is_missing_nothing_is_to_do(google: Answers) -> None:
    found = findings(google)

    assert todo(found) == {}
    assert [one for one in found if one.status == "unknown"] == []
    assert {one.topic for one in found if one.status == "by hand"} == {"sign-in", "DNS", "organisation"}


def test_it_only_looks(google: Answers) -> None:
    findings(google)

    assert {method for method, path in google.asked if not path.endswith(":getIamPolicy")} == {"GET"}


MISSING: list[tuple[str, Any, str, str, str]] = [
    (f"/v3/projects/{P}", 403, "project", "does not exist, or you may not see it", f"gcloud projects create {P}"),
    (
        f"/v3/projects/{P}", {"state": "DELETE_REQUESTED"}, "project", "is DELETE_REQUESTED",
        f"gcloud projects undelete {P}",
    ),
    (f"/v1/projects/{P}/billingInfo", {}, "billing", "has no billing account", f"gcloud billing projects link {P}"),
    (
        f"/v1/projects/{P}/services", {"services": ON[:1]}, "APIs", "needs serviceusage.googleapis.com",
        f"gcloud services enable serviceusage.googleapis.com --project={P}",
    ),
    (
        f"/v1beta1/projects/{P}/services/run.googleapis.com/consumerQuotaMetrics",
        {"metrics": [{"displayName": "CPU", "consumerQuotaLimits": [{"quotaBuckets": [{"effectiveLimit": "0"}]}]}]},
        "quotas", "run allows none of: CPU", "service=run.googleapis.com",
    ),
    (
        f"/v2/projects/{P}/policies/gcp.resourceLocations:getEffectivePolicy",
        {"spec": {"rules": [{"values": {"allowedValues": ["in:us-locations"]}}]}},
        "organisation", "nothing may be made in europe-west4", "orgpolicies/gcp-resourceLocations",
    ),
    (
        f"/v2/projects/{P}/policies/gcp.resourceLocations:getEffectivePolicy",
        {"spec": {"rules": [{"values": {"allowedValues": ["is:europe-west4"]}}]}},
        "organisation", "nothing may be made in europe-west1 (buildRegion", "orgpolicies/gcp-resourceLocations",
    ),
    (
        f"/v2/projects/{P}/policies/iam.disableServiceAccountCreation:getEffectivePolicy",
        {"spec": {"rules": [{"enforce": True}]}}, "organisation", "no service account may be made", "exception",
    ),
    (
        f"/v2/projects/{P}/policies/gcp.restrictNonCmekServices:getEffectivePolicy",
        {"spec": {"rules": [{"values": {"deniedValues": ["is:healthcare.googleapis.com"]}}]}},
        "organisation", "without a key of your own nothing may be made in healthcare.googleapis.com", "exception",
    ),
    (
        f"/v2/projects/{P}/policies/iam.workloadIdentityPoolProviders:getEffectivePolicy",
        {"spec": {"rules": [{"denyAll": True}]}}, "organisation", "token.actions.githubusercontent.com", "exception",
    ),
    ("/storage/v1/b/my-state", 404, "state", "bucket my-state does not exist", "make bootstrap STACK=dev"),
    (
        "/storage/v1/b/my-state", {**BUCKET, "versioning": {}}, "state", "keeps no old versions",
        "make bootstrap STACK=dev",
    ),
    (
        f"/v1/projects/{P}:getIamPolicy",
        {"bindings": [{"role": "roles/editor", "members": ["serviceAccount:1-compute@developer.gserviceaccount.com"]}]},
        "accounts", "default account serviceAccount:1-compute@developer.gserviceaccount.com has roles/editor",
        f"gcloud projects remove-iam-policy-binding {P} --member=serviceAccount:1-compute@developer",
    ),
    (f"/v1/{KEY}", {"primary": {"state": "DISABLED"}}, "state", "is DISABLED", "docs/runbook.md"),
    (
        f"/v1/projects/{P}/secrets/github-token/versions/2", 404, "GitHub", "github-token does not exist",
        f"gcloud secrets versions add github-token --project={P}",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "answer", "topic", "words", "remedy"), MISSING, ids=[f"{m[2]}-{m[3][:20]}" for m in MISSING]
)
def test_what_is_missing_is_told_with_its_remedy(
    google: Answers, path: str, answer: Any, topic: str, words: str, remedy: str
) -> None:
    google.table[path] = answer

    found = todo(findings(google))

    assert set(found) == {topic}
    assert words in found[topic].what
    assert any(remedy in line for line in found[topic].do), found[topic].do


def test_what_has_no_key_even_with_one_is_told_where_every_service_must_have_one(google: Answers) -> None:
    path = f"/v2/projects/{P}/policies/gcp.restrictNonCmekServices:getEffectivePolicy"
    google.table[path] = {"spec": {"rules": [{"denyAll": True}]}}
    key = f"projects/{P}/locations/europe-west4/keyRings/r/cryptoKeys/k"

    without = todo(findings(google))["organisation"].what
    keyed = todo(findings(google, datasetKey=key))["organisation"].what

    assert "healthcare.googleapis.com, pubsub.googleapis.com, storage.googleapis.com" in without
    assert keyed.endswith(
        "made in artifactregistry.googleapis.com, logging.googleapis.com, secretmanager.googleapis.com"
    )


def test_a_region_in_which_new_projects_may_not_build_is_told_with_those_in_which_they_may(google: Answers) -> None:
    (found,) = [one for one in findings(google, buildRegion="europe-west4") if one.topic == "builds"]

    assert found.status == "by hand"
    assert "asia-east1, australia-southeast1, europe-west1" in found.do[0]


def test_what_the_caller_may_not_see_is_unknown_and_hides_nothing_else(google: Answers) -> None:
    google.table[f"/v1/projects/{P}/billingInfo"] = 403
    google.table["/storage/v1/b/my-state"] = 404

    found = findings(google)

    assert [(one.topic, one.do[0]) for one in found if one.status == "unknown"] == [
        ("billing", "grant yourself roles/billing.projectManager on the project, or ask somebody who has it")
    ]
    assert set(todo(found)) == {"state"}


def test_firebase_that_the_caller_may_not_see_is_not_taken_for_missing(google: Answers) -> None:
    google.table[f"/v1beta1/projects/{P}"] = 403

    (found,) = [one for one in findings(google) if one.topic == "Firebase"]

    assert found.status == "unknown"


def test_firebases_account_that_may_act_as_all_is_named(google: Answers) -> None:
    member = f"serviceAccount:firebase-adminsdk-x1@{P}.iam.gserviceaccount.com"
    binding = {"role": "roles/iam.serviceAccountTokenCreator", "members": [member]}
    google.table[f"/v1/projects/{P}:getIamPolicy"] = {"bindings": [binding]}

    (found, fine) = [one for one in findings(google) if one.topic == "accounts"]

    assert (found.status, fine.status) == ("by hand", "ok")
    assert f"{member} may act as every account of the project" in found.what


def test_on_the_local_stack_nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the stack file has no endpoint for is beside those that it has."""
    asked: list[str] = []

    def answer(_: object, verb: str, url: str, **__: object) -> requests.Response:
        asked.append(url)
        response = requests.Response()
        response.status_code, response._content = 404, b"{}"
        return response

    monkeypatch.setattr(requests.Session, "request", answer)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "token")
    monkeypatch.setattr("ops.operate.doctor.addresses", lambda host: asked.append(host) or [])

    main(["doctor", "--stack", "local"])

    apis = {url.split("/")[3] for url in asked}
    assert {"cloudbilling.googleapis.com", "orgpolicy.googleapis.com"} <= apis
    assert [url for url in asked if not url.startswith("http://127.0.0.1:8787/")] == []


def test_the_sign_in_client_is_described_letter_by_letter(google: Answers) -> None:
    found = todo(findings(google, oauthClientId=None))["sign-in"]

    origins = "https://slides.example.org, https://my-imaging-viewer.web.app, https://my-imaging-preview.web.app"
    assert f"  authorised JavaScript origins: {origins}" in found.do
    assert f"  authorised redirect URIs: {origins.replace(',', '/,')}/" in found.do
    assert found.do[-1] == "pulumi config set -s dev dicom-platform:oauthClientId CLIENT-ID"


def test_without_github_nothing_of_it_is_asked(google: Answers) -> None:
    changes = dict.fromkeys(("githubRepository", "githubInstallationId", "githubTokenVersion"))

    assert "GitHub" not in todo(findings(google, **changes))


def test_the_app_is_asked_for_with_its_page(google: Answers) -> None:
    found = todo(findings(google, githubInstallationId=None, githubTokenVersion=None))["GitHub"]

    assert found.do


def test_a_domain_that_nobody_knows_is_told(google: Answers) -> None:
    assert "nobody knows slides.example.org" in todo(findings(google, known_hosts=()))["DNS"].what


def test_without_state_settings_bootstrap_is_the_remedy(google: Answers) -> None:
    found = [one for one in findings(google, stateBucket=None, stateKey=None) if one.status == "todo"]

    assert [one.do for one in found] == [("make bootstrap STACK=dev",)] * 2


def test_the_command_says_so_by_its_exit_status(
    google: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"  gcp:project: {P}", *(f"  gcp:{key}: {google.root}v1/" for key in ENDPOINTS.values())]
    lines += [f'  {NAMESPACE}:{key}: "{value}"' for key, value in SETTINGS.items() if key != "customDomain"]
    (tmp_path / "Pulumi.dev.yaml").write_text("\n".join(["config:", *lines]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "token")

    assert main(["doctor", "--stack", "dev"]) == 0
    google.table["/storage/v1/b/my-state"] = 404
    assert main(["doctor", "--stack", "dev"]) == 1
    assert main(["doctor", "--stack", "none"]) == 2

    said = capsys.readouterr()
    assert "✗ state: bucket my-state does not exist\n    make bootstrap STACK=dev" in said.out
    assert "doctor: there is no Pulumi.none.yaml" in said.err
