"""Whether a caller may use a DICOM store, remembered for a moment: a slide is read by thousands of requests alike.

What is remembered holds only while no resource or policy changes, and for a second, so that a token still runs out.
"""

from __future__ import annotations

from collections import OrderedDict

from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.iam.principal import Principal

HOST = "healthcare.googleapis.com"
SECONDS = 1.0
REMEMBERED = 1024


class Denied(ApiError):
    """A 403 for somebody known."""

    def __init__(self, principal: Principal, why: ApiError) -> None:
        super().__init__(why.code, why.message, status=why.status, details=why.details)
        self.principal = principal


class StoreAccess:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._granted: OrderedDict[tuple[str, str, str], tuple[int, float, Principal]] = OrderedDict()

    def require(self, authorization: str | None, permission: str, store: str) -> Principal:
        """The caller. Raises `ApiError` 401 without a valid token, `Denied` without the permission or the store."""
        key = (authorization or "", permission, store)
        now = (self._cloud.resources.revision, self._cloud.clock())
        before = self._granted.get(key)
        if before and before[0] == now[0] and 0 <= now[1] - before[1] < SECONDS:
            return before[2]
        principal = self._cloud.iam.authenticate(authorization)
        try:
            self._decide(principal, permission, store)
        except ApiError as error:
            raise Denied(principal, error) from error
        self._granted[key] = (*now, principal)
        if len(self._granted) > REMEMBERED:
            self._granted.popitem(last=False)
        return principal

    def _decide(self, principal: Principal, permission: str, store: str) -> None:
        name = f"//{HOST}/{store}"
        self._cloud.iam.require(principal, permission, name)
        if self._cloud.resources.get(HOST, store) is None:
            # Google does not tell a stranger whether a store exists: the same words as for a missing permission.
            raise ApiError(403, f"Permission '{permission}' denied on resource '{name}' (or it may not exist).")
