"""SLIM's published build: the archive of the pinned release, held to its hash, opened in memory with limits.

Owns getting and unpacking. It trusts nothing in the archive before the hash fits, and no name in it even then.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import requests

from viewer.slim_pin import SlimError, SlimPin

MAX_FILE = 64 * 2**20
MAX_TOTAL = 512 * 2**20
MAX_FILES = 5_000
MAX_ARCHIVE = 512 * 2**20
"""Bytes. SLIM's build is about 20 MiB in 100 files; more than these is not SLIM."""
TIMEOUT = (10, 60)

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all or 0 when unknown)."""


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def archive(pin: SlimPin, given: Path | None, cache: Path, progress: Progress = lambda done, total: None) -> Path:
    """The pinned archive: the file given, else from the cache, else from the release page. Raises SlimError."""
    if not pin.sha256:
        raise SlimError(
            f"the hash of {pin.archive} is not recorded; get it from {pin.archive_url}, then run: "
            f".venv/bin/python -m ops viewer pin --archive {pin.archive}"
        )
    kept = cache / f"slim-{pin.sha256}.zip"
    if given is not None and not given.is_file():
        raise SlimError(f"{given} does not exist; get it from {pin.archive_url}")
    path = given or (kept if kept.exists() else _download(pin, kept, progress))
    if (got := sha256(path)) != pin.sha256:
        raise SlimError(
            f"{path.name} has the hash {got}, pinned for {pin.tag} is {pin.sha256}; "
            "it is not the archive that was reviewed: get it again, or review it and run: "
            ".venv/bin/python -m ops viewer pin"
        )
    return path


def keep(given: Path, cache: Path) -> str:
    """Copy an archive to where a release looks for it; gives its hash. Raises SlimError when it is not SLIM's build."""
    unpack(given)
    digest = sha256(given)
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(given, cache / f"slim-{digest}.zip")
    return digest


def unpack(path: Path) -> dict[str, bytes]:
    """Served path → content, of the folder that holds index.html. Nothing is written. Raises SlimError."""
    try:
        with zipfile.ZipFile(path) as opened:
            files = dict(_members(opened))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise SlimError(f"{path.name} cannot be opened as a zip archive: {error}") from error
    return _strip_root(files, path.name)


def read_folder(folder: Path, what: str) -> dict[str, bytes]:
    """Served path → content of a folder on disk; a link is refused, as it could lead anywhere."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise SlimError(f"{path.relative_to(folder)} in {what} is a link; put a file there")
        if path.is_file():
            files[f"/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return files


def _members(opened: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES:
        raise SlimError(f"the archive has {len(entries)} files, the limit is {MAX_FILES}")
    left = MAX_TOTAL
    for entry in entries:
        name = _safe(entry)
        # One byte more than allowed tells a lying header from an honest one, whatever size the entry claims.
        with opened.open(entry) as stream:
            content = stream.read(min(MAX_FILE, left) + 1)
        left -= len(content)
        if len(content) > MAX_FILE or left < 0:
            raise SlimError(f"{name} in the archive unpacks to more than is allowed; this is not SLIM's build")
        yield name, content


def _safe(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    path = PurePosixPath(name)
    if "\\" in name or path.is_absolute() or not path.parts or ".." in path.parts or ":" in path.parts[0]:
        raise SlimError(f"the archive names a file outside of itself: {name!r}; do not use it")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise SlimError(f"{name!r} in the archive is a link; do not use it")
    return path.as_posix()


def _strip_root(files: Mapping[str, bytes], archive_name: str) -> dict[str, bytes]:
    homes = sorted(
        (PurePosixPath(name).parent for name in files if PurePosixPath(name).name == "index.html"), key=_depth
    )
    if not homes:
        raise SlimError(f"{archive_name} has no index.html; it is not a build of SLIM")
    home = homes[0]
    prefix = "" if home == PurePosixPath() else f"{home}/"
    return {f"/{name.removeprefix(prefix)}": content for name, content in files.items() if name.startswith(prefix)}


def _depth(path: PurePosixPath) -> tuple[int, str]:
    return len(path.parts), path.as_posix()


def _download(pin: SlimPin, to: Path, progress: Progress) -> Path:
    """Stream the asset to the cache. It gets its name there only when it is whole and has the pinned hash."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        part = Path(folder) / pin.archive
        try:
            with requests.get(pin.archive_url, stream=True, timeout=TIMEOUT) as answer:
                if answer.status_code == 404:
                    raise SlimError(f"{pin.archive_url} does not exist: check tag {pin.tag}; {pin.repository}/releases")
                answer.raise_for_status()
                _save(answer, part, progress)
        except requests.RequestException as error:
            raise SlimError(
                f"{pin.archive_url} cannot be fetched ({error}); fetch it elsewhere and pass --archive FILE"
            ) from error
        if sha256(part) == pin.sha256:
            os.replace(part, to)
            return to
        raise SlimError(
            f"{pin.archive_url} has the hash {sha256(part)}, pinned is {pin.sha256}; nothing was released: "
            "find out why the published archive changed before you pin it"
        )


def _save(answer: requests.Response, part: Path, progress: Progress) -> None:
    total, done = int(answer.headers.get("Content-Length") or 0), 0
    with part.open("wb") as file:
        for chunk in answer.iter_content(2**18):
            done += len(chunk)
            if done > MAX_ARCHIVE:
                raise SlimError(f"{answer.url} is larger than {MAX_ARCHIVE >> 20} MiB; this is not SLIM's build")
            file.write(chunk)
            progress(done, total)
