"""Create, get, list, patch and delete as Google's APIs have them in common."""

from __future__ import annotations

import pytest

from tests.localcloud.control.client import LOCATION, Client

DATASETS = f"healthcare/v1/{LOCATION}/datasets"
STORES = f"{DATASETS}/d/dicomStores"
TOPICS = "pubsub/v1/projects/p-1/topics"
SECRETS = "secretmanager/v1/projects/p-1/secrets"
JOBS = f"run/v2/{LOCATION}/jobs"
JOB = {"template": {"template": {"containers": [{"image": "x"}], "maxRetries": 0}}}


def test_what_was_created_is_read_back(client: Client) -> None:
    client.ok("POST", SECRETS, {"replication": {"automatic": {}}, "labels": {"a": "b"}}, secretId="s")

    secret = client.ok("GET", f"{SECRETS}/s")

    assert secret["name"] == "projects/p-1/secrets/s"
    assert secret["labels"] == {"a": "b"}
    assert secret["replication"] == {"automatic": {}}
    assert secret["createTime"] == "2027-01-15T08:00:00.000000Z"
    assert secret["etag"]


def test_an_operation_is_answered_where_the_document_says_so(client: Client) -> None:
    operation = client.ok("POST", DATASETS, {}, datasetId="d")

    assert operation["name"].startswith(f"{LOCATION}/datasets/d/operations/")
    assert operation["done"] is True
    assert operation["response"]["name"] == f"{LOCATION}/datasets/d"


def test_twice_the_same_is_409(client: Client) -> None:
    client.ok("PUT", f"{TOPICS}/t", {})

    assert client.refused("PUT", f"{TOPICS}/t", {}) == (409, "Resource 'projects/p-1/topics/t' already exists.")


def test_a_missing_parent_is_404(client: Client) -> None:
    code, message = client.refused("POST", STORES, {}, dicomStoreId="s")

    assert code == 404
    assert f"{LOCATION}/datasets/d" in message


@pytest.mark.parametrize("identifier", ["a/b", "a b", "x" * 257])
def test_an_impossible_id_is_400(client: Client, identifier: str) -> None:
    assert client.refused("POST", DATASETS, {}, datasetId=identifier)[0] == 400


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
def test_what_is_not_there_is_404(client: Client, verb: str) -> None:
    assert client.refused(verb, f"{TOPICS}/t") == (404, "Resource not found: projects/p-1/topics/t")


def test_a_list_has_the_children_only_page_by_page(client: Client) -> None:
    client.ok("POST", DATASETS, {}, datasetId="d")
    for identifier in ("s1", "s2", "s3"):
        client.ok("POST", STORES, {}, dicomStoreId=identifier)

    first = client.ok("GET", STORES, pageSize="2")
    second = client.ok("GET", STORES, pageSize="2", pageToken=first["nextPageToken"])

    assert [store["name"][-2:] for store in first["dicomStores"]] == ["s1", "s2"]
    assert [store["name"][-2:] for store in second["dicomStores"]] == ["s3"]
    assert "nextPageToken" not in second
    assert len(client.ok("GET", DATASETS)["datasets"]) == 1


def test_an_empty_list_is_an_empty_object(client: Client) -> None:
    assert client.ok("GET", TOPICS) == {}


@pytest.mark.parametrize("query", [{"pageToken": "x"}, {"pageSize": "-1"}, {"pageSize": "many"}])
def test_a_page_that_cannot_be_is_400(client: Client, query: dict[str, str]) -> None:
    assert client.refused("GET", TOPICS, **query)[0] == 400


def test_a_filter_is_not_silently_ignored(client: Client) -> None:
    assert client.refused("GET", SECRETS, filter="labels.a=b")[0] == 501


def test_only_the_mask_counts_and_absent_means_clear(client: Client) -> None:
    client.ok("POST", DATASETS, {}, datasetId="d")
    topic = {"pubsubTopic": "projects/p-1/topics/t"}
    client.ok("POST", STORES, {"labels": {"a": "1"}, "notificationConfig": topic}, dicomStoreId="s")

    client.ok("PATCH", f"{STORES}/s", {"notificationConfig": {}}, updateMask="labels")

    assert client.ok("GET", f"{STORES}/s") == {
        "name": f"{LOCATION}/datasets/d/dicomStores/s",
        "notificationConfig": topic,
    }


def test_a_mask_may_go_inside(client: Client) -> None:
    client.ok("POST", DATASETS, {}, datasetId="d")
    client.ok("POST", STORES, {"notificationConfig": {"pubsubTopic": "projects/p-1/topics/t"}}, dicomStoreId="s")

    body = {"notificationConfig": {"pubsubTopic": "x", "sendForBulkImport": True}}
    client.ok("PATCH", f"{STORES}/s", body, updateMask="notification_config.send_for_bulk_import")

    changed = client.ok("GET", f"{STORES}/s")["notificationConfig"]
    assert changed == {"pubsubTopic": "projects/p-1/topics/t", "sendForBulkImport": True}


def test_an_unknown_mask_field_is_400(client: Client) -> None:
    client.ok("POST", DATASETS, {}, datasetId="d")

    code, message = client.refused("PATCH", f"{DATASETS}/d", {}, updateMask="timezone")

    assert (code, "'timezone'" in message) == (400, True)


def test_without_a_mask_what_is_sent_replaces_and_the_rest_stays(client: Client) -> None:
    client.ok("POST", JOBS, {**JOB, "labels": {"a": "1"}}, jobId="j")
    before = client.ok("GET", f"{JOBS}/j")

    client.ok("PATCH", f"{JOBS}/j", {"labels": {"b": "2"}})

    after = client.ok("GET", f"{JOBS}/j")
    assert after["labels"] == {"b": "2"}
    assert (after["template"], after["uid"], after["createTime"]) == (
        before["template"], before["uid"], before["createTime"],
    )  # fmt: skip
    assert (before["generation"], after["generation"]) == ("1", "2")


def test_zero_is_kept_where_it_is_not_the_default(client: Client) -> None:
    client.ok("POST", JOBS, JOB, jobId="j")

    assert client.ok("GET", f"{JOBS}/j")["template"]["template"]["maxRetries"] == 0


def test_output_only_fields_of_the_caller_are_ignored(client: Client) -> None:
    client.ok("POST", JOBS, {**JOB, "uid": "mine", "generation": "7"}, jobId="j")

    job = client.ok("GET", f"{JOBS}/j")

    assert job["uid"] != "mine"
    assert job["generation"] == "1"


def test_an_outdated_etag_is_409(client: Client) -> None:
    client.ok("POST", JOBS, JOB, jobId="j")
    etag = client.ok("GET", f"{JOBS}/j")["etag"]
    client.ok("PATCH", f"{JOBS}/j", {"labels": {}, "etag": etag})

    response = client.ask("PATCH", f"{JOBS}/j", {"labels": {}, "etag": etag})

    assert (response.status, response.body["error"]["status"]) == (409, "ABORTED")


def test_validate_only_stores_nothing(client: Client) -> None:
    client.ok("POST", JOBS, JOB, jobId="j", validateOnly="true")

    assert client.refused("GET", f"{JOBS}/j")[0] == 404


def test_what_is_below_goes_with_it_policies_too(client: Client) -> None:
    client.ok("POST", DATASETS, {}, datasetId="d")
    client.ok("POST", STORES, {}, dicomStoreId="s")
    client.grant("roles/healthcare.dicomViewer", "user:ann@example.org", f"{STORES}/s")

    client.ok("DELETE", f"{DATASETS}/d")
    client.ok("POST", DATASETS, {}, datasetId="d")

    assert client.refused("GET", f"{STORES}/s")[0] == 404
    client.ok("POST", STORES, {}, dicomStoreId="s")
    assert "bindings" not in client.ok("GET", f"{STORES}/s:getIamPolicy")


def test_a_resource_read_before_does_not_change_under_the_reader(client: Client) -> None:
    client.ok("POST", JOBS, {**JOB, "labels": {"a": "1"}}, jobId="j")
    read = client.ok("GET", f"{JOBS}/j")

    client.ok("PATCH", f"{JOBS}/j", {"labels": {"a": "2"}})

    assert read["labels"] == {"a": "1"}
