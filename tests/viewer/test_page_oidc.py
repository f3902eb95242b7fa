"""Which answers to a sign-in the page believes."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

from tests.viewer.page_module import Thrown, call

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
ISSUER, CLIENT, TOKEN, NOW = (
    "https://accounts.google.com",
    "1-a.apps.googleusercontent.com",
    "ya29.token",
    1_800_000_000,
)
OIDC = {"authority": ISSUER, "clientId": CLIENT}
ASKED = {"state": "s1", "nonce": "n1"}


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def provider() -> dict[str, str]:
    numbers = KEY.public_key().public_numbers()
    key = {"kty": "RSA", "alg": "RS256", "kid": "k1", "e": encode(b"\1\0\1"), "n": encode(numbers.n.to_bytes(256))}
    return {"issuer": ISSUER, "jwks_uri": "data:application/json," + quote(json.dumps({"keys": [key]}))}


def id_token(key: rsa.RSAPrivateKey = KEY, **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": CLIENT,
        "nonce": "n1",
        "exp": NOW + 3600,
        "at_hash": encode(hashlib.sha256(TOKEN.encode()).digest()[:16]),
        "email": "reader@example.org",
        **changes,
    }
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return jwt.encode(crypt.RSASigner.from_string(pem, "k1"), claims).decode()


def accept(token: str | None = None, asked: dict[str, str] | None = ASKED, **changes: str) -> dict[str, Any]:
    answer = {"access_token": TOKEN, "state": "s1", "expires_in": "3600", "id_token": token or id_token(), **changes}
    return call("session.js", "accept", answer, asked, provider(), OIDC, NOW * 1000)


def test_an_answer_that_proves_itself_becomes_the_session() -> None:
    assert accept() == {
        "token": TOKEN,
        "expires": (NOW + 3600) * 1000,
        "email": "reader@example.org",
    }


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": "https://example.org"}, "it comes from another provider"),
        ({"aud": "2-b.apps.googleusercontent.com"}, "it is meant for another application"),
        ({"nonce": "old"}, "it answers another request"),
        ({"exp": NOW - 1}, "it has expired"),
        ({"at_hash": "AAAA"}, "its access token was exchanged"),
    ],
)
def test_an_id_token_with_a_wrong_claim_is_not_believed(claims: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Thrown, match=sentence):
        accept(id_token(**claims))


def test_a_signature_by_another_key_is_not_believed() -> None:
    with pytest.raises(Thrown, match=r"not signed by https://accounts\.google\.com"):
        accept(id_token(OTHER_KEY))


def test_a_token_without_a_signature_is_not_believed() -> None:
    claims = id_token().split(".")[1]
    header = encode(json.dumps({"alg": "none", "kid": "k1"}).encode())

    with pytest.raises(Thrown, match="not signed"):
        accept(f"{header}.{claims}.")


@pytest.mark.parametrize("asked", [None, {"state": "s2", "nonce": "n1"}])
def test_an_answer_to_nothing_we_asked_is_not_believed(asked: dict[str, str] | None) -> None:
    with pytest.raises(Thrown, match="was not started on this page"):
        accept(asked=asked)


def test_a_refusal_is_told() -> None:
    with pytest.raises(Thrown, match=r"was refused \(access_denied\)"):
        accept(error="access_denied")


@pytest.mark.parametrize("token", ["", "a.b.c", "no token"])
def test_what_is_no_id_token_is_told(token: str) -> None:
    with pytest.raises(Thrown, match="no readable ID token"):
        accept(token or None, id_token=token)


def test_a_fragment_that_is_no_answer_is_left_alone() -> None:
    assert call("session.js", "answerIn", "#top") is None
    assert call("session.js", "answerIn", "#access_token=x&state=s") == {"access_token": "x", "state": "s"}


def test_renewal_asks_without_a_prompt_for_the_same_account() -> None:
    place = {"authorization_endpoint": f"{ISSUER}/o/oauth2/v2/auth"}
    question = {**ASKED, "hint": "reader@example.org"}

    url = call("session.js", "authorizationUrl", place, {**OIDC, "scope": "openid"}, "https://viewer/", question)

    assert "prompt=none&login_hint=reader%40example.org" in url
    assert "response_type=id_token+token" in url
