"""Where things are: one region for everything that holds or carries what belongs to an image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.resource_view import Seen
from policy.rule import Finding, stack_rule
from policy.stack import Stack

PLACES: Mapping[str, str] = {
    "gcp:artifactregistry/repository:Repository": "location",
    "gcp:cloudbuild/trigger:Trigger": "location",
    "gcp:cloudbuildv2/connection:Connection": "location",
    "gcp:cloudbuildv2/repository:Repository": "location",
    "gcp:cloudrunv2/job:Job": "location",
    "gcp:cloudrunv2/service:Service": "location",
    "gcp:cloudscheduler/job:Job": "region",
    "gcp:eventarc/trigger:Trigger": "location",
    "gcp:healthcare/dataset:Dataset": "location",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "location",
    "gcp:pubsub/topic:Topic": "messageStoragePolicy.allowedPersistenceRegions[]",
    "gcp:secretmanager/secret:Secret": "replication.userManaged.replicas[].location",
    "gcp:storage/bucket:Bucket": "location",
    "gcp:workflows/workflow:Workflow": "region",
}
"""Type → path of its region, or of the regions it spreads over."""


@stack_rule("one-region", "9", tuple(PLACES), holds=tuple(dict.fromkeys(PLACES.values())))
def one_region(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Everything that holds or carries data is in the dataset's region, and says so itself."""
    path = PLACES[seen.type]
    regions = seen.each(path) or [None]
    wanted = stack.region
    for region in regions:
        if region is None:
            yield Finding("does not say in which region it keeps its data", f"Set {path} to {wanted}.")
        elif wanted is not None and str(region).lower() != wanted:
            yield Finding(
                f"is in {region} and the dataset in {wanted}, so data leaves its region", f"Set {path} to {wanted}."
            )


RULES = (one_region,)
