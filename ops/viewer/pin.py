"""Pinning SLIM: finds a release by GitHub's API, tests it, and writes pin and pass together.

Owns what is asked of GitHub. The files are `viewer.slim_pin`'s, the archive is `viewer.slim_archive`'s.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from viewer import slim_archive, slim_pin
from viewer.application import SlimSource
from viewer.slim_pin import SlimError, SlimPin

UPSTREAM = "/ImagingDataCommons/slim"
NEEDED = 427
"""Pull request of SLIM's that a release must contain: a token goes only to servers that it was meant for."""
TIMEOUT = (10, 30)
BY_HAND = (
    "by hand: get slim-TAG.zip and the tag's full commit id from the release page where it can be reached, then run "
    ".venv/bin/python -m ops viewer pin --tag TAG --commit COMMIT --archive slim-TAG.zip, and: " + slim_pin.SUITE
)
Suite = Callable[[Path], int]
"""Runs the browser suite on the pinned SLIM and writes its JUnit report to the path; gives pytest's status."""


class GitHubReleases:
    """What GitHub says of one repository's releases. Every refusal is a SlimError with the way by hand."""

    def __init__(self, repository: str) -> None:
        self._url, parts = repository, urlsplit(repository)
        github = parts.netloc == "github.com"
        self._api = f"{parts.scheme}://" + ("api.github.com" if github else f"{parts.netloc}/api/v3")
        self._repository = f"{self._api}/repos{parts.path.rstrip('/')}"

    def newest(self, tag: str = "") -> SlimPin:
        """The release `tag`, or the newest one with an archive that contains what is needed."""
        if tag:
            releases = [self._get(f"{self._repository}/releases/tags/{quote(tag, safe='')}")]
        else:
            releases = [
                release for release in self._get(f"{self._repository}/releases?per_page=30")
                if not release["draft"] and not release["prerelease"]
            ]  # fmt: skip
        needed = self._get(f"{self._api}/repos{UPSTREAM}/pulls/{NEEDED}")["merge_commit_sha"]
        passed_over: list[str] = []
        for release in releases:
            name = release["tag_name"]
            assets = [asset for asset in release["assets"] if asset["name"] == f"slim-{name}.zip"]
            if not assets:
                passed_over.append(f"{name} has no slim-{name}.zip")
            elif not self._contains(needed, name):
                passed_over.append(f"{name} does not contain pull request #{NEEDED}")
            else:
                return self._pin(name, assets[0])
        why = "; ".join(passed_over) or "there is no release"
        raise SlimError(f"no release of {self._repository} can be pinned: {why}")

    def _pin(self, tag: str, asset: dict[str, Any]) -> SlimPin:
        digest = str(asset.get("digest") or "")
        if not digest.startswith("sha256:"):
            raise SlimError(f"GitHub states no SHA-256 for {asset['name']}, so nothing can be compared; {BY_HAND}")
        commit = self._get(f"{self._repository}/commits/{quote(tag, safe='')}")["sha"]
        return SlimPin(repository=self._url, tag=tag, commit=commit, sha256=digest.removeprefix("sha256:"))

    def _contains(self, commit: str, tag: str) -> bool:
        compared = self._get(f"{self._repository}/compare/{commit}...{quote(tag, safe='')}")
        return compared["status"] in ("ahead", "identical")

    def _get(self, url: str) -> Any:
        try:
            answer = requests.get(url, headers={"Accept": "application/vnd.github+json"}, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise SlimError(f"{urlsplit(url).netloc} cannot be reached ({type(error).__name__}); {BY_HAND}") from error
        if not answer.ok:
            raise SlimError(f"{url} was answered {answer.status_code} {answer.reason}; {BY_HAND}")
        return answer.json()


def pin_release(
    tag: str, source: SlimSource, suite: Suite, say: Callable[[str], None]
) -> tuple[SlimPin, dict[str, Any]]:
    """Pins the newest release that can be (or `tag`), if the suite passes on it; else the pin stays what it was.

    Gives the pin and its pass.
    """
    before = source.pin.read_text(encoding="utf-8")
    newest = GitHubReleases(slim_pin.repository_of(source.pin)).newest(tag)
    say(f"{newest.tag} is commit {newest.commit}; GitHub states the SHA-256 {newest.sha256} for {newest.archive}")
    slim_archive.unpack(slim_archive.archive(newest, None, source.cache))
    say("the archive was fetched and has that hash; now the browser suite runs on it, which takes some minutes")
    slim_pin.write_pin(source.pin, tag=newest.tag, commit=newest.commit, sha256=newest.sha256)
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "slim.xml"
            status = suite(report)
            if status:
                raise SlimError(f"the browser suite did not pass on {newest.ref} (status {status}): nothing is pinned")
            when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            entry = slim_pin.record_pass(slim_pin.read_pin(source.pin), report, when, source.passes)
    except BaseException:
        source.pin.write_text(before, encoding="utf-8")
        raise
    ran = f"{entry['tests']} tests passed, all {entry['lines']} lines of the suite among them"
    say(f"{ran}; it can: {', '.join(entry['can'])}")
    lacks = [f"{name} ({why})" for name, why in entry["cannot"].items()]
    say(f"it cannot: {'; '.join(lacks) or 'nothing of the list'}")
    say(f"pinned {newest.ref}: commit viewer/slim/pin.toml and viewer/slim/passes.json together, and run: make docs")
    return newest, entry


def run_suite(report: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slim", f"--junit-xml={report}", "tests/browser"]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the project's own tests
