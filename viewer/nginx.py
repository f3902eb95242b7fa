"""The `hosting` block of firebase.json in nginx's words, so that a container serves the files with the same headers.

Every header is a map from the requested path to its value: nginx takes the first pattern that fits where Firebase takes
the last, so the rules stand in reverse. `add_header` inside a location would drop all others, hence none is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from viewer.build import ABSENT, TYPES
from viewer.headers import pattern

ROOT = "/srv/public"
PORT = 8080
TEXT = ("application/json", "image/svg+xml", "text/css", "text/html", "text/javascript", "text/plain")
HSTS = "max-age=31556926; includeSubDomains; preload"
"""What Firebase sends of itself."""


def nginx_conf(firebase: Mapping[str, Any]) -> str:
    """A whole nginx.conf for an unprivileged container: the page for `/` and the rewrites, 404 for what is missing."""
    headers = dict(_headers(firebase))
    maps = [
        line
        for name, rules in headers.items()
        for line in (f"  map $asked {_variable(name)} {{", '    default "";', *map(_entry, rules), "  }")
    ]
    adds = [f"    add_header {name} {_variable(name)} always;" for name in headers]
    kinds = [f"    {kind} {' '.join(suffixes)};" for kind, suffixes in sorted(_kinds().items())]
    rewrites = [
        line
        for rule in firebase["rewrites"]
        for line in (
            f"    location ~ {_quote(_exact(rule['source']))} {{",
            f"      try_files $uri {rule['destination']};",
            "    }",
        )
    ]
    return "\n".join(
        [
            "pid /tmp/nginx.pid;",
            "events {}",
            "http {",
            *(f"  {kind}_temp_path /tmp/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            "  types {",
            *kinds,
            "  }",
            "  default_type application/octet-stream;",
            "  charset utf-8;",
            f"  charset_types {' '.join(kind for kind in TEXT if kind != 'text/html')};",
            "  gzip on;",
            "  gzip_vary on;",
            f"  gzip_types application/wasm {' '.join(kind for kind in TEXT if kind != 'text/html')};",
            "  sendfile on;",
            "  server_tokens off;",
            # Study UIDs are in the path of a deep link, and logs are not where they belong. From `alert` down nginx
            # writes the request beside a fault.
            "  access_log off;",
            "  error_log /dev/stderr emerg;",
            # The path as it was asked for: $uri is another one after a rewrite.
            "  map $request_uri $asked {",
            '    "~^(?<path>[^?]*)" $path;',
            "  }",
            *maps,
            "  server {",
            f"    listen {PORT};",
            f"    root {ROOT};",
            "    absolute_redirect off;",
            f"    error_page 404 {ABSENT};",
            *adds,
            f'    add_header Strict-Transport-Security "{HSTS}" always;',
            f"    location = {ABSENT} {{",
            "      internal;",
            "    }",
            "    location = / {",
            "      try_files /index.html =404;",
            "    }",
            *rewrites,
            "    location / {",
            "      try_files $uri =404;",
            "    }",
            "  }",
            "}",
            "",
        ]
    )


def _headers(firebase: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each header with its (glob, value) pairs, the strongest first. Types come from the files' names instead."""
    rules = [(rule["source"], header) for rule in firebase["headers"] for header in rule["headers"]]
    for name in dict.fromkeys(header["key"] for _, header in rules):
        if name != "Content-Type":
            yield name, [(source, header["value"]) for source, header in reversed(rules) if header["key"] == name]


def _kinds() -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for suffix, kind in TYPES.items():
        kinds.setdefault(kind, []).append(suffix.lstrip("."))
    return kinds


def _entry(rule: tuple[str, str]) -> str:
    source, value = rule
    return f"    {_quote('~' + _exact(source))} {_quote(value)};"


def _exact(source: str) -> str:
    """A glob as a pattern for the whole path; nginx's patterns may match anywhere."""
    return f"^{pattern(source).pattern}$"


def _variable(header: str) -> str:
    return f"$header_{header.lower().replace('-', '_')}"


def _quote(text: str) -> str:
    """The value in double quotes. A quote or a variable would be nginx's to read; a `$` at the end is a pattern's."""
    if '"' in text or "$" in text[:-1]:
        raise ValueError(f"{text!r} cannot be written into nginx.conf")
    return f'"{text}"'
