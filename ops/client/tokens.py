"""Access tokens: from a command that prints one, from the environment, or from Google's default credentials.

A person's credentials belong to no project, and many of Google's APIs refuse them unless a header names the project
that pays for the call (`X-Goog-User-Project`). A service account's need none, and may lack the permission it takes.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import google.auth
import google.auth.external_account_authorized_user
import google.auth.transport.requests
import google.oauth2.credentials
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError

from ops.client.refusal import OpsRefused

VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"
QUOTA_VARIABLE = "GOOGLE_CLOUD_QUOTA_PROJECT"
"""With a person's token in VARIABLE: the project that pays for its calls."""
SCOPES = ("https://www.googleapis.com/auth/firebase.hosting", "https://www.googleapis.com/auth/cloud-platform")
LIFETIME = 1800.0
"""Seconds after which a printed token is asked for again; Google's live for an hour."""
PERSONS = (google.oauth2.credentials.Credentials, google.auth.external_account_authorized_user.Credentials)


class TokenRefused(OpsRefused):
    """There is no token to be had."""


class PrintedToken(Credentials):
    """The token that a command prints, asked for again when it is old or was refused."""

    def __init__(self, command: list[str], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._command = command
        self._clock = clock
        self._asked = float("-inf")
        self._lock = threading.Lock()

    @property
    def valid(self) -> bool:
        return bool(self.token) and self._clock() - self._asked <= LIFETIME

    def before_request(self, request: object, method: str, url: str, headers: dict[str, str]) -> None:
        if not self.valid:
            self.refresh(request)
        headers["authorization"] = f"Bearer {self.token}"

    def refresh(self, request: object) -> None:
        before = self._asked
        with self._lock:
            if self._asked != before:
                return  # another thread was refused, too, and has asked already
            try:
                made = subprocess.run(self._command, capture_output=True, text=True, check=False)  # noqa: S603 - the user's own
            except OSError as error:
                raise TokenRefused(f"no token: {self._command[0]}: {error.strerror or error}") from None
            if made.returncode != 0 or not made.stdout.strip():
                reason = made.stderr.strip().splitlines() or ["it printed nothing"]
                raise TokenRefused(f"no token: the token command {shlex.join(self._command)} failed: {reason[-1]}")
            self.token = made.stdout.strip()
            self._asked = self._clock()


class GivenToken(google.oauth2.credentials.Credentials):
    """A token of the environment: nobody can make another."""

    def __init__(self, token: str) -> None:
        super().__init__(token, quota_project_id=os.environ.get(QUOTA_VARIABLE))

    def refresh(self, request: object) -> None:
        raise TokenRefused(f"the token in {VARIABLE} was refused or has expired: put a new one there")


def credentials(command: str | None = None, principal: str = "", project: str = "") -> Credentials:
    """Credentials of `principal` from a command, in which `{principal}` is replaced; else whoever runs this.

    `project` pays for the calls of a person whose credentials name no other project.
    """
    if command:
        return PrintedToken([part.replace("{principal}", principal) for part in shlex.split(command)])
    if token := os.environ.get(VARIABLE):
        return GivenToken(token)
    try:
        default_credentials, _ = google.auth.default(scopes=SCOPES)
    except GoogleAuthError:
        raise TokenRefused(
            f"no Google credentials: set {VARIABLE}, pass --token-command, "
            "or run: gcloud auth application-default login"
        ) from None
    if project and isinstance(default_credentials, PERSONS) and not default_credentials.quota_project_id:
        return default_credentials.with_quota_project(project)
    return default_credentials


@dataclass(frozen=True)
class TokenSource:
    """Gives an access token at each call."""

    credentials: Credentials

    def __call__(self) -> str:
        if not self.credentials.valid:
            try:
                self.credentials.refresh(google.auth.transport.requests.Request())
            except GoogleAuthError as error:
                raise TokenRefused(f"the credentials cannot be used ({error}); sign in again") from error
        return str(self.credentials.token)

    @property
    def quota_project(self) -> str:
        """The project that pays for a person's calls; empty for a service account."""
        return getattr(self.credentials, "quota_project_id", None) or ""


def token_source(command: str | None = None, principal: str = "", project: str = "") -> TokenSource:
    """A source of tokens for those who need no credentials object."""
    return TokenSource(credentials(command, principal, project))


def authorization(token: Callable[[], str]) -> dict[str, str]:
    """Headers of a request: the token, and the project that pays when it is a person's."""
    payer = token.quota_project if isinstance(token, TokenSource) else ""
    return {"Authorization": f"Bearer {token()}", **({"X-Goog-User-Project": payer} if payer else {})}
