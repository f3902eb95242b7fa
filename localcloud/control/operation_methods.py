"""Reading operations over the API: get, list, cancel, under every version of every API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError


def get(cloud: Cloud, call: Call) -> dict[str, Any]:
    return cloud.operations.get(call.request.host, call.name)


def list_all(cloud: Cloud, call: Call) -> dict[str, Any]:
    operations = cloud.operations.all(call.request.host, call.name)
    return {"operations": operations} if operations else {}


def cancel(cloud: Cloud, call: Call) -> dict[str, Any]:
    """A finished operation stays as it is; a running one of ours ends by itself."""
    if not cloud.operations.get(call.request.host, call.name).get("done"):
        raise ApiError(501, f"{call.name} is running; the local cloud cannot cancel it.")
    return {}


ANSWERS: dict[str, Callable[[Cloud, Call], Any]] = {"get": get, "list": list_all, "cancel": cancel}
