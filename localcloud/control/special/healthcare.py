"""Healthcare: a dataset has a time zone, whether one was sent or not."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.special.registry import Resource, extra


@extra("healthcare.v1:projects.locations.datasets.create")
def complete(cloud: Cloud, call: Call, dataset: Resource) -> None:
    dataset.setdefault("timeZone", "UTC")
