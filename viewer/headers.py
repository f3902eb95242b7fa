"""How the site is served: rewrites, cache rules and security headers, for one store and one sign-in provider.

`firebase_config` gives the `hosting` block of a firebase.json, `serving_config` the same in the words of Hosting's REST
API. A later rule wins over an earlier one, so the strict ones stand first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewer.config import GOOGLE

WORKER = "dataLoader.worker.min.js"
"""The engine's decoder worker. Its wasm glue builds functions from strings, so this one file may use eval."""

ROUTES = ("/studies/**", "/projects/**", "/logout")
"""The viewer's own addresses, SLIM's and the lite page's alike. Any other address that names no file is a 404: the page
sent in place of a missing worker would be a slide that stays blank without an error."""

NEVER_STORED = "no-store"
ONE_HOUR = "public, max-age=3600"
FOREVER = "public, max-age=31536000, immutable"
PERMISSIONS = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")


@dataclass(frozen=True, kw_only=True)
class SlimNeeds:
    """What one build of SLIM needs beyond the lite page."""

    scripts: tuple[str, ...] = ()
    """Sources for script-src (`'sha256-…'`) of the scripts that stand in its pages."""
    unhashed: tuple[str, ...] = ()
    """Paths among its assets that carry no hash, so that the next release changes them in place."""


SLIM_SOURCES = {
    # Its engine may decode outside of its worker; the lite page's does not, as a test shows.
    "script-src": ["'wasm-unsafe-eval'"],
    # Icons and tiles that its bundle carries or makes as data: and blob: images; fonts likewise.
    "img-src": ["data:", "blob:"],
    "font-src": ["'self'", "data:"],
    "manifest-src": ["'self'"],
}


def firebase_config(dicomweb_root: str, authority: str = GOOGLE, slim: SlimNeeds | None = None) -> dict[str, Any]:
    """The `hosting` block: a page that may talk to this store's DICOMweb and to this sign-in, and to nobody else.

    Hashed files (`/assets/**`, SLIM's `/static/**`) are kept for ever; worker and wasm files only where their folder
    carries a hash, which SLIM's does not. `slim` when the files are SLIM's.
    """
    return {
        "public": ".",
        "rewrites": [{"source": route, "destination": "/index.html"} for route in ROUTES],
        "headers": [
            _rule("**", {"Cache-Control": NEVER_STORED, **_security(dicomweb_root, authority, slim)}),
            _rule("/static/**", {"Cache-Control": FOREVER}),
            _rule(f"/static/**/@({WORKER}|*.wasm)", {"Cache-Control": ONE_HOUR}),
            _rule("/assets/**", {"Cache-Control": FOREVER}),
            *(_rule(path, {"Cache-Control": ONE_HOUR}) for path in (slim.unhashed if slim else ())),
            _rule("**/*.wasm", {"Content-Type": "application/wasm"}),
            _rule(f"**/{WORKER}", {"Content-Security-Policy": worker_policy()}),
        ],
    }


def serving_config(firebase: Mapping[str, Any]) -> dict[str, Any]:
    """`firebase_config` as a ServingConfig of the REST API (`glob` for `source`, headers as an object)."""
    return {
        "rewrites": [{"glob": rule["source"], "path": rule["destination"]} for rule in firebase["rewrites"]],
        "headers": [
            {"glob": rule["source"], "headers": {header["key"]: header["value"] for header in rule["headers"]}}
            for rule in firebase["headers"]
        ],
    }


def expected(path: str, firebase: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a request for `path` must be answered with."""
    rules = [rule for rule in firebase["headers"] if pattern(rule["source"]).fullmatch(path)]
    return {header["key"]: header["value"] for rule in rules for header in rule["headers"]}


def page_policy(dicomweb_root: str, authority: str, slim: SlimNeeds | None = None) -> str:
    """The page's Content-Security-Policy. A path in `connect-src` keeps other stores of the same API out of reach."""
    directives = {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "form-action": ["'none'"],
        # Silent renewal loads the site itself in a frame, so not 'none'.
        "frame-ancestors": ["'self'"],
        "script-src": ["'self'"],
        "worker-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'"],
        "connect-src": [f"{dicomweb_root}/", *_sign_in(authority)],
        "frame-src": ["'self'", f"{authority}/"],
    }
    if slim:
        for name, sources in SLIM_SOURCES.items():
            directives[name] = [*directives.get(name, []), *sources]
        directives["script-src"] += slim.scripts
    return _policy(directives)


def worker_policy() -> str:
    """The decoder worker may evaluate code and load its wasm, and can reach nothing but its own site."""
    return _policy(
        {
            "default-src": ["'none'"],
            "script-src": ["'unsafe-eval'"],
            "connect-src": ["'self'"],
        }
    )


def _security(dicomweb_root: str, authority: str, slim: SlimNeeds | None) -> dict[str, str]:
    return {
        "Content-Security-Policy": page_policy(dicomweb_root, authority, slim),
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in PERMISSIONS),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _sign_in(authority: str) -> list[str]:
    """Where the page reads the provider's discovery document, keys and the user's name."""
    if authority == GOOGLE:
        return [f"{GOOGLE}/", "https://www.googleapis.com/oauth2/", "https://openidconnect.googleapis.com/"]
    return [f"{authority}/"]


def _policy(directives: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def _rule(source: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {"source": source, "headers": [{"key": key, "value": value} for key, value in headers.items()]}


def pattern(source: str) -> re.Pattern[str]:
    """For the globs of this file only: `**`, `*` and `@(a|b)`."""
    pieces = {"/**/": "/(?:.*/)?", "**/": "/?(?:.*/)?", "**": ".*", "*": "[^/]*", "@(": "(?:", ")": ")", "|": "|"}
    return re.compile(
        re.sub(r"/\*\*/|\*\*/|\*\*|\*|@\(|\)|\||[^*@)|/]+|/", lambda m: pieces.get(m[0], re.escape(m[0])), source)
    )
