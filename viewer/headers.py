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
class SiteContent:
    """What the headers must know of the files of one release."""

    forever: tuple[str, ...] = ()
    """Paths whose name or folder carries a hash of their content. Named one by one: a rule for their folder would have
    a missing file's 404 kept for a year."""
    an_hour: tuple[str, ...] = ()
    """Paths that the next release changes in place."""
    scripts: tuple[str, ...] = ()
    """Sources for script-src (`'sha256-…'`) of the scripts that stand in SLIM's pages."""
    connects: tuple[str, ...] = ()
    """Where the page may connect beyond the store and the sign-in."""
    slim: bool = False


SLIM_SOURCES = {
    # The pictures of labels and overviews, which the store draws.
    "img-src": ["blob:"],
    # Its header fetches its own logo.
    "connect-src": ["'self'"],
}
"""What SLIM asks for beyond the lite page. `tests/browser/test_policy_slim.py` takes each away and sees it missed."""


def firebase_config(dicomweb_root: str, authority: str = GOOGLE, content: SiteContent | None = None) -> dict[str, Any]:
    """The `hosting` block: a page that may talk to this store's DICOMweb and to this sign-in, and to nobody else."""
    content = content or SiteContent()
    return {
        "public": ".",
        "rewrites": [{"source": route, "destination": "/index.html"} for route in ROUTES],
        "headers": [
            _rule("**", {"Cache-Control": NEVER_STORED, **_security(dicomweb_root, authority, content)}),
            *(_rule(glob, {"Cache-Control": FOREVER}) for glob in _globs(content.forever)),
            *(_rule(glob, {"Cache-Control": ONE_HOUR}) for glob in _globs(content.an_hour)),
            _rule("**/*.wasm", {"Content-Type": "application/wasm"}),
            _rule(f"**/{WORKER}", {"Content-Security-Policy": worker_policy()}),
        ],
    }


def _globs(paths: tuple[str, ...]) -> list[str]:
    """A glob for the files of each folder, which fits nothing else."""
    folders: dict[str, list[str]] = {}
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    return [f"{folder}/@({'|'.join(names)})" for folder, names in folders.items()]


def serving_config(firebase: Mapping[str, Any]) -> dict[str, Any]:
    """`firebase_config` as a ServingConfig of the REST API (`glob` for `source`, headers as an object)."""
    return {
        "rewrites": [{"glob": rule["source"], "path": rule["destination"]} for rule in firebase["rewrites"]],
        "headers": [
            {"glob": rule["source"], "headers": {header["key"]: header["value"] for header in rule["headers"]}}
            for rule in firebase["headers"]
        ],
    }


def expected_headers(path: str, firebase: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a request for `path` must be answered with."""
    rules = [rule for rule in firebase["headers"] if pattern(rule["source"]).fullmatch(path)]
    return {header["key"]: header["value"] for rule in rules for header in rule["headers"]}


def page_policy(dicomweb_root: str, authority: str, content: SiteContent) -> str:
    """The page's Content-Security-Policy. A path in `connect-src` keeps other stores of the same API out of reach."""
    directives = {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "form-action": ["'none'"],
        # Silent renewal loads the site itself in a frame, so not 'none'.
        "frame-ancestors": ["'self'"],
        "script-src": ["'self'"],
        # The engine's decoder; OpenLayers makes the workers that draw points from scripts of its own, as blob: URLs.
        "worker-src": ["'self'", "blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'"],
        "connect-src": [f"{dicomweb_root}/", *_sign_in(authority), *content.connects],
        "frame-src": ["'self'", f"{authority}/"],
    }
    if content.slim:
        for name, sources in SLIM_SOURCES.items():
            directives[name] = [*directives.get(name, []), *sources]
        directives["script-src"] += content.scripts
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


def _security(dicomweb_root: str, authority: str, content: SiteContent) -> dict[str, str]:
    return {
        "Content-Security-Policy": page_policy(dicomweb_root, authority, content),
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
