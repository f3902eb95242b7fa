"""Long-running operations, by the interface of services and over the API."""

from __future__ import annotations

import pytest

from localcloud.control.operations import Operations
from localcloud.control.resources import Resources
from localcloud.errors import ApiError
from tests.localcloud.control.client import LOCATION, Client

HOST = "healthcare.googleapis.com"
STORE = f"{LOCATION}/datasets/d"


def test_an_operation_runs_reports_and_ends(client: Client) -> None:
    name = client.cloud.operations.new(HOST, STORE, {"counter": {"success": "0"}})
    url = f"healthcare/v1/{name}"

    running = client.ok("GET", url)
    client.cloud.operations.update(HOST, name, {"counter": {"success": "3"}})
    progress = client.ok("GET", url)
    client.clock.now += 60
    client.cloud.operations.finish(HOST, name, {"ok": True})
    finished = client.ok("GET", url)

    assert name.startswith(f"{STORE}/operations/")
    assert "done" not in running
    assert progress["metadata"] == {"createTime": "2027-01-15T08:00:00.000000Z", "counter": {"success": "3"}}
    assert finished["done"] is True
    assert finished["response"] == {"ok": True}
    assert finished["metadata"]["endTime"] == "2027-01-15T08:01:00.000000Z"


def test_a_failed_operation_carries_the_error(client: Client) -> None:
    name = client.cloud.operations.new(HOST, STORE)

    client.cloud.operations.fail(HOST, name, 403, "the agent may not read gs://b")

    failed = client.ok("GET", f"healthcare/v1/{name}")
    assert failed["error"] == {"code": 7, "message": "the agent may not read gs://b", "status": "PERMISSION_DENIED"}
    assert "response" not in failed


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_operation_is_read_under_every_version(client: Client, version: str) -> None:
    operation = client.ok("POST", "serviceusage/v1/projects/p-1/services/run.googleapis.com:enable", {})

    assert operation["name"].startswith("operations/")
    assert client.ok("GET", f"serviceusage/{version}/{operation['name']}")["done"] is True


def test_operations_of_a_resource_are_listed(client: Client) -> None:
    mine = client.cloud.operations.new(HOST, STORE)
    client.cloud.operations.new(HOST, STORE + "2")

    assert [o["name"] for o in client.ok("GET", f"healthcare/v1/{STORE}/operations")["operations"]] == [mine]


def test_an_unknown_operation_is_404(client: Client) -> None:
    assert client.refused("GET", f"healthcare/v1/{STORE}/operations/123")[0] == 404


def test_reading_an_operation_needs_its_permission_on_the_dataset(client: Client) -> None:
    client.ok("POST", f"healthcare/v1/{LOCATION}/datasets", {}, datasetId="d")
    name = client.cloud.operations.new(HOST, STORE)
    client.grant("roles/healthcare.datasetViewer", "user:ann@example.org", f"healthcare/v1/{STORE}")
    client.grant("roles/pubsub.viewer", "user:bob@example.org")

    may = client.ask("GET", f"healthcare/v1/{name}", authorization=client.bearer("ann@example.org"))
    may_not = client.ask("GET", f"healthcare/v1/{name}", authorization=client.bearer("bob@example.org"))

    assert (may.status, may_not.status) == (200, 403)
    assert "healthcare.operations.get" in may_not.body["error"]["message"]


def test_finishing_what_never_started_is_an_error() -> None:
    with pytest.raises(ApiError, match="nothing"):
        Operations(lambda: 0.0, Resources()).finish(HOST, "operations/nothing", {})
