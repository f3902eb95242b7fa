"""Cloud Storage's words for one object: the `storage#object` resource, preconditions, errors. No files, no server."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from localcloud.errors import ApiError
from localcloud.forms import timestamp

WRITABLE = (
    "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType",
    "customTime", "eventBasedHold", "metadata", "storageClass", "temporaryHold",
)  # fmt: skip
HEADERS = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType")
"""Fields that a download gives as headers."""
GENERATION = re.compile(r"[0-9]{1,19}")
MAX_NAME = 1024
"""Bytes of an object's name in UTF-8."""
REASON = {400: "invalid", 401: "required", 403: "forbidden", 404: "notFound", 409: "conflict", 412: "conditionNotMet"}
LIMITED = 429


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One generation of one object; its content never changes. Times are seconds since the epoch."""

    bucket: str
    name: str
    generation: int
    metageneration: int = 1
    size: int
    md5: bytes
    crc32c: bytes
    created: float
    updated: float
    deleted: float | None = None
    """When it stopped being the live generation (only in versioned buckets)."""
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the client may write: `WRITABLE`."""

    def resource(self, endpoint: str) -> dict[str, Any]:
        """The object as the JSON API shows it; `endpoint` is the API's root with a trailing slash."""
        path = f"b/{quote(self.bucket, safe='')}/o/{quote(self.name, safe='')}"
        body: dict[str, Any] = {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "selfLink": f"{endpoint}storage/v1/{path}",
            "mediaLink": f"{endpoint}download/storage/v1/{path}?generation={self.generation}&alt=media",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "contentType": "application/octet-stream",
            "storageClass": "STANDARD",
            "size": str(self.size),
            "md5Hash": base64.b64encode(self.md5).decode(),
            "crc32c": base64.b64encode(self.crc32c).decode(),
            "etag": base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode(),
            "timeCreated": timestamp(self.created),
            "updated": timestamp(self.updated),
            "timeStorageClassUpdated": timestamp(self.created),
        }
        if self.deleted is not None:
            body["timeDeleted"] = timestamp(self.deleted)
        return body | self.fields


@dataclass(frozen=True, kw_only=True)
class Preconditions:
    """`ifGenerationMatch` and its three sisters; 0 as a generation means "does not exist"."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], prefix: str = "if") -> Preconditions:
        def number(key: str) -> int | None:
            text = query.get(prefix + key)
            if text is None:
                return None
            if not GENERATION.fullmatch(text):
                raise ApiError(400, f"{prefix}{key} is '{text}'; it must be a whole number, 0 or more.")
            return int(text)

        return cls(
            generation=number("GenerationMatch"),
            not_generation=number("GenerationNotMatch"),
            metageneration=number("MetagenerationMatch"),
            not_metageneration=number("MetagenerationNotMatch"),
        )

    def require(self, current: StoredObject | None, *, reading: bool = False) -> None:
        """`ApiError` 412 when a condition fails; 304 for a reader whose copy is still good."""
        generation = current.generation if current else 0
        metageneration = current.metageneration if current else None
        if self.generation not in (None, generation):
            raise ApiError(412, f"ifGenerationMatch is {self.generation}, but the generation is {generation}.")
        if self.metageneration not in (None, metageneration):
            raise ApiError(412, f"ifMetagenerationMatch is {self.metageneration}, not {metageneration}.")
        if self.not_generation == generation or (current and self.not_metageneration == metageneration):
            raise ApiError(304 if reading else 412, f"The object still has generation {generation}.")


def error_body(error: ApiError) -> dict[str, Any]:
    """Cloud Storage's own error shape, older than the one of the other APIs."""
    reason = REASON.get(error.code, "backendError" if error.code >= 500 else "invalid")
    item = {"message": error.message, "domain": "global", "reason": reason}
    if error.code == LIMITED:
        item |= {"domain": "usageLimits", "reason": "rateLimitExceeded"}
    return {"error": {"code": error.code, "message": error.message, "errors": [item]}}


def writable(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a client's object resource that it may set; nulls clear and so are left out.
    Raises `ApiError` 400.
    """
    return check_fields({key: body[key] for key in WRITABLE if body.get(key) is not None})


def check_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields`, when those that become headers of a download can be headers; `ApiError` 400 otherwise."""
    for key in HEADERS:
        if key in fields and not (isinstance(fields[key], str) and fields[key].isprintable()):
            raise ApiError(400, f"Invalid value for {key}: {fields[key]!r} cannot be the value of a header.")
    return fields


def check_name(name: str) -> str:
    """`name`, when an object can have it (Google's rules); `ApiError` 400 otherwise."""
    length = len(name.encode("utf-8", "surrogatepass"))
    if not 1 <= length <= MAX_NAME:
        raise ApiError(400, f"Invalid object name: it has {length} bytes in UTF-8; 1 to {MAX_NAME} are allowed.")
    if name in (".", "..") or set(name) & {"\r", "\n"} or name.startswith(".well-known/acme-challenge/"):
        raise ApiError(
            400,
            f"Invalid object name {name!r}: no carriage return or line feed, not '.' or '..', and nothing below "
            ".well-known/acme-challenge/.",
        )
    return name


def patch(fields: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` after a PATCH: null removes a key, `metadata` is merged key by key."""
    merged = dict(fields) | {key: body[key] for key in WRITABLE if key in body}
    if isinstance(body.get("metadata"), dict):
        entries: dict[str, Any] = {**fields.get("metadata", {}), **body["metadata"]}
        merged["metadata"] = {key: value for key, value in entries.items() if value is not None}
    return check_fields({key: value for key, value in merged.items() if value is not None})
