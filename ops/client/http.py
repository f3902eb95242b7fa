"""Sessions over HTTP, with the one retry table of all commands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import requests
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ops.client.tokens import credentials

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

LONGEST_WAIT = 32.0
"""Seconds between two attempts, whatever a server asks for: so six attempts end within four minutes of waiting."""
TABLE: dict[str, Any] = {
    "total": 5,
    "status_forcelist": (408, 429, 500, 502, 503, 504),
    "backoff_factor": 0.5,
    "backoff_jitter": 0.5,
    "backoff_max": LONGEST_WAIT,
    "raise_on_status": False,
}
"""Up to five more attempts, 0.5, 1, 2, 4 and 8 s apart with up to half a second of jitter."""


class BoundedRetry(Retry):
    """Waits as long as `Retry-After` says, but never longer than LONGEST_WAIT."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT)


READS = BoundedRetry(**TABLE, allowed_methods=("GET", "HEAD"))
"""Of requests that change something when they are repeated: a repeated write could not tell its own success."""
ALL = BoundedRetry(**TABLE, allowed_methods=None)
"""Where a repeated write does no harm, or says that it was done already."""
TIMEOUT = (10.0, 120.0)
"""Seconds to connect, and between two bytes."""

Sessions = Callable[[str], requests.Session]
"""Principal (e-mail, or empty for whoever we are) -> a session that acts as it."""


def mount(session: requests.Session, retry: Retry, connections: int = 8) -> requests.Session:
    adapter = HTTPAdapter(pool_maxsize=connections, max_retries=retry)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def plain_session(retry: Retry) -> requests.Session:
    """Without a token of its own, and without what the machine's environment says of proxies and passwords."""
    session = requests.Session()
    session.trust_env = False
    return mount(session, retry)


def session_of(credentials: Credentials, connections: int = 8) -> requests.Session:
    """For a DICOM store: a repeated STOW ends as "already there", which is compared."""
    return mount(AuthorizedSession(credentials, max_refresh_attempts=1), ALL, connections)


def sessions(token_command: str | None, connections: int, project: str = "") -> Sessions:
    """`token_command` may contain `{principal}`; without one, whoever runs this stands in for every principal."""
    known: dict[str, Credentials] = {}
    lock = threading.Lock()

    def session(principal: str) -> requests.Session:
        with lock:
            if principal not in known:
                known[principal] = credentials(token_command, principal, project)
        return session_of(known[principal], connections)

    return session
