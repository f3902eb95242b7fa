"""Cloud Build as far as a build by hand needs it: the source that was uploaded becomes an image in the local registry.

No step is run: what the image consists of is the source alone, as with everything in the local registry. A build is
done at once, and kept, so that it can be found by its tag.
"""

from __future__ import annotations

import re
import tarfile
import tempfile
import uuid
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import timestamp
from localcloud.objects import Objects
from localcloud.registry import Registry

HOST = "cloudbuild.googleapis.com"
METHODS = "cloudbuild.v1:projects.locations.builds"
TAGGED = re.compile(r'tags="([^"]+)"')


class Builds:
    """Answers builds.create, list and get of one cloud."""

    def __init__(self, cloud: Cloud, registry: Registry, objects: Objects) -> None:
        self._cloud, self._registry, self._objects = cloud, registry, objects
        for leaf, answer in (("create", self._create), ("list", self._list), ("get", self._get)):
            cloud.methods[f"{METHODS}.{leaf}"] = answer

    def _create(self, call: Call) -> dict[str, Any]:
        identifier, now = str(uuid.uuid4()), timestamp(self._cloud.clock())
        source = (call.body.get("source") or {}).get("storageSource")
        images = call.body.get("images") or []
        pushed = [{"name": name, "digest": self._image(source)} for name in images if source]
        build: dict[str, Any] = {
            **call.body,
            "id": identifier,
            "name": f"{call.name}/builds/{identifier}",
            "projectId": self._cloud.project,
            "status": "SUCCESS",
            "createTime": now,
            "finishTime": now,
            "results": {"images": pushed},
        }
        self._cloud.resources.put(HOST, f"{call.name}/builds/{identifier}", build)
        operation = self._cloud.operations.new(HOST, call.name, {"build": build})
        return self._cloud.operations.finish(HOST, operation, build)

    def _image(self, source: dict[str, Any]) -> str:
        item = self._objects.store.get(source["bucket"], source["object"])
        if item is None:
            raise ApiError(404, f"gs://{source['bucket']}/{source['object']} was not found.")
        with tempfile.TemporaryDirectory() as folder, self._objects.store.open(item) as content:
            with tarfile.open(fileobj=content) as tar:
                tar.extractall(folder, filter="data")
            return self._registry.seed(Path(folder))

    def _list(self, call: Call) -> dict[str, Any]:
        """Newest first; of filters only that of one tag is understood."""
        wanted = TAGGED.fullmatch(call.query.get("filter", ""))
        if "filter" in call.query and wanted is None:
            raise ApiError(501, f"builds.list: filter {call.query['filter']!r}: only one tag is understood here.")
        builds = self._cloud.resources.children(HOST, call.name, "builds")
        tagged = [build for build in builds if wanted is None or wanted[1] in build.get("tags", [])]
        return {"builds": sorted(tagged, key=lambda build: build["createTime"], reverse=True)} if tagged else {}

    def _get(self, call: Call) -> dict[str, Any]:
        build = self._cloud.resources.get(HOST, call.name)
        if build is None:
            raise ApiError(404, f"Resource not found: {call.name}")
        return build
