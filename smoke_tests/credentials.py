"""Access tokens of the identities that the checks act as; how a token is made is the caller's choice."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Callable

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TokenSource = Callable[[str], str]
"""E-mail of an identity -> an access token, valid for the length of a run."""


class NoToken(Exception):
    """An identity's token could not be had."""


def by_command(template: str) -> TokenSource:
    """A command that prints the token; `{principal}` in it stands for the identity's e-mail."""

    def run(principal: str) -> str:
        command = [part.replace("{principal}", principal) for part in shlex.split(template)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoToken(f"no token for {principal}: {command[0]}: {error}") from None
        if done.returncode or not done.stdout.strip():
            said = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            raise NoToken(f"no token for {principal}: {shlex.join(command)} ended with {done.returncode}: {said}")
        return done.stdout.strip()

    return run


ME = "you"
"""Stands for whoever runs the command."""


def by_yourself() -> TokenSource:
    """Your own Google credentials (`gcloud auth application-default login`), whoever is asked for."""
    import google.auth
    import google.auth.exceptions
    import google.auth.transport.requests

    def own(principal: str) -> str:
        try:
            default_credentials, _ = google.auth.default(scopes=[SCOPE])
            default_credentials.refresh(google.auth.transport.requests.Request())
        except google.auth.exceptions.GoogleAuthError as error:
            raise NoToken(f"no token for you: {error}; run: gcloud auth application-default login") from None
        return str(default_credentials.token)

    return own


def by_impersonation() -> TokenSource:
    """Whoever runs the checks takes on the identity: needs roles/iam.serviceAccountTokenCreator on it, and no key."""
    import google.auth
    import google.auth.exceptions
    import google.auth.impersonated_credentials
    import google.auth.transport.requests

    def take_on(principal: str) -> str:
        try:
            own, _ = google.auth.default(scopes=[SCOPE])
            taken = google.auth.impersonated_credentials.Credentials(own, principal, [SCOPE], lifetime=3600)
            taken.refresh(google.auth.transport.requests.Request())
        except google.auth.exceptions.GoogleAuthError as error:
            raise NoToken(
                f"no token for {principal}: {error}; you need roles/iam.serviceAccountTokenCreator on it"
            ) from None
        return str(taken.token)

    return take_on


class Credentials:
    """Tokens by identity, each made once."""

    def __init__(self, source: TokenSource) -> None:
        self.source = source
        self.tokens: dict[str, str] = {}
        self.locks: dict[str, threading.Lock] = {}

    def headers(self, principal: str | None) -> dict[str, str]:
        """The Authorization header of an identity; none for None (a target without sign-in)."""
        if principal is None:
            return {}
        with self.locks.setdefault(principal, threading.Lock()):
            if principal not in self.tokens:
                self.tokens[principal] = self.source(principal)
        return {"Authorization": f"Bearer {self.tokens[principal]}"}
