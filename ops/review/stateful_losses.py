"""What is lost for good when a resource is deleted or replaced, and the guards that a resource has against it.

Owns: the words, for the types that the rules protect (`policy.stateful`) and for those that the gate alone stops at.
Deliberately not: how a resource must be protected (the rules), and what may be let through (the exceptions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOST: Mapping[str, str] = {
    "gcp:artifactregistry/repository:Repository": "the images in it, the deployed ones too",
    "gcp:firebase/hostingSite:HostingSite": "its releases, and its name, which Google does not give out again",
    "gcp:firebase/project:Project": "the Firebase project, which cannot be added again as it was",
    "gcp:healthcare/consentStore:ConsentStore": "every consent in it",
    "gcp:healthcare/dataset:Dataset": "every image of every store in it, at once and for good",
    "gcp:healthcare/dicomStore:DicomStore": "every image in it, at once and for good",
    "gcp:healthcare/fhirStore:FhirStore": "every record in it",
    "gcp:healthcare/hl7Store:Hl7Store": "every message in it",
    "gcp:kms/cryptoKey:CryptoKey": "everything that was encrypted with it",
    "gcp:kms/keyRing:KeyRing": "the keys in it, and with them everything that they encrypted",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "the audit logs in it",
    "gcp:pubsub/subscription:Subscription": "the messages in it that nobody has taken yet",
    "gcp:secretmanager/secret:Secret": "the values of all its versions",
    "gcp:storage/bucket:Bucket": "the objects in it",
}
"""Stateful type → what goes with it."""


def guards(type_: str, inputs: Mapping[str, Any], protect: bool) -> set[str]:
    """The guards against deletion that a resource has, each in the words of its setting."""
    found = {"protect"} if protect else set[str]()
    if inputs.get("deletionPolicy") == "PREVENT":
        found.add("deletionPolicy PREVENT")
    if inputs.get("deletionProtection") is True:
        found.add("deletionProtection")
    if inputs.get("locked") is True:
        found.add("locked retention")
    if type_ == "gcp:storage/bucket:Bucket" and not inputs.get("forceDestroy"):
        found.add("forceDestroy off")
    return found
