"""Sign-in with Google on one machine: an OpenID provider for the implicit flow; an account chooser, no password.

Its accounts are the users and groups that the stack's policies name; its access tokens are the local cloud's own. It is
as strict as Google about redirect URIs (exact: a site's origin and a slash) and never shows a page inside a frame.
"""

from __future__ import annotations

import hashlib
import html
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

from localcloud.cloud import Cloud

PATH = "/accounts.google.com"
COOKIE = "local_account"
LIFETIME = 3600
"""Seconds that a token lives: Google's hour."""
CLIENT_ID = re.compile(r"\d+-[0-9a-z]+\.apps\.googleusercontent\.com")
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "authorization"}
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
main {{ max-width: 26rem; margin: 12vh auto; padding: 2rem; border-radius: 12px;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent) }}
h1 {{ font-size: 1.3rem; margin: 0 0 .5rem }} ul {{ list-style: none; padding: 0; margin: 1.5rem 0 0 }}
li a {{ display: block; padding: .7rem 1rem; border-radius: 8px; color: inherit; text-decoration: none }}
li a:hover, li a:focus-visible {{ background: color-mix(in srgb, currentColor 8%, transparent) }}
small {{ opacity: .7 }}
</style><main><h1>{title}</h1>{body}</main></html>
"""


class SignInRefused(Exception):
    """A request that may not be sent back to its redirect URI, since that itself is not trusted."""


class SignInProvider:
    """The provider at `<base>/accounts.google.com`; that URL is also its issuer."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        self._public = key.public_key().public_numbers()
        self._key_id = hashlib.sha256(pem).hexdigest()[:40]
        self._signer = crypt.RSASigner.from_string(pem, self._key_id)

    @property
    def issuer(self) -> str:
        return self.cloud.base + PATH

    def routes(self, app: web.Application) -> None:
        app.router.add_get(f"{PATH}/.well-known/openid-configuration", self.discovery)
        app.router.add_get(f"{PATH}/oauth2/v3/certs", self.certificates)
        app.router.add_get(f"{PATH}/o/oauth2/v2/auth", self.authorize)
        app.router.add_route("*", f"{PATH}/v1/userinfo", self.userinfo)
        app.router.add_get(f"{PATH}/Logout", self.sign_out)

    async def discovery(self, request: web.Request) -> web.Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/o/oauth2/v2/auth",
            "userinfo_endpoint": f"{self.issuer}/v1/userinfo",
            "jwks_uri": f"{self.issuer}/oauth2/v3/certs",
            "end_session_endpoint": f"{self.issuer}/Logout",
            "response_types_supported": ["id_token token", "token id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
        }
        return web.json_response(document, headers=CORS)

    async def certificates(self, request: web.Request) -> web.Response:
        numbers = {"n": self._public.n, "e": self._public.e}
        encoded = {name: _base64(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in numbers.items()}
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self._key_id, **encoded}
        return web.json_response({"keys": [key]}, headers=CORS)

    async def authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        try:
            self._check(query)
        except SignInRefused as refusal:
            return _page("Access blocked", f"<p>{html.escape(str(refusal))}</p>", status=400)
        prompt = query.get("prompt", "")
        email = query.get("login_hint") or ("" if prompt == "select_account" else request.cookies.get(COOKIE, ""))
        if email and email in self._accounts():
            answer = self._redirect(query, self._tokens(email, query))
            answer.set_cookie(COOKIE, email, path=PATH, httponly=True, samesite="Lax")
            return answer
        if prompt == "none":
            return self._redirect(query, {"error": "login_required"})
        return self._chooser(request)

    async def userinfo(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(headers=CORS)
        principal = self.cloud.iam.authenticate(request.headers.get("Authorization"))
        return web.json_response(_claims(principal.email), headers=CORS)

    async def sign_out(self, request: web.Request) -> web.Response:
        back = request.query.get("post_logout_redirect_uri", "")
        known = back.isprintable() and any(back.startswith(uri) for uri in self._redirect_uris())
        answer = _page("Signed out", "<p>You are signed out of the local cloud.</p>")
        if known:
            answer = web.Response(status=302, headers={"Location": back})
        answer.del_cookie(COOKIE, path=PATH)
        return answer

    def _check(self, query: Mapping[str, str]) -> None:
        """What Google refuses on its own page, because the redirect URI may not be the client's."""
        if not CLIENT_ID.fullmatch(query.get("client_id", "")):
            raise SignInRefused(
                f"Error 401: invalid_client. The OAuth client {query.get('client_id', '')!r} was not found."
            )
        if query.get("redirect_uri") not in (known := self._redirect_uris()):
            raise SignInRefused(
                f"Error 400: redirect_uri_mismatch. {query.get('redirect_uri', '')!r} is not registered for this "
                f"client; registered: {', '.join(known) or 'none, no hosting site exists yet'}."
            )
        if set(query.get("response_type", "").split()) != {"id_token", "token"}:
            raise SignInRefused("Error 400: unsupported_response_type. A browser client asks for 'id_token token'.")
        if "openid" not in query.get("scope", "").split() or not query.get("nonce"):
            raise SignInRefused("Error 400: invalid_request. An ID token needs the scope openid and a nonce.")

    def _redirect_uris(self) -> list[str]:
        sites = self.cloud.resources.all("firebasehosting.googleapis.com").values()
        return sorted(site["defaultUrl"] + "/" for site in sites if "defaultUrl" in site)

    def _accounts(self) -> list[str]:
        return [email for email in self.cloud.iam.principals() if not email.endswith(".gserviceaccount.com")]

    def _tokens(self, email: str, query: Mapping[str, str]) -> dict[str, Any]:
        token = self.cloud.iam.token(email, lifetime=LIFETIME, scopes=query["scope"].split())
        now = int(self.cloud.clock())
        claims = {
            "iss": self.issuer,
            "aud": query["client_id"],
            "azp": query["client_id"],
            "iat": now,
            "exp": now + LIFETIME,
            "nonce": query["nonce"],
            "at_hash": _base64(hashlib.sha256(token.encode()).digest()[:16]),
            **_claims(email),
        }
        id_token = jwt.encode(self._signer, claims).decode()
        return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "id_token": id_token}

    def _redirect(self, query: Mapping[str, str], fragment: Mapping[str, Any]) -> web.Response:
        answer = {**fragment, "state": query["state"]} if "state" in query else dict(fragment)
        headers = {"Location": f"{query['redirect_uri']}#{urlencode(answer)}", "Cache-Control": "no-store"}
        return web.Response(status=302, headers=headers)

    def _chooser(self, request: web.Request) -> web.Response:
        query = {name: value for name, value in request.query.items() if name not in ("prompt", "login_hint")}
        links = [
            f'<li><a href="?{html.escape(urlencode({**query, "login_hint": email}))}">{html.escape(email)}</a></li>'
            for email in self._accounts()
        ]
        nobody = "<p>No user or group has a role yet; name some in the setting <code>viewers</code>.</p>"
        hint = "<small>Local cloud: no password. These are the users and groups of the stack's settings.</small>"
        return _page("Choose an account", hint + (f"<ul>{''.join(links)}</ul>" if links else nobody))


def _claims(email: str) -> dict[str, Any]:
    name = " ".join(part.capitalize() for part in re.split(r"[._+-]+", email.split("@")[0]))
    subject = str(int(hashlib.sha256(email.encode()).hexdigest()[:16], 16))
    return {"sub": subject, "email": email, "email_verified": True, "name": name}


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = PAGE.format(title=title, body=body)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=PAGE_HEADERS)
