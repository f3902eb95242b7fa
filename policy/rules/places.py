"""Where things are: one region for everything that holds or carries what belongs to an image.

Builds hold source, but Google lets new projects build in some regions only: they may be elsewhere under the same law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.resource_view import Seen
from policy.rule import Finding, stack_rule
from policy.stack import Stack

PLACES: Mapping[str, str] = {
    "gcp:artifactregistry/repository:Repository": "location",
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
BUILDS = (
    "gcp:cloudbuild/trigger:Trigger",
    "gcp:cloudbuildv2/connection:Connection",
    "gcp:cloudbuildv2/repository:Repository",
)
OF_ONE_LAW = ("us-", "europe-", "australia-", "northamerica-northeast")
OF_A_LAW_OF_THEIR_OWN = ("europe-west2", "europe-west6")
"""London and Zurich."""


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


@stack_rule("builds-in-one-region", "9", BUILDS, holds=("location",))
def builds_in_one_region(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Builds are where their repository is; with images of patients, which a delivery's smoke tests read, under the
    dataset's law."""
    region = seen.get("location")
    if region is None or region == "global":
        yield Finding("does not say in which region it builds", "Set location, by buildRegion.")
        return
    connections = [str(connection.get("location")) for connection in stack.of("gcp:cloudbuildv2/connection:Connection")]
    if connections and region not in connections:
        yield Finding(f"is in {region} and its connection to GitHub in {connections[0]}", "Set location.")
    if stack.data_class == "phi" and stack.region is not None and law_of(region) != law_of(stack.region):
        yield Finding(
            f"builds in {region}, under another law than the dataset in {stack.region}",
            f"Set buildRegion to {stack.region}, or to a region of the same law.",
        )


def law_of(region: str) -> str:
    """The same for regions between which data crosses no border of law."""
    if region in OF_A_LAW_OF_THEIR_OWN:
        return region
    return next((area for area in OF_ONE_LAW if region.startswith(area)), region)


RULES = (one_region, builds_in_one_region)
