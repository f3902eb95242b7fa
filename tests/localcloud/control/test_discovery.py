"""Which request is which method."""

from __future__ import annotations

import pytest

from engine.apis import APIS
from engine.discovery import Catalogue

RUN = "run.googleapis.com"
JOB = "v2/projects/p/locations/l/jobs/j"


@pytest.mark.parametrize(
    ("host", "verb", "path", "method"),
    [
        (RUN, "GET", f"/{JOB}", "run.v2:projects.locations.jobs.get"),
        (RUN, "POST", f"/{JOB}:run", "run.v2:projects.locations.jobs.run"),
        (RUN, "GET", f"/{JOB}:getIamPolicy", "run.v2:projects.locations.jobs.getIamPolicy"),
        (RUN, "GET", f"/{JOB}/executions/e/tasks", "run.v2:projects.locations.jobs.executions.tasks.list"),
        ("storage.googleapis.com", "GET", "/storage/v1/b/x/anywhereCaches/", "storage.v1:anywhereCaches.list"),
        ("storage.googleapis.com", "PUT", "/storage/v1/b/x/iam", "storage.v1:buckets.setIamPolicy"),
        ("cloudbuild.googleapis.com", "GET", "/v1/projects/p/locations/l/triggers/t",
         "cloudbuild.v1:projects.locations.triggers.get"),
        ("eventarc.googleapis.com", "GET", "/v1/projects/p/locations/l/triggers/t",
         "eventarc.v1:projects.locations.triggers.get"),
        ("serviceusage.googleapis.com", "POST", "/v1/projects/1/services:batchEnable",
         "serviceusage.v1:services.batchEnable"),
        ("compute.googleapis.com", "GET", "/compute/beta/projects/p", "compute.beta:projects.get"),
    ],
)  # fmt: skip
def test_a_request_is_matched(host: str, verb: str, path: str, method: str) -> None:
    found = Catalogue().match(host, verb, path)

    assert found
    assert found[0].id == method


def test_a_colon_in_an_id_is_no_verb() -> None:
    name = "projects/p/webApps/1:123:web:abc"

    found = Catalogue().match("firebase.googleapis.com", "GET", f"/v1beta1/{name}")
    removal = Catalogue().match("firebase.googleapis.com", "POST", f"/v1beta1/{name}:remove")

    assert found
    assert (found[0].leaf, found[1]) == ("get", {"name": name})
    assert removal
    assert (removal[0].leaf, removal[1]) == ("remove", {"name": name})


@pytest.mark.parametrize(
    ("path", "verb", "target"),
    [
        (f"/{JOB}:run", "POST", "projects/p/locations/l/jobs/j"),
        (f"/{JOB}/executions", "GET", "projects/p/locations/l/jobs/j"),
        ("/v2/projects/p/locations/l/jobs", "POST", "projects/p/locations/l"),
    ],
)
def test_the_target_is_the_resource_or_the_parent(path: str, verb: str, target: str) -> None:
    found = Catalogue().match(RUN, verb, path)

    assert found
    assert found[0].target(found[1]) == target


def test_a_method_knows_its_ids_in_other_versions() -> None:
    method = Catalogue().method("healthcare.v1beta1:projects.locations.datasets.get")

    assert method.ids == (
        "healthcare.v1beta1:projects.locations.datasets.get",
        "healthcare.v1:projects.locations.datasets.get",
    )


@pytest.mark.parametrize("path", ["/v2/projects/p/nowhere/x", "/v9/projects/p/locations/l/jobs/j", "/v2", "/"])
def test_what_is_no_method_is_not_matched(path: str) -> None:
    assert Catalogue().match(RUN, "GET", path) is None


@pytest.mark.parametrize("document", sorted(d for versions in APIS.values() for d in versions.values()))
def test_every_document_listed_is_there_and_has_methods(document: str) -> None:
    catalogue = Catalogue()
    with pytest.raises(KeyError):
        catalogue.method(f"{document}:no.such.method")

    assert any(key.startswith(f"{document}:") for key in catalogue._methods)
