"""Versions: created with a config, told which files they have, filled by uploads, finalized, and from then on fixed."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from localcloud.control.call import Call, Handler
from localcloud.errors import ApiError
from localcloud.hosting import rules
from localcloud.hosting.library import HOST, Json, Library, page
from localcloud.inflation import InflatedTooMuch, InflationBudget

UPLOAD_HOST = "upload-firebasehosting.googleapis.com"
MAX_FILES = 1000
"""Files named in one populateFiles call."""


class Versions:
    """The methods `versions.*` and the upload route."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.methods: dict[str, Handler] = {
            "versions.create": self.create,
            "versions.get": lambda call: library.require(library.full(call.params["name"])),
            "versions.list": lambda call: page(call, "versions", library.children(library.site(call), "versions")),
            "versions.patch": self.patch,
            "versions.delete": self.delete,
            "versions.populateFiles": self.populate,
            "versions.files.list": self.list_files,
        }

    def routes(self, app: web.Application) -> None:
        app.router.add_post(f"/{UPLOAD_HOST}/upload/sites/{{site}}/versions/{{version}}/files/{{hash}}", self.upload)

    def create(self, call: Call) -> Json:
        site = self.library.site(call)
        config = call.body.get("config", {})
        if wrong := rules.find_malformed(config):
            raise ApiError(400, f"Invalid config: {'; '.join(wrong)}.")
        if foreign := rules.find_unsupported(config):
            raise ApiError(501, f"The local cloud redirects, rewrites and sets headers; it lacks {', '.join(foreign)}.")
        name = f"{site}/versions/{secrets.token_hex(8)}"
        version = {
            "name": self.library.public(name),
            "status": "CREATED",
            "config": config,
            "labels": call.body.get("labels", {}),
            "createTime": self.library.now(),
            "createUser": {"email": call.principal.email},
        }
        return self.library.put(name, version)

    def populate(self, call: Call) -> Json:
        name, _ = self._open(call.params["parent"])
        files: dict[str, str] = call.body.get("files", {})
        _check_files(files)
        self.library.set_files(name, {**self.library.files(name), **files})
        root = self.library.cloud.endpoint(UPLOAD_HOST)
        answer: Json = {"uploadUrl": f"{root}upload/{self.library.public(name)}/files"}
        if missing := sorted({digest for digest in files.values() if not self.library.blob(digest).exists()}):
            answer["uploadRequiredHashes"] = missing
        return answer

    async def upload(self, request: web.Request) -> web.Response:
        """Takes one gzipped file; does its own authentication because its body is not JSON."""
        iam, library = self.library.cloud.iam, self.library
        site, version, digest = (request.match_info[part] for part in ("site", "version", "hash"))
        principal = iam.authenticate(request.headers.get("Authorization"))
        iam.require(principal, "firebasehosting.sites.update", f"//{HOST}/{library.full(f'sites/{site}')}")
        name, opened = self._open(f"sites/{site}/versions/{version}")
        if digest not in library.files(name).values():
            raise ApiError(400, f"Version {opened['name']} names no file with the hash {digest} in populateFiles.")
        with library.draft() as draft:
            sha256, unzip, budget = hashlib.sha256(), zlib.decompressobj(wbits=31), InflationBudget()
            try:
                async for piece in request.content.iter_chunked(2**16):
                    sha256.update(piece)
                    budget.add_compressed(len(piece))
                    rest = piece
                    while rest and not unzip.eof:
                        budget.add_inflated(len(unzip.decompress(rest, 2**20)))
                        rest = unzip.unconsumed_tail
                    draft.write(piece)
            except InflatedTooMuch as error:
                raise ApiError(400, f"The uploaded content of {digest}: {error}.") from error
            except zlib.error as error:
                raise ApiError(400, f"The uploaded content of {digest} is not gzip: {error}.") from error
            if not unzip.eof or sha256.hexdigest() != digest:
                raise ApiError(400, f"The uploaded content does not have the hash {digest}.")
            draft.flush()
            library.keep(Path(draft.name), digest)
        return web.Response()

    def patch(self, call: Call) -> Json:
        """Only `status: FINALIZED` is known, and only when every file is there."""
        name, version = self._open(call.params["name"])
        if call.body.get("status") != "FINALIZED":
            raise ApiError(400, "Of a version only its status can change, and only to FINALIZED.")
        blobs = {path: self.library.blob(digest) for path, digest in self.library.files(name).items()}
        if missing := sorted(path for path, blob in blobs.items() if not blob.exists()):
            raise ApiError(
                400, f"Version {version['name']} lacks {len(missing)} files, e.g. {missing[0]}; upload them."
            )
        finalized = version | {
            "status": "FINALIZED",
            "finalizeTime": self.library.now(),
            "finalizeUser": {"email": call.principal.email},
            "fileCount": str(len(blobs)),
            "versionBytes": str(sum(blob.stat().st_size for blob in blobs.values())),
        }
        return self.library.put(name, finalized)

    def delete(self, call: Call) -> Json:
        name = self.library.full(call.params["name"])
        self.library.require(name)
        releases = self.library.children(name.split("/versions/")[0], "releases")
        if releases and releases[0].get("version", {}).get("name") == self.library.public(name):
            raise ApiError(400, f"Version {self.library.public(name)} is live; release another one first.")
        self.library.cloud.resources.delete(HOST, name)
        return {}

    def list_files(self, call: Call) -> Json:
        name = self.library.full(call.params["parent"])
        self.library.require(name)
        files: list[Json] = [
            {"path": path, "hash": digest, "status": "ACTIVE" if self.library.blob(digest).exists() else "EXPECTED"}
            for path, digest in sorted(self.library.files(name).items())
        ]
        return page(call, "files", files)

    def _open(self, name: str) -> tuple[str, Json]:
        """A version that can still change, with its full name."""
        full = self.library.full(name)
        version = self.library.require(full)
        if version["status"] != "CREATED":
            raise ApiError(400, f"Version {version['name']} is {version['status']} and can no longer change.")
        return full, version


def _check_files(files: Mapping[str, Any]) -> None:
    if len(files) > MAX_FILES:
        raise ApiError(400, f"{len(files)} files in one call; the limit is {MAX_FILES}: call again for the rest.")
    for path, digest in files.items():
        if not path.startswith("/"):
            raise ApiError(400, f"The file path {path!r} must start with a slash.")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise ApiError(400, f"The hash {digest!r} of {path} is not a lower-case hexadecimal SHA-256.")
