"""Who may, in what order it is checked, and how services hook in."""

from __future__ import annotations

import pytest

from localcloud.control.call import Call
from localcloud.errors import ApiError
from tests.localcloud.control.client import LOCATION, Client

DATASETS = f"healthcare/v1/{LOCATION}/datasets"
TOPIC = "pubsub/v1/projects/p-1/topics/t"


def test_no_token_is_401(client: Client) -> None:
    response = client.ask("GET", TOPIC, authorization="")

    assert response.status == 401
    assert response.body["error"]["status"] == "UNAUTHENTICATED"
    assert "missing required authentication credential" in response.body["error"]["message"]


def test_missing_permission_is_403_and_named_before_the_body_is_looked_at(client: Client) -> None:
    client.grant("roles/pubsub.viewer", "user:ann@example.org")

    response = client.ask("PUT", TOPIC, {"nonsense": 1}, authorization=client.bearer("ann@example.org"))

    assert response.status == 403
    assert response.body["error"]["message"] == (
        "Permission 'pubsub.topics.create' denied on resource "
        "'//pubsub.googleapis.com/projects/p-1/topics/t' (or it may not exist)."
    )


def test_a_stranger_cannot_tell_what_exists(client: Client) -> None:
    client.ok("PUT", TOPIC, {})
    client.grant("roles/run.viewer", "user:ann@example.org")
    stranger = client.bearer("ann@example.org")

    there = client.ask("GET", TOPIC, authorization=stranger)
    not_there = client.ask("GET", TOPIC + "-2", authorization=stranger)

    assert (there.status, not_there.status) == (403, 403)


def test_another_project_is_403(client: Client) -> None:
    code, message = client.refused("GET", "pubsub/v1/projects/someone-else/topics/t")

    assert code == 403
    assert "someone-else" in message


def test_a_path_that_is_no_method_is_404(client: Client) -> None:
    code, message = client.refused("GET", "pubsub/v1/projects/p-1/tropics/t")

    assert code == 404
    assert "/v1/projects/p-1/tropics/t" in message


def test_a_method_that_is_not_answered_is_501_and_named(client: Client) -> None:
    client.ok("PUT", TOPIC, {})

    code, message = client.refused("POST", f"{TOPIC}:publish", {"messages": [{"data": "eA=="}]})

    assert code == 501
    assert "pubsub.v1:projects.topics.publish" in message


def test_the_versions_of_an_api_share_one_store(client: Client) -> None:
    client.ok("POST", DATASETS.replace("/v1/", "/v1beta1/"), {}, datasetId="d")

    assert client.ok("GET", f"{DATASETS}/d")["name"] == f"{LOCATION}/datasets/d"


def test_a_project_is_found_by_number_too(client: Client) -> None:
    client.ok("PUT", TOPIC, {})

    assert client.ok("GET", TOPIC.replace("p-1", "111122223333"))["name"] == "projects/p-1/topics/t"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_service_answers_a_method_in_every_version(client: Client, version: str) -> None:
    client.cloud.methods["healthcare.v1:projects.locations.datasets.deidentify"] = lambda call: {"asked": call.name}
    client.ok("POST", DATASETS, {}, datasetId="d")

    answer = client.ok("POST", f"healthcare/{version}/{LOCATION}/datasets/d:deidentify", {})

    assert answer == {"asked": f"{LOCATION}/datasets/d"}


def test_a_check_refuses_before_anything_is_stored(client: Client) -> None:
    def refuse(call: Call) -> None:
        raise ApiError(400, f"not {call.name}")

    client.cloud.checks["pubsub.v1:projects.topics.create"] = [refuse]

    assert client.refused("PUT", TOPIC, {}) == (400, "not projects/p-1/topics/t")
    assert client.cloud.resources.get("pubsub.googleapis.com", "projects/p-1/topics/t") is None


def test_a_service_has_the_last_word_on_additions(client: Client) -> None:
    def local(call: Call, site: dict[str, object]) -> None:
        assert site["defaultUrl"] == "https://viewer.web.app"
        site["defaultUrl"] = "http://127.0.0.1:5000"

    client.cloud.extras["firebasehosting.v1beta1:projects.sites.create"] = local

    client.ok("POST", "firebasehosting/v1beta1/projects/p-1/sites", {}, siteId="viewer")

    site = client.ok("GET", "firebasehosting/v1beta1/projects/p-1/sites/viewer")
    assert site["defaultUrl"] == "http://127.0.0.1:5000"


def test_deletion_is_told_for_the_resource_and_all_below_it(client: Client) -> None:
    told: list[tuple[str, str]] = []
    client.cloud.on_delete.append(lambda host, name: told.append((host, name)))
    client.ok("POST", DATASETS, {}, datasetId="d")
    client.ok("POST", f"{DATASETS}/d/dicomStores", {}, dicomStoreId="s")

    client.ok("DELETE", f"{DATASETS}/d")

    host, dataset = "healthcare.googleapis.com", f"{LOCATION}/datasets/d"
    assert told == [(host, dataset), (host, f"{dataset}/dicomStores/s")]


def test_storage_errors_carry_the_reason_its_clients_read(client: Client) -> None:
    response = client.ask("GET", "storage/storage/v1/b/none")

    assert response.body["error"]["errors"][0]["reason"] == "notFound"
