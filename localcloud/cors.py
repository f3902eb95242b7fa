"""What a browser on another origin needs to be told: on preflights, and on every answer, refusals included.

Google's store answers any origin; who may read is decided by the token, never by the origin.
"""

from __future__ import annotations

from collections.abc import Mapping

METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
REQUEST_HEADERS = "Authorization, Accept, Content-Type, Range, X-Goog-User-Project"
EXPOSED = "Content-Type, Content-Length, Content-Encoding, Content-Location, Date, Location, Server, WWW-Authenticate"


def headers(request: Mapping[str, str]) -> dict[str, str]:
    """Headers of an answer to a request with these headers; none without Origin."""
    origin = request.get("Origin")
    if not origin:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"}


def preflight(request: Mapping[str, str]) -> dict[str, str]:
    """Headers of the answer to OPTIONS, which carries no token."""
    return {
        **headers(request),
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": request.get("Access-Control-Request-Headers") or REQUEST_HEADERS,
        "Access-Control-Max-Age": "3600",
    }
