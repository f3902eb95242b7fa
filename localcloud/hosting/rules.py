"""What a released version answers for a path: the order of Firebase Hosting's rules, as pure functions.

Owns globs, redirects, exact files, clean URLs, rewrites, 404.html and headers. It opens no file and no socket. What
it does not know (functions, Cloud Run, i18n, captures in a redirect) is refused when a version is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

_EXTENDED = {"@": "", "?": "?", "+": "+", "*": "*"}
"""Extended globs: `@(a|b)` once, `?(a)` at most once, `+(a)` and `*(a)` repeatedly."""


@dataclass(frozen=True, kw_only=True)
class HostingAnswer:
    """`file` is the path within the version to send; a redirect has a `location` instead; neither is a bare 404."""

    status: int
    file: str | None = None
    location: str | None = None


def answer(path: str, files: Mapping[str, str], config: Mapping[str, Any]) -> HostingAnswer:
    """The answer for a decoded URL path. `files` are the version's paths, `config` its ServingConfig."""
    for redirect in config.get("redirects") or ():
        if matches(redirect, path):
            return HostingAnswer(status=redirect.get("statusCode", 301), location=redirect["location"])
    if config.get("cleanUrls") and path.endswith(".html") and path in files:
        return HostingAnswer(status=301, location=re.sub(r"(/index)?\.html$", "", path) or "/")
    if (exact := _exact(path, files, clean=bool(config.get("cleanUrls")))) is not None:
        return exact
    for rewrite in config.get("rewrites") or ():
        if matches(rewrite, path) and rewrite.get("path") in files:
            return HostingAnswer(status=200, file=rewrite["path"])
    return HostingAnswer(status=404, file="/404.html" if "/404.html" in files else None)


def headers(path: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Every rule that matches the requested path (not the rewritten one) counts; a later one wins over an earlier."""
    by_name: dict[str, tuple[str, str]] = {}
    for rule in config.get("headers") or ():
        if matches(rule, path):
            by_name.update({name.lower(): (name, value) for name, value in rule.get("headers", {}).items()})
    return dict(by_name.values())


def matches(rule: Mapping[str, Any], path: str) -> bool:
    if "regex" in rule:
        return expression(rule["regex"]).search(path) is not None
    return glob(rule["glob"]).fullmatch(path) is not None


def find_malformed(config: Mapping[str, Any]) -> list[str]:
    """What in a ServingConfig no path could ever be answered with, in words."""
    wrong: list[str] = []
    for kind in ("redirects", "rewrites", "headers"):
        for rule in config.get(kind) or ():
            texts = [rule.get("location", ""), *(text for pair in (rule.get("headers") or {}).items() for text in pair)]
            if any(not text.isprintable() for text in texts):
                wrong.append(f"{kind}: {texts} cannot stand in a header")
            try:
                matches(rule, "/")
            except (re2.error, re.error, ValueError, KeyError) as problem:
                wrong.append(f"{kind}: {rule.get('regex') or rule.get('glob')!r} is no pattern ({problem})")
        if kind == "redirects" and not all("location" in rule for rule in config.get(kind) or ()):
            wrong.append("redirects: one has no location")
    return wrong


def find_unsupported(config: Mapping[str, Any]) -> list[str]:
    """The parts of a ServingConfig that only Google can serve, named."""
    keys = [f"rewrites[].{key}" for rule in config.get("rewrites") or () for key in rule if key not in _REWRITE]
    keys += [
        f"a capture in redirect {rule['glob']}" for rule in config.get("redirects") or () if ":" in rule.get("glob", "")
    ]
    return keys + (["i18n"] if "i18n" in config else [])


_REWRITE = {"glob", "regex", "path"}


@lru_cache(maxsize=256)
def expression(pattern: str) -> Any:
    """Compiled by RE2, as Google does: no pattern makes it backtrack."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str]:
    """A Hosting glob: `*` stays within a segment, `**` crosses them, extended groups, classes and `{a,b}` work."""
    return re.compile(_translate(pattern if pattern.startswith(("/", "**")) else f"/{pattern}"))


def _translate(pattern: str) -> str:
    out: list[str] = []
    closers: list[str] = []
    place = 0
    while place < len(pattern):
        rest = pattern[place:]
        if rest.startswith("**/"):
            out.append("(?:.*/)?" if place else "/?(?:.*/)?")
            place += 3
        elif rest.startswith("**"):
            out.append(".*")
            place += 2
        elif rest[0] in "@?+*" and rest[1:2] == "(":
            out.append("(?:")
            closers.append(")" + _EXTENDED[rest[0]])
            place += 2
        elif rest.startswith("!("):
            end = place + rest.index(")")
            refused = "|".join(_translate(choice) for choice in pattern[place + 2 : end].split("|"))
            out.append(f"(?!(?:{refused})(?:/|$))[^/]*")
            place = end + 1
        elif rest[0] == "[" and "]" in rest:
            end = place + rest.index("]")
            out.append("[" + pattern[place + 1 : end].replace("!", "^", 1) + "]")
            place = end + 1
        else:
            out.append(_single(rest[0], closers))
            place += 1
    return "".join(out)


def _single(character: str, closers: list[str]) -> str:
    if character == "{":
        closers.append(")")
        return "(?:"
    if character in ")}" and closers:
        return closers.pop()
    if character in "|," and closers:
        return "|"
    return {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character)


def _exact(path: str, files: Mapping[str, str], *, clean: bool) -> HostingAnswer | None:
    """The file that a path names, a folder's index or, with clean URLs, a page without its `.html`."""
    if path in files:
        return HostingAnswer(status=404 if path == "/404.html" else 200, file=path)
    index = path.rstrip("/") + "/index.html"
    if index in files:
        at_home = clean or path.endswith("/")
        return HostingAnswer(status=200, file=index) if at_home else HostingAnswer(status=301, location=path + "/")
    return HostingAnswer(status=200, file=path + ".html") if clean and path + ".html" in files else None
