"""Signs a browser in as an identity that has no password: answers the viewer's sign-in requests inside the browser.

The viewer's page is the released one and does all it does for a person; only what it asks of the sign-in service is
answered here, with an access token of the identity and an ID token signed by a key that lives as long as the browser.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

if TYPE_CHECKING:
    from playwright.sync_api import Route

LIFETIME = 3600
KEY = "smoke"
CORS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SmokeSignIn:
    """Give `answer` to the browser for every request to `authority`."""

    def __init__(self, authority: str, email: str, token: str) -> None:
        self.authority, self.email, self.token = authority, email, token
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        self._signer = crypt.RSASigner.from_string(pem, KEY)
        self._public = key.public_key().public_numbers()

    def answer(self, route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.path.endswith("/auth"):
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            back = f"{query['redirect_uri']}#{urlencode(self._tokens(query))}"
            route.fulfill(status=302, headers={"Location": back})
        elif asked.path.endswith("/keys"):
            route.fulfill(json=self._keys(), headers=CORS)
        elif asked.path.endswith("/userinfo"):
            route.fulfill(json={"sub": self.email, "email": self.email, "name": self.email}, headers=CORS)
        elif asked.path.endswith("/openid-configuration"):
            route.fulfill(json=self._discovery(), headers=CORS)
        else:
            route.abort()

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.authority,
            "authorization_endpoint": f"{self.authority}/auth",
            "jwks_uri": f"{self.authority}/keys",
            "userinfo_endpoint": f"{self.authority}/userinfo",
            "response_types_supported": ["id_token token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _keys(self) -> dict[str, Any]:
        numbers = {"n": self._public.n, "e": self._public.e}
        parts = {name: encode(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in numbers.items()}
        return {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY, **parts}]}

    def _tokens(self, query: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.authority,
            "aud": query.get("client_id", ""),
            "sub": self.email,
            "email": self.email,
            # SLIM asks for a name and shows an error without one.
            "name": self.email,
            "nonce": query.get("nonce", ""),
            "iat": now,
            "exp": now + LIFETIME,
            "at_hash": encode(hashlib.sha256(self.token.encode()).digest()[:16]),
        }
        return {
            "access_token": self.token,
            "id_token": jwt.encode(self._signer, json.loads(json.dumps(claims))).decode(),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "state": query.get("state", ""),
        }
