"""Whether a caller may use a DICOM store, remembered for a moment: a slide is read by thousands of requests alike.

What is remembered holds only while no resource or policy changes, and for a second, so that a token still runs out.
"""

from __future__ import annotations

from collections import OrderedDict

from localcloud.cloud import Cloud
from localcloud.errors import ApiError

HOST = "healthcare.googleapis.com"
SECONDS = 1.0
REMEMBERED = 1024


class Access:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._granted: OrderedDict[tuple[str, str, str], tuple[int, float]] = OrderedDict()

    def require(self, authorization: str | None, permission: str, store: str) -> None:
        """Raises `ApiError` 401 without a valid token, 403 without the permission or the store."""
        key = (authorization or "", permission, store)
        now = (self._cloud.resources.revision, self._cloud.clock())
        before = self._granted.get(key)
        if before and before[0] == now[0] and 0 <= now[1] - before[1] < SECONDS:
            return
        self._decide(authorization, permission, store)
        self._granted[key] = now
        if len(self._granted) > REMEMBERED:
            self._granted.popitem(last=False)

    def _decide(self, authorization: str | None, permission: str, store: str) -> None:
        iam, name = self._cloud.iam, f"//{HOST}/{store}"
        iam.require(iam.authenticate(authorization), permission, name)
        if self._cloud.resources.get(HOST, store) is None:
            # Google does not tell a stranger whether a store exists: the same words as for a missing permission.
            raise ApiError(403, f"Permission '{permission}' denied on resource '{name}' (or it may not exist).")
