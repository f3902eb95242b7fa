"""The authenticated session: many threads, one refresh of the token each time it is refused or runs out."""

from __future__ import annotations

import threading
from typing import Any

from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession


class SharedToken(Credentials):
    """`inner`'s token for several threads: of those that find it refused or run out, one refreshes it, others wait."""

    def __init__(self, inner: Credentials) -> None:
        super().__init__()
        self._inner = inner
        self._lock = threading.Lock()
        self._sent = threading.local()
        self._universe_domain = inner.universe_domain

    @property
    def valid(self) -> bool:
        return self._inner.valid

    def refresh(self, request: Any) -> None:
        """Refreshes unless another thread has done so since this one last sent the token."""
        with self._lock:
            if getattr(self._sent, "token", None) == self._inner.token:
                self._inner.refresh(request)

    def before_request(self, request: Any, method: str, url: str, headers: Any) -> None:
        with self._lock:
            self._inner.before_request(request, method, url, headers)
            self._sent.token = self._inner.token


def authorized(credentials: Credentials) -> AuthorizedSession:
    """A session that refreshes a refused token once for each request."""
    return AuthorizedSession(SharedToken(credentials), max_refresh_attempts=1)
