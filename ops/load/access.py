"""Sessions that carry a bearer token: Google's default credentials, or a command that prints one."""

from __future__ import annotations

import shlex
import subprocess
import threading
import time
from collections.abc import Callable

import google.auth
import requests
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ops.load.outcome import CannotLoad

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LIFETIME = 1800.0
"""Seconds after which a printed token is asked for again; Google's live for an hour."""
RETRY = Retry(
    total=6,
    status_forcelist=(408, 429, 500, 502, 503, 504),
    allowed_methods=None,  # a repeated STOW ends as "already there", which we compare
    backoff_factor=1.0,
    backoff_jitter=1.0,
    backoff_max=32.0,
    respect_retry_after_header=True,
    raise_on_status=False,
)
"""The one retry layer: up to six more attempts, 1, 2, 4 … 32 s apart with up to a second of jitter."""

Sessions = Callable[[str], requests.Session]
"""Principal (e-mail, or empty for whoever we are) -> a session that acts as it."""


class PrintedToken(Credentials):
    """The token that a command prints, asked for again when it is old or was refused."""

    def __init__(self, command: list[str], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._command = command
        self._clock = clock
        self._asked = float("-inf")
        self._lock = threading.Lock()

    def before_request(self, request: object, method: str, url: str, headers: dict[str, str]) -> None:
        if not self.token or self._clock() - self._asked > LIFETIME:
            self.refresh(request)
        headers["authorization"] = f"Bearer {self.token}"

    def refresh(self, request: object) -> None:
        before = self._asked
        with self._lock:
            if self._asked != before:
                return  # another thread was refused, too, and has asked already
            made = subprocess.run(self._command, capture_output=True, text=True, check=False)  # noqa: S603
            if made.returncode != 0 or not made.stdout.strip():
                said = made.stderr.strip().splitlines() or ["it printed nothing"]
                raise CannotLoad(f"no token: {shlex.join(self._command)} failed: {said[-1]}")
            self.token = made.stdout.strip()
            self._asked = self._clock()


def sessions(token_command: str | None, connections: int) -> Sessions:
    """`token_command` may contain `{principal}`; without one, Google's default credentials serve every principal."""
    known: dict[str, Credentials] = {}
    lock = threading.Lock()

    def session(principal: str) -> requests.Session:
        with lock:
            if principal not in known:
                known[principal] = _credentials(token_command, principal)
        made = AuthorizedSession(known[principal], max_refresh_attempts=1)
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=RETRY)
        made.mount("https://", adapter)
        made.mount("http://", adapter)
        return made

    return session


def _credentials(token_command: str | None, principal: str) -> Credentials:
    if token_command:
        return PrintedToken([part.replace("{principal}", principal) for part in shlex.split(token_command)])
    try:
        credentials, _ = google.auth.default(scopes=SCOPES)
    except GoogleAuthError:
        raise CannotLoad(
            "no Google credentials: run gcloud auth application-default login, or give --token-command"
        ) from None
    return credentials
