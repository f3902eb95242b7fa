"""`python -m viewer build | release | status | rollback`: the viewer of one deployed stack."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from viewer.build import FileSet, build
from viewer.hosting import HostingApi, HostingError
from viewer.packages import PackagesRefused, install
from viewer.release import LABEL, Released, content_hash, release, rollback
from viewer.target import Target, TargetError, read_file, token_source
from viewer.verify import faults

OUTPUTS = Path(".localcloud/outputs.json")


class Unverified(Exception):
    """The release is live, but the site does not answer as it should."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m viewer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("build", "write the file set and its firebase.json into a folder"),
        ("release", "make this viewer live, unless it is already, and check the site"),
        ("status", "say what is live and whether it is what this checkout would release"),
        ("rollback", "make the previous release live again"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("--outputs", type=Path, default=OUTPUTS, help="the stack's outputs (default: %(default)s)")
        command.add_argument("--site", choices=("viewer", "preview"), default="viewer")
        if name == "build":
            command.add_argument("--out", type=Path, required=True, help="an empty or new folder")
        else:
            command.add_argument("--token-command", help="prints an access token of {principal}")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    chosen = arguments(argv)
    try:
        target = read_file(chosen.outputs, chosen.site)
        if chosen.command == "build":
            write(target, chosen.out)
            return 0
        api = HostingApi(target.endpoint, target.site, token_source(chosen.token_command, target.releaser))
        {"release": run_release, "status": status, "rollback": run_rollback}[chosen.command](target, api)
    except (TargetError, PackagesRefused, HostingError, Unverified, FileNotFoundError) as error:
        print(f"viewer: {error}", file=sys.stderr)
        return 1
    return 0


def built(target: Target) -> FileSet:
    return build(target.config, install())


def write(target: Target, out: Path) -> None:
    files = built(target)
    files.write(out / "public")
    hosting = {"hosting": {**target.firebase, "public": "public"}}
    (out / "firebase.json").write_text(json.dumps(hosting, indent=2) + "\n")
    print(f"{len(files.files)} files in {out}/public, served as {out}/firebase.json says")


def run_release(target: Target, api: HostingApi) -> Released:
    """Build, release and verify; also what `make up` calls."""
    files = built(target)
    console = Console(stderr=True)
    columns = (TextColumn("viewer"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("upload", total=None)
        done = release(
            api, files, target.firebase, progress=lambda count, total: bar.update(task, completed=count, total=total)
        )
    if found := faults(target.url, files, target.config, target.firebase):
        raise Unverified(f"{target.url} does not serve what was released: {'; '.join(found)}")
    how = f"released, {done.uploaded} of {done.total} files uploaded" if done.changed else "already live, nothing to do"
    print(f"viewer {target.url}: {how}; site checked")
    return done


def status(target: Target, api: HostingApi) -> None:
    live = api.live()
    if live is None or "version" not in live:
        print(f"{target.site}: nothing released yet")
        return
    version, ours = live["version"], content_hash(built(target), target.firebase)
    same = version.get("labels", {}).get(LABEL) == ours
    who = live.get("releaseUser", {}).get("email", "somebody")
    print(f"{target.url} serves {version['name']} ({live['type']} by {who}, {live['releaseTime']})")
    print("this checkout would release the same" if same else f"this checkout would release something else ({ours})")


def run_rollback(target: Target, api: HostingApi) -> None:
    print(f"{target.url} serves {rollback(api)} again")


if __name__ == "__main__":
    sys.exit(main())
