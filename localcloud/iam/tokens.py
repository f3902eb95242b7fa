"""Tokens and the throw-away key: made here, checked here. No token of ours is worth anything outside this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from localcloud.iam.principals import Principal

PREFIX = "ya29.local."
"""Access tokens of Google begin with `ya29.`."""


class OpaqueTokens:
    """Access tokens, each of one principal for a time; forgotten when the process ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[Principal, float]] = {}

    def issue(self, principal: Principal, lifetime: float) -> str:
        """A token good for `lifetime` seconds."""
        token = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            self._issued = {old: entry for old, entry in self._issued.items() if now < entry[1]}
            self._issued[token] = (principal, now + lifetime)
        return token

    def principal(self, token: str) -> Principal | None:
        """Whose token it is; None for one that is not ours or has expired."""
        principal, expiry = self._issued.get(token, (None, 0.0))
        return principal if self._clock() < expiry else None


class ServiceAccountKey:
    """A service-account key file, and the check of JWTs that its holder signed."""

    def __init__(self, path: Path, content: dict[str, str]) -> None:
        self.path = path
        self._content = content

    @classmethod
    def at(cls, path: Path, email: str, project: str, endpoint: str) -> ServiceAccountKey:
        """The key at `path`; made anew (mode 0600) if there is none for this account."""
        if path.exists():
            content = json.loads(path.read_text())
            if content["client_email"] == email:
                return cls(path, content)
            path.unlink()
        content = _new_key(email, project, endpoint)
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file, indent=2)
        return cls(path, content)

    def claims(self, token: str, now: float) -> dict[str, Any] | None:
        """What an RS256 JWT of the key's account (`iss` = `sub`) says, if it is signed with the key and in force."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            header, payload, signature = (_decode(part) for part in token.split("."))
            self._public_key.verify(signature, token.rpartition(".")[0].encode(), padding.PKCS1v15(), SHA256())
            claims = json.loads(payload)
            algorithm = json.loads(header)["alg"]
        except (InvalidSignature, ValueError, KeyError, TypeError, RecursionError):
            return None
        if not isinstance(claims, dict):
            return None
        email = self._content["client_email"]
        of_the_account = claims.get("iss") == email and claims.get("sub", email) == email
        return claims if algorithm == "RS256" and of_the_account and _in_force(claims, now) else None

    @cached_property
    def _public_key(self) -> Any:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self._content["private_key"].encode(), None).public_key()


SKEW, LONGEST = 60.0, 3600.0
"""Seconds: how far clocks may differ, and how long a JWT may be good for."""


def _in_force(claims: dict[str, Any], now: float) -> bool:
    asserted: list[Any] = [claims.get("iat"), claims.get("exp"), claims.get("nbf", claims.get("iat"))]
    if not all(isinstance(time, int | float) and not isinstance(time, bool) for time in asserted):
        return False
    issued, expires, begins = map(float, asserted)
    return max(issued, begins) <= now + SKEW and now < expires <= issued + LONGEST + SKEW


def _new_key(email: str, project: str, endpoint: str) -> dict[str, str]:
    # Imported here: it costs a tenth of a second, and most runs of the tests never need a key.
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": secrets.token_hex(20),
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "client_email": email,
        "client_id": str(int(hashlib.sha256(email.encode()).hexdigest(), 16))[:21],
        "auth_uri": f"{endpoint}o/oauth2/auth",
        "token_uri": f"{endpoint}token",
        # Not googleapis.com: client libraries then sign their own tokens and never ask Google for one.
        "universe_domain": "emulator.invalid",
    }


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
