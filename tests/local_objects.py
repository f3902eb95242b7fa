"""What lies in a local cloud's buckets, and messages for its topics, for tests that hold only its `Cloud`."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import requests

from localcloud.cloud import Cloud
from localcloud.objects.store import ObjectStore


def object_names(cloud: Cloud, bucket: str, prefix: str = "") -> list[str]:
    """Names of live objects, sorted."""
    with contextlib.closing(ObjectStore(cloud.data / "objects", cloud.clock)) as store:
        return [stored.name for stored in store.walk(bucket, prefix) if stored.name.startswith(prefix)]


def object_path(cloud: Cloud, bucket: str, name: str) -> Path | None:
    """The file with the object's content, or None."""
    with contextlib.closing(ObjectStore(cloud.data / "objects", cloud.clock)) as store:
        stored = store.get(bucket, name)
        return store.path(stored) if stored else None


def publish(cloud: Cloud, topic: str, data: bytes) -> None:
    """Publish one message as the owner, over HTTP."""
    url = f"{cloud.endpoint('pubsub.googleapis.com')}v1/{topic}:publish"
    headers = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}"}
    body = {"messages": [{"data": base64.b64encode(data).decode()}]}
    requests.post(url, json=body, headers=headers, timeout=30).raise_for_status()
