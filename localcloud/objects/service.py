"""What may be done with objects, by whom, in which bucket: the part of Cloud Storage that knows no HTTP.

Buckets themselves are the control plane's. Not here: lifecycle rules, soft delete, access lists of single objects
(buckets have uniform access), encryption.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from localcloud.awkward import WRITE_SECONDS
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import timestamp
from localcloud.objects.incoming import Incoming
from localcloud.objects.listing import list_objects
from localcloud.objects.resource import GENERATION, Preconditions, StoredObject
from localcloud.objects.store import ObjectStore
from localcloud.ports import AuditLog

HOST = "storage.googleapis.com"
REMEMBERED = 10_000


class ObjectService:
    """Answers `objects.list`; keeps buckets with objects from being deleted."""

    def __init__(self, cloud: Cloud, audit: AuditLog) -> None:
        self.cloud, self.audit = cloud, audit
        self.store = ObjectStore(cloud.data / "objects", cloud.clock)
        self._changed: dict[tuple[str, str], float] = {}
        """(bucket, name) -> when it was last changed, on the cloud's clock."""
        cloud.methods["storage.v1:objects.list"] = self.list_call
        cloud.checks.setdefault("storage.v1:buckets.delete", []).append(self.check_empty)

    @property
    def endpoint(self) -> str:
        return self.cloud.endpoint(HOST)

    def require(self, authorization: str | None, bucket: str, *permissions: str, name: str = "") -> None:
        """`ApiError` 401, 403 naming the permission, or 404 for a bucket that does not exist.

        With the object's `name`, grants on a condition on it count; a stored object's is always given.
        """
        principal = self.cloud.iam.authenticate(authorization)
        for permission in permissions:
            place = f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name else "")
            self.cloud.iam.require(principal, permission, f"//{HOST}/{place}")
        self.bucket(bucket)

    def bucket(self, name: str) -> dict[str, Any]:
        resource = self.cloud.resources.get(HOST, f"projects/_/buckets/{name}")
        if resource is None:
            raise ApiError(404, f"The specified bucket does not exist: {name}.")
        return resource

    def is_versioned(self, bucket: str) -> bool:
        return bool((self.bucket(bucket).get("versioning") or {}).get("enabled"))

    def find(self, authorization: str | None, bucket: str, name: str, generation: str | None = None) -> StoredObject:
        """The object, or `ApiError` 404; who may not list learns only 403, as on Google."""
        if generation is not None and not GENERATION.fullmatch(generation):
            raise ApiError(400, f"generation '{generation}' of {bucket}/{name} is not a number.")
        item = self.store.get(bucket, name, int(generation) if generation else None)
        if item is None:
            self.require(authorization, bucket, "storage.objects.list")
            raise ApiError(404, f"No such object: {bucket}/{name}")
        return item

    def put(
        self, authorization: str | None, bucket: str, name: str, content: Incoming, fields: dict[str, Any],
        when: Preconditions,
    ) -> StoredObject:  # fmt: skip
        """Store finished content; replacing an object needs the permission to delete it."""
        with self.changing(bucket, name):
            if current := self.store.get(bucket, name):
                self.require(authorization, bucket, "storage.objects.delete", name=name)
                self.check_retention(current, keep=self.is_versioned(bucket))
            return self.store.put(bucket, name, content, fields, when=when, keep=self.is_versioned(bucket))

    @contextlib.contextmanager
    def changing(self, bucket: str, name: str) -> Generator[None]:
        """A change of the name, refused as by `pace`; one that fails does not count as its last."""
        self.pace(bucket, name)
        yield
        if len(self._changed) > REMEMBERED:
            self._changed.clear()
        self._changed[bucket, name] = self.cloud.clock()

    def pace(self, bucket: str, name: str) -> None:
        """`ApiError` 429 for a change of a name within a second of its last, as Google limits them."""
        changed = self._changed.get((bucket, name), float("-inf"))
        # A clock that was set back must not make names wait for it.
        if changed <= self.cloud.clock() and self.cloud.is_within("object_writes", changed, WRITE_SECONDS):
            raise ApiError(
                429,
                f"The object {bucket}/{name} exceeded the rate limit for object mutation operations (create, update, "
                "and delete). Please reduce your request rate. See https://cloud.google.com/storage/docs/gcs429.",
            )

    def check_retention(self, item: StoredObject, *, keep: bool) -> None:
        """`ApiError` 403 while the bucket's retention policy holds the object, unless it stays as an old version."""
        period = float((self.bucket(item.bucket).get("retentionPolicy") or {}).get("retentionPeriod") or 0)
        until = item.created + period
        # Without a policy a clock that was set back must not look like one.
        if not keep and period and self.cloud.clock() < until:
            raise ApiError(
                403,
                f"Object '{item.bucket}/{item.name}' is subject to bucket's retention policy and cannot be "
                f"deleted or overwritten until {timestamp(until)}.",
            )

    def live(self, bucket: str, prefix: str) -> list[StoredObject]:
        return list(itertools.takewhile(lambda one: one.name.startswith(prefix), self.store.walk(bucket, prefix)))

    def object_path(self, bucket: str, name: str) -> Path | None:
        item = self.store.get(bucket, name)
        return self.store.path(item) if item else None

    def object_names(self, bucket: str, prefix: str) -> list[str]:
        return [stored.name for stored in self.live(bucket, prefix)]

    def put_object(self, bucket: str, name: str, chunks: Iterable[bytes], content_type: str) -> None:
        """For Google's own agents, whose permission the caller has checked."""
        content = Incoming(self.store.uploads)
        try:
            for chunk in chunks:
                content.write(chunk)
            content.close()
            keep = self.is_versioned(bucket)
            self.store.put(bucket, name, content, {"contentType": content_type}, when=Preconditions(), keep=keep)
        finally:
            content.discard()

    def list_call(self, call: Call) -> dict[str, Any]:
        self.bucket(call.params["bucket"])
        return list_objects(self.store, call.params["bucket"], call.query, self.endpoint)

    def check_empty(self, call: Call) -> None:
        bucket = call.params["bucket"]
        if next(self.store.walk(bucket, versions=True), None):
            raise ApiError(409, f"The bucket you tried to delete is not empty: {bucket}. Delete its objects first.")
