"""Requests for objects as Cloud Audit Logs tell them: `storage.objects.get` of `projects/_/buckets/B/objects/O`.

Copying and composing read and write, so they have an entry for each source and one for what they make. An upload in
pieces is one entry, when its object is there. Not entries: what Google's own agents read and write for an operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import hdrs, web

from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.objects.service import HOST
from localcloud.ports import Access, AuditLog

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Verb = Literal["get", "list", "create", "update", "delete"]
READS = ("get", "list")
STEP = web.RequestKey("step", bool)
"""Set where a request is only a step of an upload, whose entry comes with its object."""
CALLER = web.RequestKey("caller", str)
"""The `Authorization` that a request goes by where it is not its own: who began the upload."""
MADE = web.RequestKey("made", tuple[str, str])
"""(bucket, name) of the object that a request makes, where its address does not say it."""
SOURCES = web.RequestKey("sources", list[tuple[str, str]])
"""(bucket, name) of the objects that a request reads on the way."""


def audit_requests(cloud: Cloud, audit: AuditLog, verb: Verb, handler: Handler) -> Handler:
    """The handler, with each request given to the audit log when it is over, a refused one too."""

    async def handle(request: web.Request) -> web.StreamResponse:
        status, message = 500, ""
        try:
            response = await handler(request)
            status = response.status
            return response
        except ApiError as error:
            status, message = error.code, error.message
            raise
        except (asyncio.CancelledError, ConnectionError):
            status = 499
            raise
        finally:
            if STEP not in request or status >= 400:
                _record(cloud, audit, verb, request, status, message)

    return handle


def _record(cloud: Cloud, audit: AuditLog, verb: Verb, request: web.Request, status: int, message: str) -> None:
    authorization = request.get(CALLER, request.headers.get(hdrs.AUTHORIZATION))
    try:
        principal = cloud.iam.authenticate(authorization)
    except ApiError:
        return  # nobody, as far as Google's logs go
    info = request.match_info
    own = request.get(MADE, (info.get("bucket", ""), info.get("object", "")))
    entries: list[tuple[Verb, str, str]] = [("get", *source) for source in request.get(SOURCES, ())]
    for which, bucket, name in [*entries, (verb, *own)]:
        access = Access(
            principal,
            HOST,
            f"storage.objects.{which}",
            "DATA_READ" if which in READS else "DATA_WRITE",
            f"storage.objects.{which}",
            f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name else ""),
            status,
            message,
            request.remote or "",
            request.headers.get(hdrs.USER_AGENT, ""),
        )
        audit.take(access)
