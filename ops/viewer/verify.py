"""Is the live site what was released? Asks the site as a browser would and compares; changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import requests

from viewer.build import ABSENT, CONFIG, FileSet, content_type
from viewer.config import parse_js
from viewer.headers import expected_headers

DEEP_LINK = "/studies/1.2.3/series/4.5.6"
MISSING = "/assets/absent/dataLoader.worker.min.js"
"""A worker that does not exist: a rewrite that answers it with the page would blank every slide."""
TIMEOUT = (10, 60)


def faults(url: str, files: FileSet, config: dict[str, Any], firebase: dict[str, Any]) -> list[str]:
    """One sentence for each way in which the site at `url` differs from the release; empty when it is the release."""
    with requests.Session() as session:
        try:
            return [
                *_file_faults(session, url, files, firebase),
                *_page_faults(session, url, files, firebase),
                *_config_faults(session, url, config),
            ]
        except requests.RequestException as error:
            return [f"{url} cannot be reached: {error}"]


def _file_faults(session: requests.Session, url: str, files: FileSet, firebase: dict[str, Any]) -> Iterator[str]:
    for path, digest in files.digests().items():
        if path == ABSENT:
            continue
        answer = session.get(url + path, timeout=TIMEOUT)
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if answer.status_code != 200:
            yield f"{path} is answered {answer.status_code}, not 200"
        elif not _fits(kind, content_type(path)):
            yield f"{path} is served as {kind}, not {content_type(path)}"
        elif hashlib.sha256(answer.content).hexdigest() != digest:
            yield f"{path} is not the file that was released"
        yield from _header_faults(path, answer, firebase)


def _fits(kind: str, due: str) -> bool:
    """Whether the media type fits; of pictures and fonts any name of the format will do:
    servers differ, browsers look at the content.
    """
    family = due.split("/")[0]
    return kind == due or (family in ("image", "font") and kind.split("/")[0] == family)


def _page_faults(session: requests.Session, url: str, files: FileSet, firebase: dict[str, Any]) -> Iterator[str]:
    for path in ("/", DEEP_LINK):
        answer = session.get(url + path, timeout=TIMEOUT)
        if answer.status_code != 200 or answer.content != files.files["/index.html"]:
            yield f"{path} does not show the page"
        yield from _header_faults(path, answer, firebase)
    absent = session.get(url + MISSING, timeout=TIMEOUT)
    if absent.status_code != 404:
        yield f"{MISSING} does not exist but is answered {absent.status_code}: a rewrite hides missing files"
    elif absent.content != files.files[ABSENT]:
        yield f"a missing file is not answered with {ABSENT}"
    yield from _header_faults(MISSING, absent, firebase)


def _header_faults(path: str, answer: requests.Response, firebase: dict[str, Any]) -> Iterator[str]:
    for name, value in expected_headers(path, firebase).items():
        got = answer.headers.get(name)
        if got != value and not (name == "Content-Type" and (got or "").startswith(value)):
            yield f"{path} is served with {name}: {got}; it should be: {value}"


def _config_faults(session: requests.Session, url: str, config: dict[str, Any]) -> Iterator[str]:
    try:
        live = parse_js(session.get(url + CONFIG, timeout=TIMEOUT).text)
    except ValueError as error:
        yield f"{CONFIG} is {error}"
        return
    for what, read in (("store", _store), ("sign-in client", _client)):
        if read(live) != read(config):
            yield f"{CONFIG} names the {what} {read(live)}, not {read(config)}"


def _store(config: dict[str, Any]) -> str:
    return config["servers"][0]["url"]


def _client(config: dict[str, Any]) -> str:
    return config["oidc"]["clientId"]
