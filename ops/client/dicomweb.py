"""A DICOM store as a reader sees it: lists its instances, and brings one to disk as it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from ops.client.stow import BLOCK, TIMEOUT

PAGE = 1000
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


class UnreadableFile(Exception):
    """What a store has could not be fetched, or not be read; says why."""


def instances(session: requests.Session, root: str) -> Iterator[str]:
    """`studies/…/series/…/instances/…` of all in the store, all pages, study by study. Raises `UnreadableFile`."""
    for study in _pages(session, f"{root}/studies"):
        uid = _first(study, STUDY)
        for instance in _pages(session, f"{root}/studies/{uid}/instances"):
            yield f"studies/{uid}/{path_in_study(instance)}"


def path_in_study(instance: dict[str, Any]) -> str:
    """`series/…/instances/…` of an instance as a search lists it."""
    return f"series/{_first(instance, SERIES)}/instances/{_first(instance, INSTANCE)}"


def _pages(session: requests.Session, url: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while page := _list(session, url, offset):
        yield from page
        offset += len(page)


def _list(session: requests.Session, url: str, offset: int) -> list[dict[str, Any]]:
    query = {"limit": PAGE, "offset": offset}
    try:
        response = session.get(url, params=query, headers={"Accept": "application/dicom+json"}, timeout=TIMEOUT)
        if response.status_code == 204:
            return []
        if not response.ok:
            raise UnreadableFile(f"{url} answered {response.status_code}")
        rows = response.json()
    except requests.RequestException as error:
        raise UnreadableFile(f"{url} could not be read ({type(error).__name__})") from None
    if not isinstance(rows, list):
        raise UnreadableFile(f"{url} answered no list")
    return rows


def _first(attributes: dict[str, Any], tag: str) -> Any:
    return next(iter(attributes.get(tag, {}).get("Value", [])), None)


def fetch(session: requests.Session, url: str, path: Path) -> None:
    """Writes the instance at `url`, as it is stored, to `path`. Raises `UnreadableFile`."""
    try:
        with (
            session.get(url, headers={"Accept": AS_STORED}, stream=True, timeout=TIMEOUT) as response,
            path.open("wb") as out,
        ):
            if not response.ok:
                raise UnreadableFile(f"the store answered {response.status_code} when asked for it")
            boundary = response.headers.get("Content-Type", "").partition("boundary=")[2].split(";")[0].strip('" ')
            for block in _without_head(response.iter_content(BLOCK)):
                out.write(block)
    except requests.RequestException as error:
        raise UnreadableFile(f"reading it back broke off ({type(error).__name__})") from None
    _cut_tail(path, b"\r\n--" + boundary.encode())


def _without_head(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Leaves out everything up to the blank line that ends the part's headers."""
    head = b""
    for block in blocks:
        head += block
        start = head.find(b"\r\n\r\n")
        if start >= 0:
            yield head[start + 4 :]
            yield from blocks


def _cut_tail(path: Path, delimiter: bytes) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(max(0, size - 1024))
        tail = file.read()
        at = tail.rfind(delimiter)
        if at < 0:
            raise UnreadableFile("what the store sent breaks off before its end")
        file.truncate(size - len(tail) + at)
