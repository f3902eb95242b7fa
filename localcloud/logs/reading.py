"""`entries.list`: which entries a caller may see, in which order, page by page.

A project shows everything to who may list log entries, but its Data Access log only with
`logging.privateLogEntries.list`. A view shows what the project's sinks send to its bucket and its own filter lets
through, to who may use that view. An exclusion of the project is one of its sink `_Default`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.logs.audit import DATA_ACCESS
from localcloud.logs.batches import Entry
from localcloud.logs.filters import Predicate, matching
from localcloud.logs.journal import Journals, log_id

HOST = "logging.googleapis.com"
PAGE, LARGEST_PAGE = 50, 1000
LONGEST_SECONDS = 1.5
"""Filtering holds up every other request."""
_VIEW = re.compile(r"(?P<bucket>projects/[^/]+/locations/[^/]+/buckets/[^/]+)/views/[^/]+")


class Reading:
    def __init__(self, cloud: Cloud, journals: Journals) -> None:
        self._cloud, self._journals = cloud, journals

    def entries(self, call: Call) -> dict[str, Any]:
        """Raises `ApiError` 400 for a filter or order that is not understood, 403, 404."""
        body = call.body
        names = body.get("resourceNames") or [f"projects/{project}" for project in body.get("projectIds", ())]
        if not names:
            raise ApiError(400, "entries.list: resourceNames is empty; name a project or a view.")
        visible = [self._visible(call, name) for name in names]
        wanted = matching(body.get("filter", ""))
        entries = list(_select(self._journals.entries(), visible, wanted))
        order = body.get("orderBy", "timestamp asc")
        if order not in ("timestamp", "timestamp asc", "timestamp desc"):
            raise ApiError(400, f"entries.list: orderBy {order!r} is neither 'timestamp asc' nor 'timestamp desc'.")
        if order.endswith("desc"):
            entries.reverse()
        token, size = str(body.get("pageToken") or "0"), int(body.get("pageSize") or PAGE)
        if not token.isdigit() or size < 0:
            raise ApiError(400, f"entries.list: pageToken {token!r} or pageSize {size} is not valid.")
        first, size = int(token), min(size, LARGEST_PAGE)
        more = {"nextPageToken": str(first + size)} if first + size < len(entries) else {}
        return {"entries": entries[first : first + size], **more}

    def _visible(self, call: Call, name: str) -> Predicate:
        iam, view = self._cloud.iam, _VIEW.fullmatch(name)
        if view:
            iam.require(call.principal, "logging.views.access", f"//{HOST}/{name}")
            return self._in_view(name, view["bucket"])
        if name not in (f"projects/{self._cloud.project}", f"projects/{self._cloud.number}"):
            raise ApiError(
                403, f"Permission 'logging.logEntries.list' denied on resource '{name}' (or it may not exist)."
            )
        iam.require(call.principal, "logging.logEntries.list", iam.project)
        private = iam.is_allowed(call.principal, "logging.privateLogEntries.list", iam.project)
        return lambda entry: private or log_id(entry) != DATA_ACCESS

    def _in_view(self, name: str, bucket: str) -> Predicate:
        resources = self._cloud.resources
        view = resources.get(HOST, name)
        if view is None:
            raise ApiError(404, f"View {name} does not exist.")
        sinks = [sink for sink in resources.children(HOST, f"projects/{self._cloud.project}", "sinks")
                 if sink.get("destination") == f"{HOST}/{bucket}" and not sink.get("disabled")]  # fmt: skip
        default = resources.children(HOST, f"projects/{self._cloud.project}", "exclusions")
        routed = [
            (
                matching(sink.get("filter", "")),
                exclude([*sink.get("exclusions", ()), *(default if sink.get("name") == "_Default" else ())]),
            )
            for sink in sinks
        ]
        shown = matching(view.get("filter", ""))
        return lambda entry: shown(entry) and any(sends(entry) and not drops(entry) for sends, drops in routed)


def _select(entries: list[Entry], visible: list[Predicate], wanted: Predicate) -> Iterator[Entry]:
    """What is visible and wanted; `ApiError` 504 when the filter is too costly for so many entries."""
    end = time.monotonic() + LONGEST_SECONDS
    for entry in entries:
        if time.monotonic() > end:
            raise ApiError(504, f"entries.list: the filter needs more than {LONGEST_SECONDS:g} s; ask for less.")
        if any(may(entry) for may in visible) and wanted(entry):
            yield entry


def exclude(exclusions: list[dict[str, Any]]) -> Predicate:
    """What a sink with these exclusions leaves out."""
    filters = [matching(exclusion.get("filter", "")) for exclusion in exclusions if not exclusion.get("disabled")]

    def drops(entry: Entry) -> bool:
        return any(matches(entry) for matches in filters)

    return drops
