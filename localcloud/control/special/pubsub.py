"""Pub/Sub: what Google adds, and PATCH with its wrapped body. Messages are the Pub/Sub service's."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import canon
from localcloud.control.call import Call
from localcloud.control.fields import merge
from localcloud.control.generic import Generic
from localcloud.control.schema import camel_case
from localcloud.control.special.registry import Resource, extra, method
from localcloud.errors import ApiError

TOPICS = "pubsub.v1:projects.topics"
SUBSCRIPTIONS = "pubsub.v1:projects.subscriptions"


@extra(f"{TOPICS}.create")
def topic(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource["state"] = "ACTIVE"


@extra(f"{SUBSCRIPTIONS}.create")
def subscription(cloud: Cloud, call: Call, resource: Resource) -> None:
    topics = [resource.get("topic", ""), resource.get("deadLetterPolicy", {}).get("deadLetterTopic")]
    for name in topics:
        if name is not None and cloud.resources.get(call.request.host, name) is None:
            raise ApiError(404, f"Resource not found (resource={name.rpartition('/')[2]}).")
    resource["state"] = "ACTIVE"
    resource.setdefault("pushConfig", {})
    resource.setdefault("ackDeadlineSeconds", 10)
    resource.setdefault("messageRetentionDuration", "604800s")
    resource.setdefault("expirationPolicy", {"ttl": "2678400s"})


@method(f"{TOPICS}.patch", f"{SUBSCRIPTIONS}.patch")
def patch(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """The resource is wrapped in the body; the mask is in the query (the provider) or in the body (the documents)."""
    current = generic.existing(call)
    key, kind = ("topic", "Topic") if ".topics." in call.method_id else ("subscription", "Subscription")
    mask = call.query.get("updateMask") or call.body.get("updateMask")
    if not mask:
        raise ApiError(400, f"The update_mask of {call.name} must be set and not empty.")
    sent = canon.canonical(generic.document(call), kind, call.body.get(key) or {})
    changed = merge(current, sent, [camel_case(field) for field in mask.split(",")])
    cloud.resources.put(call.request.host, call.name, changed)
    return changed
