"""Which APIs are enabled, and from when they answer."""

from __future__ import annotations

from typing import Any

from localcloud.awkward import API_SECONDS
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.fields import page
from localcloud.control.generic import Generic
from localcloud.control.special.organization import require_payment
from localcloud.control.special.registry import Resource, method
from localcloud.errors import ApiError

HOST = "serviceusage.googleapis.com"
SERVICES = "serviceusage.v1:services"
ALWAYS_ON = (
    HOST,
    "cloudresourcemanager.googleapis.com",
    "cloudbilling.googleapis.com",
    "compute.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "storage.googleapis.com",
)
"""On in every new project, or needed before anything can be enabled (Compute: one look-up whose refusal is ignored)."""


def _name(cloud: Cloud, api: str) -> str:
    return f"projects/{cloud.project}/services/{api}"


def is_enabled(cloud: Cloud, api: str) -> bool:
    return cloud.resources.get(HOST, _name(cloud, api)) is not None


def _service(cloud: Cloud, api: str) -> Resource:
    state = "ENABLED" if is_enabled(cloud, api) else "DISABLED"
    parent = f"projects/{cloud.number}"
    return {"name": f"{parent}/services/{api}", "parent": parent, "state": state, "config": {"name": api}}


def _set(cloud: Cloud, api: str) -> None:
    if not is_enabled(cloud, api):
        require_payment(cloud, api)
        cloud.resources.put(HOST, _name(cloud, api), {"name": api, "since": cloud.clock()})


def require_enabled(cloud: Cloud, host: str) -> None:
    """403 in Google's words for an API that nobody enabled in a new project."""
    if not cloud.new_project or host in ALWAYS_ON:
        return
    enabled = cloud.resources.get(HOST, _name(cloud, host))
    if enabled and not cloud.is_within("apis", float(enabled.get("since", 0)), API_SECONDS):
        return
    url = f"https://console.developers.google.com/apis/api/{host}/overview?project={cloud.number}"
    raise ApiError(
        403,
        f"{host} has not been used in project {cloud.number} before or it is disabled. Enable it by visiting {url} "
        "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems "
        "and retry.",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"service": host, "consumer": f"projects/{cloud.number}"},
            }
        ],
    )


@method(f"{SERVICES}.batchEnable")
def batch_enable(cloud: Cloud, generic: Generic, call: Call) -> Any:
    apis: list[str] = call.body.get("serviceIds") or []
    if not 0 < len(apis) <= 20:
        raise ApiError(400, f"batchEnable takes 1 to 20 services, not {len(apis)}.")
    for api in apis:
        _set(cloud, api)
    return generic.finish(call, call.name, {"services": [_service(cloud, api) for api in apis]})


@method(f"{SERVICES}.enable")
def enable(cloud: Cloud, generic: Generic, call: Call) -> Any:
    api = call.name.rpartition("/")[2]
    _set(cloud, api)
    return generic.finish(call, call.name, {"service": _service(cloud, api)})


@method(f"{SERVICES}.disable")
def disable(cloud: Cloud, generic: Generic, call: Call) -> Any:
    cloud.resources.delete(HOST, call.name)
    return generic.finish(call, call.name, {"service": _service(cloud, call.name.rpartition("/")[2])})


@method(f"{SERVICES}.get")
def get(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return _service(cloud, call.name.rpartition("/")[2])


@method(f"{SERVICES}.list")
def list_enabled(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """The enabled ones; the local cloud has no catalogue of those that could be."""
    if call.query.get("filter", "state:ENABLED") != "state:ENABLED":
        raise ApiError(501, f"services.list: filter {call.query['filter']!r}: only state:ENABLED is understood here.")
    enabled = sorted(name.rpartition("/")[2] for name in cloud.resources.all(HOST))
    return page([_service(cloud, api) for api in enabled], "services", call.query)
