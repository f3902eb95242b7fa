"""`objects.list`: prefix, delimiter, paging, versions, as Cloud Storage folds names into folders."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from localcloud.errors import ApiError
from localcloud.objects.store import ObjectStore

END = "\U0010ffff"
"""Sorts after every character a name may hold."""


def list_objects(store: ObjectStore, bucket: str, query: Mapping[str, str], endpoint: str) -> dict[str, Any]:
    """The `storage#objects` answer. A page holds up to `maxResults` objects and folded prefixes together."""
    for key in ("matchGlob", "filter", "softDeleted"):
        if query.get(key):
            raise ApiError(501, f"The local Cloud Storage does not know {key} in a listing of {bucket}; use prefix.")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start = max(token_name(query.get("pageToken")), prefix, query.get("startOffset", ""))
    end = query.get("endOffset", "")
    limit = min(page_size(query.get("maxResults")), 1000)
    items: list[dict[str, Any]] = []
    prefixes: list[str] = []
    answer: dict[str, Any] = {"kind": "storage#objects"}
    while True:
        for item in store.walk(bucket, start, versions=query.get("versions", "").lower() == "true"):
            if not item.name.startswith(prefix) or (end and item.name >= end):
                return fill(answer, items, prefixes)
            if len(items) + len(prefixes) >= limit and not (items and items[-1]["name"] == item.name):
                answer["nextPageToken"] = base64.urlsafe_b64encode(item.name.encode()).decode()
                return fill(answer, items, prefixes)
            folder, cut, _ = item.name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if cut:
                prefixes.append(prefix + folder + delimiter)
                start = prefixes[-1] + END
                break
            items.append(item.resource(endpoint))
        else:
            return fill(answer, items, prefixes)


def fill(answer: dict[str, Any], items: list[dict[str, Any]], prefixes: list[str]) -> dict[str, Any]:
    return answer | ({"prefixes": prefixes} if prefixes else {}) | ({"items": items} if items else {})


def page_size(text: str | None) -> int:
    """Raises `ApiError` 400 for what is no positive number."""
    if text and not re.fullmatch(r"[0-9]{1,9}", text):
        raise ApiError(400, f"maxResults is '{text}'; it must be a whole number.")
    return int(text or 0) or 1000


def token_name(token: str | None) -> str:
    """The name a page starts at; `ApiError` 400 for a token that no listing gave."""
    try:
        return base64.b64decode(token or "", b"-_", validate=True).decode()
    except ValueError as problem:
        raise ApiError(400, f"pageToken '{token}' does not come from a listing.") from problem
