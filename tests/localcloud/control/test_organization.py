"""A new organisation: no project until somebody makes it, nothing that costs until somebody pays."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.api_request import ApiRequest, ApiResponse
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from localcloud.control.special import organization

ANN = "ann@example.org"
MAKE = {"projectId": "p-1", "parent": organization.ORGANIZATION}


class Organization:
    def __init__(self, data: Path) -> None:
        self.now = 1_800_000_000.0
        self.cloud = Cloud(data=data, project="p-1", new_project=True, creator=ANN, clock=lambda: self.now)
        self.plane = ControlPlane(self.cloud)

    def ask(self, verb: str, host: str, path: str, body: object = None, payer: str = "") -> ApiResponse:
        bearer = f"Bearer {self.cloud.iam.token(ANN)}"
        return self.plane.handle(
            ApiRequest(
                host=f"{host}.googleapis.com", method=verb, path=path, body=body, authorization=bearer,
                user_project=payer,
            )
        )  # fmt: skip

    def make(self) -> None:
        assert self.ask("POST", "cloudresourcemanager", "/v3/projects", MAKE).status == 200
        self.now += 60


@pytest.fixture
def made(tmp_path: Path) -> Organization:
    return Organization(tmp_path)


def test_a_project_is_there_once_it_is_made_and_its_makers_a_while_after(made: Organization) -> None:
    look = ("GET", "cloudresourcemanager", "/v3/projects/p-1")
    assert made.ask(*look).status == 403

    assert made.ask("POST", "cloudresourcemanager", "/v3/projects", MAKE).status == 200

    assert made.ask(*look).status == 403
    made.now += 60
    assert made.ask(*look).body["state"] == "ACTIVE"
    assert made.ask("POST", "cloudresourcemanager", "/v3/projects", MAKE).status == 409


@pytest.mark.parametrize(
    ("body", "status"), [({**MAKE, "projectId": "p-2"}, 409), ({"projectId": "p-1"}, 403)], ids=["taken", "of nobody"]
)
def test_another_id_is_taken_and_a_project_belongs_to_the_organisation(
    made: Organization, body: dict[str, str], status: int
) -> None:
    assert made.ask("POST", "cloudresourcemanager", "/v3/projects", body).status == status


def test_what_costs_is_enabled_once_somebody_pays(made: Organization) -> None:
    made.make()
    enable = "/v1/projects/p-1/services/{}.googleapis.com:enable"

    refused = made.ask("POST", "serviceusage", enable.format("cloudkms"), {})
    assert (refused.status, "Billing must be enabled" in refused.body["error"]["message"]) == (400, True)
    assert made.ask("POST", "serviceusage", enable.format("cloudbilling"), {}).status == 200
    made.now += 60
    billing = ("cloudbilling", "/v1/projects/p-1/billingInfo")
    assert "billingEnabled" not in made.ask("GET", *billing, payer="p-1").body
    linked = made.ask("PUT", *billing, {"billingAccountName": organization.BILLING_ACCOUNT}, payer="p-1")
    assert linked.body["billingEnabled"] is True
    assert made.ask("POST", "serviceusage", enable.format("cloudkms"), {}).status == 200


def test_firebase_comes_once_its_terms_are_accepted(made: Organization) -> None:
    made.make()
    made.ask("POST", "serviceusage", "/v1/projects/p-1/services/firebase.googleapis.com:enable", {})
    made.now += 60
    add = ("POST", "firebase", "/v1beta1/projects/p-1:addFirebase", {}, "p-1")

    assert made.ask(*add).status == 403
    organization.change(made.cloud, terms=True)
    assert made.ask(*add).status == 200
