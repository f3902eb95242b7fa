"""BigQuery datasets: named by a reference in the body, replaced by PUT."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import canon, names
from localcloud.control.call import Call
from localcloud.control.fields import new_etag
from localcloud.control.generic import Generic
from localcloud.control.special.registry import method
from localcloud.errors import ApiError

DATASETS = "bigquery.v2:datasets"


@method(f"{DATASETS}.insert")
def insert(cloud: Cloud, generic: Generic, call: Call) -> Any:
    body = canon.canonical(generic.document(call), "Dataset", call.body)
    identifier = names.valid_id(str(body.get("datasetReference", {}).get("datasetId", "")), "dataset id")
    name = f"{call.name}/datasets/{identifier}"
    if cloud.resources.get(call.request.host, name):
        raise ApiError(409, f"Already Exists: Dataset {cloud.project}:{identifier}")
    millis = str(int(cloud.clock() * 1000))
    return generic.store(
        call,
        name,
        {
            "access": [{"role": "OWNER", "userByEmail": call.principal.email}, *_PROJECT_ACCESS],
            "maxTimeTravelHours": "168",
            **body,
            "kind": "bigquery#dataset",
            "id": f"{cloud.project}:{identifier}",
            "datasetReference": {"projectId": cloud.project, "datasetId": identifier},
            "selfLink": f"https://bigquery.googleapis.com/bigquery/v2/{name}",
            "creationTime": millis,
            "lastModifiedTime": millis,
            "type": "DEFAULT",
            "etag": new_etag(),
        },
    )


_PROJECT_ACCESS = [
    {"role": "OWNER", "specialGroup": "projectOwners"},
    {"role": "WRITER", "specialGroup": "projectWriters"},
    {"role": "READER", "specialGroup": "projectReaders"},
]
_KEPT = ("kind", "id", "selfLink", "creationTime", "type", "access", "maxTimeTravelHours")


@method(f"{DATASETS}.update")
def update(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """PUT: what is not sent is gone, but for what Google fills in."""
    current = generic.existing(call)
    body = canon.canonical(generic.document(call), "Dataset", call.body)
    changed = {
        **{field: current[field] for field in _KEPT},
        **body,
        "datasetReference": current["datasetReference"],
        "lastModifiedTime": str(int(cloud.clock() * 1000)),
        "etag": new_etag(),
    }
    cloud.resources.put(call.request.host, call.name, changed)
    return changed


@method(f"{DATASETS}.delete")
def delete(cloud: Cloud, generic: Generic, call: Call) -> Any:
    generic.existing(call)
    if call.query.get("deleteContents") != "true" and cloud.resources.below(call.request.host, call.name):
        raise ApiError(400, f"Dataset {call.name} is still in use: it has tables and deleteContents is not true.")
    generic.remove(call.request.host, call.name)
    return {}
