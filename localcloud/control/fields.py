"""Small pieces that answers are made of: ids, etags, masked fields, pages of lists."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from localcloud.errors import ApiError

Resource = dict[str, Any]


def new_uid() -> str:
    return str(uuid.uuid4())


def new_etag() -> str:
    """Base64, as some APIs declare their etags to be bytes."""
    return base64.b64encode(uuid.uuid4().bytes[:9]).decode()


def merge(current: Resource, new: Resource, fields: list[str]) -> Resource:
    """`current` with `fields` (dotted paths) as in `new`; a field absent there is cleared."""
    result = dict(current)
    for field in fields:
        first, _, rest = field.partition(".")
        if rest:
            result[first] = merge(result.get(first) or {}, new.get(first) or {}, [rest])
        elif first in new:
            result[first] = new[first]
        else:
            result.pop(first, None)
    return result


def page(items: list[Resource], key: str, query: dict[str, str]) -> Resource:
    """One page of a list; the token is the index of the next item."""
    try:
        start = int(query.get("pageToken") or 0)
        size = int(query.get("pageSize") or query.get("maxResults") or 0) or len(items)
        if start < 0 or size < 0:
            raise ValueError
    except ValueError:
        raise ApiError(400, "Invalid pageToken or pageSize: the token must be the one of the answer before.") from None
    chosen = items[start : start + size]
    answer: Resource = {key: chosen} if chosen else {}
    if start + size < len(items):
        answer["nextPageToken"] = str(start + size)
    return answer
