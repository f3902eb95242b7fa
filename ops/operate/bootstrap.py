"""What must exist before the first `pulumi up`, as Pulumi itself lives on it: a bucket for state, a key for secrets.

Owns: these two, made once and left as they are; running it again makes only what is missing and tightens what is loose.
Deliberately not: anything the program declares. The key is in no stack, so no stack can destroy it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.settings import Settings
from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused

RING, KEY = "pulumi", "state"
ROTATION = "7776000s"
"""90 days."""
WAIT_BEFORE_DESTROYING = "2592000s"
"""30 days, in which a destroyed version can be restored."""
OLD_VERSIONS = 100
TIGHT: Json = {
    "versioning": {"enabled": True},
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
}


def bucket_of(settings: Settings) -> str:
    """Name of the state's bucket, also before the settings name it."""
    return settings.state_bucket or f"{settings.project}-pulumi-state"


@dataclass(frozen=True)
class Bootstrap:
    """`cmek`: the bucket is encrypted with the key too. `run` yields a line for each thing done or found."""

    google: GoogleApi
    settings: Settings
    stack: str
    bucket: str
    cmek: bool
    now: datetime

    @property
    def ring(self) -> str:
        return f"projects/{self.settings.project}/locations/{self.settings.location}/keyRings/{RING}"

    @property
    def key(self) -> str:
        return f"{self.ring}/cryptoKeys/{KEY}"

    def run(self) -> Iterator[str]:
        """Makes both, then says what to type. Raises `OpsRefused`."""
        yield from self.make()
        setting = f"pulumi config set -s {self.stack} dicom-platform"
        yield ""
        yield "Now:"
        yield f"  pulumi login gs://{self.bucket}"
        yield f"  pulumi stack init {self.stack} --secrets-provider gcpkms://{self.key}"
        yield f"  {setting}:stateBucket {self.bucket}"
        yield f"  {setting}:stateKey {self.key}"

    def make(self) -> Iterator[str]:
        """Raises `OpsRefused`; what was made before stays, and the next run goes on from there."""
        yield self._make(self.ring, f"v1/{self.ring.rpartition('/keyRings/')[0]}/keyRings", {}, keyRingId=RING)
        body = {
            "purpose": "ENCRYPT_DECRYPT",
            "rotationPeriod": ROTATION,
            "nextRotationTime": f"{self.now + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}",
            "destroyScheduledDuration": WAIT_BEFORE_DESTROYING,
        }
        yield self._make(self.key, f"v1/{self.ring}/cryptoKeys", body, cryptoKeyId=KEY)
        if self.cmek:
            yield self._usable_by_storage()
        yield from self._bucket()

    def _make(self, name: str, parent: str, body: Json, **query: str) -> str:
        try:
            self.google.call("POST", "cloudkms", parent, body, **query)
        except OpsRefused as refused:
            if refused.status != 409:
                raise
            return f"{name} was there"
        return f"{name} made"

    def _usable_by_storage(self) -> str:
        """Google encrypts a bucket with a key only where its storage agent may use the key."""
        agent = self.google.call("GET", "storage", f"storage/v1/projects/{self.settings.project}/serviceAccount")
        member, role = f"serviceAccount:{agent['email_address']}", "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        # Version 3, or grants under a condition would be written back without it.
        version = {"options.requestedPolicyVersion": 3}
        policy: dict[str, Any] = self.google.call("GET", "cloudkms", f"v1/{self.key}:getIamPolicy", **version)
        bindings: list[Json] = policy.setdefault("bindings", [])
        if any(_grants(binding, role, member) for binding in bindings):
            return f"{member} may use the key"
        bindings.append({"role": role, "members": [member]})
        body = {"policy": {**policy, "version": 3}}
        self.google.call("POST", "cloudkms", f"v1/{self.key}:setIamPolicy", body)
        return f"{member} may use the key now"

    def _bucket(self) -> Iterator[str]:
        encryption = {"encryption": {"defaultKmsKeyName": self.key}} if self.cmek else {}
        old = {"action": {"type": "Delete"}, "condition": {"numNewerVersions": OLD_VERSIONS, "isLive": False}}
        body = {
            "name": self.bucket,
            "location": self.settings.location,
            **TIGHT,
            "lifecycle": {"rule": [old]},
            **encryption,
        }
        try:
            self.google.call("POST", "storage", "storage/v1/b", body, project=self.settings.project)
        except OpsRefused as refused:
            if refused.status != 409:
                raise
        else:
            yield f"gs://{self.bucket} made"
            return
        bucket = self._ours()
        loose = {**TIGHT, **encryption} if self._is_loose(bucket, encryption) else None
        if loose:
            self.google.call("PATCH", "storage", f"storage/v1/b/{self.bucket}", loose)
            yield f"gs://{self.bucket} was there, and is tight now"
        else:
            yield f"gs://{self.bucket} was there"

    def _ours(self) -> Json:
        """The bucket that is there already. Raises `OpsRefused` when it is somebody else's or elsewhere."""
        try:
            bucket = self.google.call("GET", "storage", f"storage/v1/b/{self.bucket}")
        except OpsRefused as refused:
            if refused.status == 403:
                words = (
                    f"the name gs://{self.bucket} is taken by somebody else; choose another: --bucket, or stateBucket "
                    "in the settings"
                )
                raise OpsRefused(words, 403) from None
            raise
        if str(bucket.get("location", "")).lower() != self.settings.location:
            raise OpsRefused(
                f"gs://{self.bucket} is in {bucket.get('location')}, the stack in {self.settings.location}, and no "
                "bucket can move; choose another: --bucket, or stateBucket in the settings"
            )
        return bucket

    def _is_loose(self, bucket: Json, encryption: Json) -> bool:
        access = bucket.get("iamConfiguration", {})
        return not (
            bucket.get("versioning", {}).get("enabled")
            and access.get("publicAccessPrevention") == "enforced"
            and access.get("uniformBucketLevelAccess", {}).get("enabled")
            and (not encryption or bucket.get("encryption", {}).get("defaultKmsKeyName") == self.key)
        )


def _grants(binding: Json, role: str, member: str) -> bool:
    """Always, and not only under a condition."""
    return binding["role"] == role and member in binding.get("members", []) and not binding.get("condition")
