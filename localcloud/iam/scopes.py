"""What a token may be used for, whatever its holder may do: the OAuth scopes that a person agreed to at the sign-in."""

from __future__ import annotations

from localcloud.errors import ApiError
from localcloud.iam.principal import Principal

PREFIX = "https://www.googleapis.com/auth/"
EVERYTHING = frozenset({f"{PREFIX}cloud-platform"})
_READ = frozenset(f"{PREFIX}devstorage.{name}" for name in ("read_only", "read_write", "full_control"))
_READING = ("storage.objects.get", "storage.objects.list", "storage.buckets.get", "storage.buckets.list")


def require_scope(principal: Principal, permission: str, resource: str) -> None:
    """403 in Google's words for a token without a scope of the API; one that names no scopes is good for all."""
    if not principal.scopes or principal.scopes & (EVERYTHING | _of(permission)):
        return
    raise ApiError(
        403,
        "Request had insufficient authentication scopes.",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"service": resource.removeprefix("//").partition("/")[0]},
            }
        ],
    )


def _of(permission: str) -> frozenset[str]:
    if permission.startswith("healthcare."):
        return frozenset({f"{PREFIX}cloud-healthcare"})
    if permission.startswith("storage."):
        return _READ if permission in _READING else _READ - {f"{PREFIX}devstorage.read_only"}
    return frozenset()
