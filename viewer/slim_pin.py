"""Which SLIM: the tag, the commit and the archive's hash in `slim/pin.toml`, the one file that a person edits.

Reads and completes the pin. Getting the files is `viewer.slim_archive` (the published build) or `viewer.slim_source`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

SLIM = Path(__file__).parent / "slim"
PIN = SLIM / "pin.toml"
PATCHES = SLIM / "patches"
OVERLAY = SLIM / "overlay"
EDIT = "edit viewer/slim/pin.toml"
_FORM = {
    "repository": (r"https://\S+|file://\S+|/\S+", "the repository's URL"),
    "tag": (r"v?\d+(?:\.\d+)+(?:-[\w.]+)?", "a release's tag such as v1.2.3"),
    "commit": (r"[0-9a-f]{40}", "40 hexadecimal digits"),
    "sha256": (r"[0-9a-f]{64}|", "64 hexadecimal digits"),
    "node": (r"\d+(?:\.\d+)*", "a version"),
    "pnpm": (r"\d+(?:\.\d+){2}", "an exact version"),
}


class SlimError(Exception):
    """SLIM cannot be released as things are; one sentence with the remedy."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """`sha256` may be empty: then only a build from source is possible."""

    repository: str
    tag: str
    commit: str
    sha256: str
    node: str
    pnpm: str

    @property
    def ref(self) -> str:
        return f"slim {self.tag} {self.commit[:12]}"

    @property
    def archive(self) -> str:
        """The asset's name on the release page."""
        return f"slim-{self.tag}.zip"

    @property
    def archive_url(self) -> str:
        return f"{self.repository}/releases/download/{self.tag}/{self.archive}"


def read_pin(path: Path = PIN) -> Pin:
    """The pin. Raises SlimError naming the first field that is missing or malformed."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SlimError(f"viewer/slim/pin.toml cannot be read: {error}") from None
    values = {key: str(value) for key, value in {**told, **told.get("build", {})}.items() if key != "build"}
    if unknown := sorted(set(values) - set(_FORM)):
        raise SlimError(f"viewer/slim/pin.toml has the unknown field {unknown[0]}; known: {', '.join(_FORM)}")
    for field, (pattern, words) in _FORM.items():
        value = values.get(field, "")
        if not value and field in ("tag", "commit"):
            raise SlimError(
                f"no SLIM is pinned yet: {field} is empty; {EDIT}, or run: "
                ".venv/bin/python -m ops viewer pin --tag TAG --commit COMMIT --archive FILE"
            )
        if not re.fullmatch(pattern, value):
            raise SlimError(f"{field} = {value!r} in viewer/slim/pin.toml must be {words}; {EDIT}")
    return Pin(**values)


def write_pin(path: Path = PIN, **changes: str) -> None:
    """Set fields, keeping the comments; whole or not at all. Raises SlimError for a malformed value."""
    text = path.read_text(encoding="utf-8")
    for field, value in changes.items():
        pattern, words = _FORM[field]
        if not value or not re.fullmatch(pattern, value):
            raise SlimError(f"{field} {value!r} must be {words}")
        text = re.sub(rf'^{field} = ".*"$', f'{field} = "{value}"', text, flags=re.MULTILINE)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
