"""`python ops/scan.py [--root FOLDER]`: the scanners of others over what is in Git; red for what is not justified.

hadolint reads Dockerfiles, zizmor the GitHub workflows (offline), detect-secrets every file, pip-audit the lock files.
A finding that stays is in scanners.yaml with a reason and a day; an entry that is past its day, or that finds nothing
any more, is red too. Where pip-audit's advisories cannot be had, that is said; ADVISORIES=required makes it red.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

BIN = Path(sys.executable).parent
JUSTIFIED = "scanners.yaml"


@dataclass(frozen=True)
class ScannerFinding:
    scanner: str
    file: str
    what: str
    """Rule or kind; of a secret with the beginning of its hash, so that another one in the same file is not covered."""
    line: int = 0
    words: str = ""

    def __str__(self) -> str:
        return f"{self.scanner}: {self.file}:{self.line}: {self.what}{': ' if self.words else ''}{self.words}"


@dataclass(frozen=True)
class Entry:
    """One line of scanners.yaml."""

    scanner: str
    file: str
    finding: str
    why: str
    until: date

    def covers(self, finding: ScannerFinding) -> bool:
        return (
            self.scanner == finding.scanner
            and fnmatchcase(finding.file, self.file)
            and fnmatchcase(finding.what, self.finding)
        )


class NotRun(Exception):
    """A scanner could not do its work, for a reason that is not the code's."""


def output(root: Path, *command: str, codes: Sequence[int] = (0, 1)) -> str:
    """What a scanner prints; its exit codes for "nothing" and "something" are `codes`."""
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise SystemExit(f"scan: {command[0]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def files(root: Path) -> list[str]:
    """What is in Git, or would be after `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        raise SystemExit(f"scan: what to look at is what Git lists, and it lists nothing: {listed.stderr.strip()}")
    return [name for name in listed.stdout.splitlines() if (root / name).is_file()]


def hadolint(root: Path, names: list[str]) -> Iterator[ScannerFinding]:
    dockerfiles = [name for name in names if Path(name).name.startswith("Dockerfile")]
    if dockerfiles:
        for row in json.loads(output(root, "hadolint", "--format", "json", *dockerfiles)):
            yield ScannerFinding("hadolint", row["file"], row["code"], row["line"], row["message"])


def zizmor(root: Path, names: list[str]) -> Iterator[ScannerFinding]:
    if not any(name.startswith(".github/") and name.endswith((".yml", ".yaml")) for name in names):
        return
    command = ("zizmor", "--offline", "--no-progress", "--format", "json-v1", ".github")
    for row in json.loads(output(root, *command, codes=(0, 10, 11, 12, 13, 14))):
        [where, *_] = [place for place in row["locations"] if place["symbolic"]["kind"] == "Primary"] or row[
            "locations"
        ]
        point = where["concrete"]["location"]["start_point"]
        name = where["symbolic"]["key"]["Local"]["verbatim_path"]
        yield ScannerFinding("zizmor", name.removeprefix("./"), row["ident"], point["row"] + 1, row["desc"])


def detect_secrets(root: Path, names: list[str], justified: dict[str, Any]) -> Iterator[ScannerFinding]:
    whole = [
        finding["file"]
        for finding in justified["findings"]
        if finding["scanner"] == "detect-secrets" and finding["finding"] == "*"
    ]
    looked_at = [name for name in names if name not in whole]
    yield from (ScannerFinding("detect-secrets", name, "not looked at") for name in whole if name in names)
    patterns = [
        word for secret in justified.get("not_secrets", ()) for word in ("--exclude-secrets", secret["pattern"])
    ]
    document = (
        json.loads(output(root, "detect-secrets", "scan", *patterns, *looked_at)) if looked_at else {"results": {}}
    )
    for name, secrets in document["results"].items():
        for secret in secrets:
            yield ScannerFinding(
                "detect-secrets", name, f"{secret['type']} {secret['hashed_secret'][:8]}", secret["line_number"]
            )


def pip_audit(root: Path, names: list[str]) -> Iterator[ScannerFinding]:
    locks = [name for name in names if Path(name).match("requirements*.txt") or Path(name).match("requirements/*.txt")]
    unknown = total = 0
    for lock in locks:
        command = ("pip-audit", "--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json")
        dependencies = json.loads(output(root, *command))["dependencies"]
        total += len(dependencies)
        unknown += sum("skip_reason" in dependency for dependency in dependencies)
        for dependency in dependencies:
            for advisory in dependency.get("vulns", ()):
                fixed = ", ".join(advisory["fix_versions"]) or "nothing yet"
                words = f"{dependency['name']} {dependency['version']}, mended in {fixed}"
                yield ScannerFinding("pip-audit", lock, advisory["id"], words=words)
    if unknown:
        raise NotRun(f"its advisories could not be had for {unknown} of {total} pinned packages, so it proves nothing")


def judge(findings: list[ScannerFinding], entries: list[Entry], today: date) -> list[str]:
    """What is wrong, in words; empty for good."""
    problems = [str(finding) for finding in findings if not any(entry.covers(finding) for entry in entries)]
    for entry in entries:
        named = f"{JUSTIFIED}: {entry.scanner} {entry.file} {entry.finding!r}"
        if entry.until < today:
            problems.append(f"{named} was justified until {entry.until}: look again")
        if not any(entry.covers(finding) for finding in findings):
            problems.append(f"{named} finds nothing any more: take it out")
    return problems


def scan(root: Path, today: date) -> tuple[list[str], list[str]]:
    """Problems, and which scanners did not run and why."""
    path = root / JUSTIFIED
    justified: dict[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {"findings": []}
    entries = [Entry(**finding) for finding in justified["findings"]]
    names = files(root)
    findings = [*hadolint(root, names), *zizmor(root, names), *detect_secrets(root, names, justified)]
    not_run: list[str] = []
    try:
        findings += pip_audit(root, names)
    except NotRun as why:
        not_run.append(f"pip-audit: {why}")
        entries = [entry for entry in entries if entry.scanner != "pip-audit"]
    return judge(findings, entries, today), not_run


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    problems, not_run = scan(parser.parse_args(arguments).root, date.today())
    required = os.environ.get("ADVISORIES") == "required"
    for line in not_run:
        print(f"scan: NOT RUN: {line}{'' if required else '; it runs in GitHub Actions'}")
    for line in problems:
        print(f"scan: {line}")
    if problems:
        print(f"scan: {len(problems)} to fix, or to justify in {JUSTIFIED}")
    return 1 if problems or (not_run and required) else 0


if __name__ == "__main__":
    sys.exit(main())
