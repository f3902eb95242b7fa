"""The types whose deletion or replacement loses something for good, and the layers that protect each of them.

Owns: that list; the protection rule and the plan gate both read it. Every type has the engine's `protect`, and the
provider's own refusal where it has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.resource_view import Seen

PREVENTED: Mapping[str, Any] = {"deletionPolicy": "PREVENT"}

STATEFUL: Mapping[str, Mapping[str, Any]] = {
    "gcp:healthcare/dataset:Dataset": PREVENTED,
    "gcp:healthcare/dicomStore:DicomStore": PREVENTED,
    "gcp:healthcare/fhirStore:FhirStore": PREVENTED,
    "gcp:healthcare/hl7Store:Hl7Store": PREVENTED,
    "gcp:healthcare/consentStore:ConsentStore": PREVENTED,
    "gcp:kms/cryptoKey:CryptoKey": PREVENTED,
    "gcp:kms/keyRing:KeyRing": {},
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": PREVENTED,
    "gcp:secretmanager/secret:Secret": {**PREVENTED, "deletionProtection": True},
    "gcp:storage/bucket:Bucket": {**PREVENTED, "forceDestroy": False},
}
"""Type → the provider's properties that refuse to delete it. A key ring cannot be deleted at Google at all."""


BUCKET = "gcp:storage/bucket:Bucket"


def is_scratch(seen: Seen) -> bool:
    """Whether it is the bucket in which nothing is to be kept: pixels on their way from one store to another."""
    named = seen.type == BUCKET and str(seen.get("name")).endswith("-imaging-staged")
    return named and seen.get("labels.purpose") == "scratch"


def layers(seen: Seen) -> Iterator[tuple[bool, str, str]]:
    """The layers that guard a stateful resource: whether one is on, its name, and what to set. None guards scratch."""
    if is_scratch(seen):
        return
    yield seen.protect, "protect", "Set protect=True in its options."
    for name, wanted in STATEFUL[seen.type].items():
        value = seen.get(name)
        on = value == wanted or (name == "forceDestroy" and value is None)
        yield on, name, f"Set {name} to {wanted!r}."
