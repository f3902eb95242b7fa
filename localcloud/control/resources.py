"""What exists: every resource of every API, by API host and name. Knows nothing of schemas, permissions or operations.

Stored resources are never changed in place: read, copy, `put`. So a reader may keep what it got without a lock.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

Resource = dict[str, Any]


class Resources:
    """Thread-safe store of JSON resources by (host, name): `("pubsub.googleapis.com", "projects/P/topics/T")`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._hosts: dict[str, dict[str, Resource]] = {}
        self.revision = 0
        """Grows with every change: what was derived from resources holds as long as it stands still."""
        self._kept: Path | None = None
        self._flushed = 0

    def get(self, host: str, name: str) -> Resource | None:
        return self._hosts.get(host, {}).get(name)

    def put(self, host: str, name: str, resource: Resource) -> None:
        with self._lock:
            self._hosts.setdefault(host, {})[name] = resource
            self.revision += 1

    def delete(self, host: str, name: str) -> bool:
        """Take the resource and everything below it away; False if it was not there."""
        with self._lock:
            resources = self._hosts.get(host, {})
            exists = name in resources
            for gone in self.below(host, name):
                del resources[gone]
            resources.pop(name, None)
            self.revision += 1
            return exists

    def below(self, host: str, name: str) -> list[str]:
        """Names of all resources under `name`, deepest last."""
        with self._lock:
            return sorted(key for key in self._hosts.get(host, {}) if key.startswith(name + "/"))

    def children(self, host: str, prefix: str, collection: str) -> list[Resource]:
        """The resources `<prefix>/<collection>/<id>`, by name. A `-` segment in the prefix stands for any value."""
        wanted = [*prefix.split("/"), collection] if prefix else [collection]
        with self._lock:
            names = sorted(self._hosts.get(host, {}))
            return [self._hosts[host][name] for name in names if _is_child(name.split("/"), wanted)]

    def all(self, host: str) -> dict[str, Resource]:
        with self._lock:
            return dict(self._hosts.get(host, {}))

    def hosts(self) -> list[str]:
        with self._lock:
            return list(self._hosts)

    def save(self, path: Path) -> None:
        """Write a JSON snapshot; a reader sees the old file or the new one, never a part."""
        with self._lock:
            text = json.dumps(self._hosts, sort_keys=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            draft.write_text(text)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def keep(self, path: Path) -> None:
        """Let `flush` write snapshots to `path`."""
        self._kept = path

    def flush(self) -> None:
        """Write what changed since the last time, if it is kept: what a client was told outlives a crash."""
        if self._kept and self._flushed != self.revision:
            revision = self.revision
            self.save(self._kept)
            self._flushed = revision

    def load(self, path: Path) -> None:
        """Replace everything by the snapshot at `path`; without one nothing changes."""
        if not path.exists():
            return
        hosts = json.loads(path.read_text())
        with self._lock:
            self._hosts = hosts
            self.revision += 1


def _is_child(name: list[str], wanted: list[str]) -> bool:
    return len(name) == len(wanted) + 1 and all(w in (n, "-") for n, w in zip(name, wanted, strict=False))
