"""SLIM built from source at the pinned commit, with our patches: for a look or a tool that no configuration gives.

Owns the commands, all of them in `COMMANDS`. Needs git, Node with corepack, and 8 GB of memory.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from viewer.slim_archive import read_folder
from viewer.slim_pin import PATCHES, Pin, SlimError

CHECK_NODE = ("node", "--version")
COMMANDS = (
    ("corepack", "pnpm@{pnpm}", "install", "--frozen-lockfile", "--ignore-scripts"),
    ("corepack", "pnpm@{pnpm}", "run", "build"),
)
"""In SLIM's folder, after the patches, as SLIM's own release does it; installing runs no script of a dependency."""
ENVIRONMENT = {
    # The name of the config file is all that is baked in; its content is ours and comes with the release.
    "REACT_APP_CONFIG": "local",
    "PUBLIC_URL": "/",
    "NODE_OPTIONS": "--max-old-space-size=6144",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "CI": "true",
}
OUTPUT = "build"


def patch_files(folder: Path = PATCHES) -> list[Path]:
    """In the order in which they are applied."""
    return sorted(folder.glob("*.patch"))


def digest(pin: Pin, patches: Sequence[Path]) -> str:
    """Names what goes into a build: commit, patches, tools. Two equal digests are builds of the same source."""
    total = hashlib.sha256(repr((pin.commit, pin.node, pin.pnpm, COMMANDS, sorted(ENVIRONMENT.items()))).encode())
    for patch in patches:
        total.update(hashlib.sha256(patch.read_bytes()).digest())
    return total.hexdigest()


def from_source(
    pin: Pin, patches: Sequence[Path], commands: Sequence[Sequence[str]] = COMMANDS, node: Sequence[str] = CHECK_NODE
) -> dict[str, bytes]:
    """Clone, check the commit, patch, build; served path → content. Raises SlimError naming the step that failed."""
    version = _run(node, Path(), "Node is needed to build SLIM").strip().removeprefix("v")
    if version.split(".")[: pin.node.count(".") + 1] != pin.node.split("."):
        raise SlimError(f"SLIM is built with Node {pin.node}, here is {version}; install that one")
    with tempfile.TemporaryDirectory(prefix="slim-") as folder:
        home = Path(folder) / "slim"
        _checkout(pin, home)
        for patch in patches:
            _run(("git", "apply", "--index", str(patch.resolve())), home, f"{patch.name} does not apply to {pin.ref}")
        for command in commands:
            words = [word.format(pnpm=pin.pnpm) for word in command]
            _run(words, home, f"building {pin.ref} failed at: {' '.join(words)}")
        built = home / OUTPUT
        if not (built / "index.html").exists():
            raise SlimError(f"the build of {pin.ref} left no {OUTPUT}/index.html; its layout has changed")
        return read_folder(built, f"the build of {pin.ref}")


def _checkout(pin: Pin, home: Path) -> None:
    """The tag must name the commit: a tag can be moved, a commit cannot."""
    what = f"tag {pin.tag} cannot be fetched from {pin.repository}"
    quiet = ("-c", "advice.detachedHead=false")
    clone = ("git", *quiet, "clone", "--quiet", "--depth", "1", "--branch", pin.tag, pin.repository, str(home))
    _run(clone, Path(), what)
    got = _run(("git", "rev-parse", "HEAD"), home, what).strip()
    if got != pin.commit:
        raise SlimError(
            f"tag {pin.tag} of {pin.repository} is commit {got}, pinned is {pin.commit}; "
            "the tag was moved or the pin is wrong: review it and edit viewer/slim/pin.toml"
        )


def _run(command: Sequence[str], folder: Path, what: str) -> str:
    environment = {**os.environ, **ENVIRONMENT}
    try:
        process = subprocess.run(  # noqa: S603 - the commands above, on the pinned source
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise SlimError(f"{what}: {command[0]} is not installed; install it, or release from the archive") from None
    if process.returncode:
        lines = [line.strip() for line in process.stderr.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("error:", "fatal:"))]
        raise SlimError(f"{what}: {(telling or lines or ['it gave no reason'])[0]}")
    return process.stdout
