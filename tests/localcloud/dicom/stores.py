"""What a store does beside DICOMweb: its settings, its operations, the API's methods on it."""

from __future__ import annotations

import time
from typing import Any

from engine.api_request import ApiRequest
from localcloud.control.call import Call
from localcloud.control.special.agents import ensure_agent
from localcloud.iam.principal import Principal
from tests.localcloud.dicom.support import HOST, STORE, Served

TOPIC = "projects/dicom-local/topics/stored"


def done(served: Served, name: str) -> dict[str, Any]:
    """The operation when it is done."""
    deadline = time.monotonic() + 10
    while not (operation := served.cloud.operations.get(HOST, name)).get("done"):
        assert time.monotonic() < deadline, operation
        time.sleep(0.01)
    return operation


def allow_publishing(served: Served) -> None:
    agent = ensure_agent(served.cloud, "healthcare")
    binding = {"role": "roles/pubsub.publisher", "members": [f"serviceAccount:{agent}"]}
    served.cloud.iam.set_policy(f"//pubsub.googleapis.com/{TOPIC}", {"bindings": [binding]})


def configure(served: Served, **fields: Any) -> None:
    served.cloud.resources.put(HOST, STORE, {"name": STORE, **fields})


def method(served: Served, verb: str, name: str, body: dict[str, Any] | None = None, key: str = "name") -> Any:
    """A method of the API on a store, as the control plane calls it."""
    owner = Principal(served.cloud.iam.owner, "serviceAccount")
    request = ApiRequest(host=HOST, method="POST", path=f"/v1/{name}", body=body)
    found = f"healthcare.v1:projects.locations.datasets.dicomStores.{verb}"
    return served.cloud.methods[found](
        Call(method_id=found, request=request, params={key: name}, principal=owner, name=name)
    )
