"""The viewer's `window.config`, for one store and one sign-in client. SLIM and the lite page read the same file.

Owns the values; the fields SLIM knows are `viewer.slim_config`. It reads no settings and no stack: plain values go in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from viewer.slim_config import problems

GOOGLE = "https://accounts.google.com"
GOOGLE_SIGN_OUT = "https://www.google.com/accounts/Logout"
SCOPE = "openid email profile https://www.googleapis.com/auth/cloud-healthcare"
"""DICOM through the user's own roles. Never cloud-platform: such a token opens everything that its user may do."""
STATUS_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
"""What the job says of a study, in a bucket, through the user's own roles; only for a page that reads it."""

RETRY = {
    "retries": 5,
    "factor": 2,
    "minTimeout": 500,
    "maxTimeout": 15_000,
    "randomize": True,
    "retryableStatusCodes": [429, 500, 502, 503, 504],
}
_SHAPES = ["polygon", "box", "point"]
FINDINGS = [
    {
        "finding": {"value": value, "schemeDesignator": "SCT", "meaning": meaning},
        "geometryTypes": _SHAPES,
        "style": {"stroke": {"color": [*colour, 1.0], "width": 3}, "fill": {"color": [*colour, 0.15]}},
    }
    for value, meaning, colour in (
        ("108369006", "Neoplasm", [198, 40, 40]),
        ("6574001", "Necrosis", [69, 90, 100]),
        ("85756007", "Tissue", [46, 125, 50]),
        ("47973001", "Artifact", [94, 53, 177]),
    )
]
"""What can be drawn where annotating is allowed: a finding in SNOMED CT, its shapes, its colour."""
_ROOT = re.compile(
    r"(?P<base>https?://[^/?#]+(?:/[^?#]+)?/v1(?:beta1)?)"
    r"/projects/[^/]+/locations/[^/]+/datasets/[^/]+/dicomStores/(?P<store>[^/]+)/dicomWeb"
)


def window_config(
    *,
    dicomweb_root: str,
    client_id: str,
    authority: str = GOOGLE,
    institution: str = "",
    annotate: bool = False,
    support: str = "",
) -> dict[str, Any]:
    """SLIM's `window.config`.

    `dicomweb_root` is the store that viewers read (`https://…/dicomStores/S/dicomWeb`, no trailing slash), `authority`
    the OpenID provider's issuer, `support` whom a user without access should ask (a group's e-mail or any words),
    `annotate` whether a role that may both read and write exists. Raises ValueError naming each value that cannot work.
    """
    root = _ROOT.fullmatch(dicomweb_root)
    wrong: list[str] = []
    if not root:
        wrong.append(f"dicomweb_root {dicomweb_root!r} is not a store's DICOMweb root (…/dicomStores/STORE/dicomWeb)")
    for name, url in (("dicomweb_root", dicomweb_root), ("authority", authority)):
        if _exposed(url):
            wrong.append(f"{name} {url!r} must use https unless it is on this machine")
    if authority.endswith("/"):
        wrong.append(f"authority {authority!r} must not end in a slash: an issuer is compared letter by letter")
    if not client_id:
        wrong.append("client_id is empty; create the OAuth client (Web application) and set its id")
    if wrong or not root:
        raise ValueError("; ".join(wrong))
    config: dict[str, Any] = {
        "path": "/",
        "gcpBaseUrl": root["base"],
        "servers": [
            {
                "id": root["store"],
                "url": dicomweb_root,
                "write": annotate,
                "sendAuthorization": True,
                "retry": RETRY,
                "errorMessages": [{"status": 403, "message": no_access(root["store"], support)}],
            }
        ],
        "oidc": {
            "authority": authority,
            "clientId": client_id,
            "scope": SCOPE,
            # Google's "Web application" clients need a client secret for the code flow, which a browser cannot keep.
            "grantType": "implicit",
            "endSessionEndpoint": GOOGLE_SIGN_OUT if authority == GOOGLE else f"{authority}/Logout",
        },
        "annotations": FINDINGS if annotate else [],
        "disableAnnotationTools": not annotate,
        "disableWorklist": False,
        "enableServerSelection": False,
        # SLIM says as "info" that a save succeeded, and as "warning" much that its reader cannot change.
        "messages": {"disabled": ["warning"]},
    }
    if institution:
        config["organization"] = institution
    return check(config)


def with_store(config: Mapping[str, Any], dicomweb_root: str) -> dict[str, Any]:
    """The same config for another store of the same stack, e.g. the synthetic one that previews show."""
    (server,) = config["servers"]
    old, new = server["id"], dicomweb_root.removesuffix("/dicomWeb").rsplit("/", 1)[1]
    messages = [
        {**entry, "message": entry["message"].replace(f"“{old}”", f"“{new}”")} for entry in server["errorMessages"]
    ]
    return check({**config, "servers": [{**server, "id": new, "url": dicomweb_root, "errorMessages": messages}]})


def without_tools(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same config for a viewer that cannot save what is drawn: it offers nothing to draw with."""
    servers = [{**server, "write": False} for server in config["servers"]]
    return check({**config, "servers": servers, "annotations": [], "disableAnnotationTools": True})


def with_status(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same config for a page that also reads what the job says of a study."""
    return check({**config, "oidc": {**config["oidc"], "scope": f"{config['oidc']['scope']} {STATUS_SCOPE}"}})


def no_access(store: str, support: str) -> str:
    """What a signed-in user reads instead of SLIM's page after any 403: to look, or to save, is not allowed, or the
    store is missing, which Google answers alike."""
    ask = f"Ask {support}" if support else "Ask whoever runs this viewer"
    return (
        f"Your account may not read the DICOM store “{store}”, or may read but not save in it, "
        f"or the store does not exist. {ask} to add you to its viewers, or to its annotators if "
        "you were saving, then reload."
    )


def check(config: dict[str, Any]) -> dict[str, Any]:
    """`config` itself when SLIM understands all of it; else ValueError naming every problem."""
    if wrong := problems(config):
        raise ValueError("; ".join(wrong))
    return config


def render_js(config: Mapping[str, Any]) -> str:
    """`config/local.js`. Same config, same bytes; safe inside a script element and for old parsers of JavaScript."""
    text = json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"window.config = {text};\n"


def parse_js(script: str) -> dict[str, Any]:
    """The config in a file written by `render_js`. ValueError for anything else, e.g. the page that a rewrite sends."""
    body = re.fullmatch(r"window\.config = (\{.*\});\n", script, re.DOTALL)
    if not body:
        raise ValueError(f"not a window.config file; it begins with {script[:40]!r}")
    return json.loads(body[1])


def _exposed(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1")
