"""A command's own small client of the running local cloud: a token for somebody, asked for as the owner."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from google.auth import crypt, jwt

from ops.local.state import RunningCloud


class ApiRefused(Exception):
    """The local cloud said no, in the words of the exception."""


def owner_token(credentials: Path, audience: str) -> str:
    """A self-signed token of the throw-away key, as the Pulumi provider makes them; valid for ten minutes."""
    key = json.loads(credentials.read_text())
    signer = crypt.RSASigner.from_service_account_info(key)
    now = int(time.time())
    email = key["client_email"]
    claims = {"iss": email, "sub": email, "aud": audience, "iat": now, "exp": now + 600}
    return jwt.encode(signer, claims).decode()


def access_token(state: RunningCloud, principal: str) -> str:
    """An opaque access token of `principal` (e-mail). Raises `ApiRefused` naming the known principals."""
    url = f"{state.base}/_local/token?" + urllib.parse.urlencode({"as": principal})
    bearer = owner_token(Path(state.credentials), state.base)
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)["access_token"]
    except urllib.error.HTTPError as error:
        try:
            raise ApiRefused(json.load(error)["error"]["message"]) from error
        except (ValueError, KeyError):
            raise ApiRefused(f"the local cloud answered {error.code} to {url}") from error
    except OSError as error:
        raise ApiRefused(f"the local cloud at {state.base} does not answer: {error}") from error
