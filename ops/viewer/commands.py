"""`python -m ops viewer COMMAND`: the viewer of one deployed stack, and which SLIM it is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ops.client.refusal import OpsRefused
from ops.viewer import actions
from ops.viewer.hosting import HostingError
from viewer.capabilities import ReportUnusable
from viewer.packages import PackagesRefused
from viewer.slim_pin import SlimError

OUTPUTS = Path(".localcloud/outputs.json")
REFUSALS = (OpsRefused, PackagesRefused, HostingError, SlimError, ReportUnusable, actions.Unverified, FileNotFoundError)
"""Each is one sentence with its remedy; anything else is a fault of ours."""

COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], None], str]] = {
    "build": (actions.write, "write the file set and its firebase.json into a folder"),
    "release": (actions.release, "make this viewer live, unless it is already, and check the site"),
    "status": (actions.status, "say what is live and whether it is what this checkout would release"),
    "rollback": (actions.rollback, "make the previous release live again"),
    "pin": (actions.pin, "find, test and record the newest SLIM; with --archive, record the one at hand"),
    "record-pass": (actions.record_pass, "record that the browser suite passed for the pinned SLIM"),
    "capabilities": (actions.record_capabilities, "write the list of what each viewer can do from the suite's report"),
}


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops viewer", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True)
    made = {name: subparsers.add_parser(name, help=what, description=what) for name, (_, what) in COMMANDS.items()}
    for name in ("build", "release", "status", "rollback"):
        made[name].add_argument("--outputs", type=Path, default=OUTPUTS, help="the stack's outputs (%(default)s)")
        made[name].add_argument("--site", choices=("viewer", "preview"), default="viewer")
    for name in ("release", "status", "rollback"):
        made[name].add_argument("--token-command", help="prints an access token of {principal}")
    for name in ("build", "release", "status", "pin"):
        made[name].add_argument("--archive", type=Path, help="SLIM's release archive, in place of a download")
    made["build"].add_argument("--out", type=Path, required=True, help="an empty or new folder")
    release = made["release"]
    release.add_argument("--host", choices=("firebase", "cloud_run"), help="the stack's viewerHost unless named")
    release.add_argument("--channel", default="", help="release to a channel of the preview site, for header checks")
    release.add_argument("--ttl", default="7d", help="how long the channel lives: 1h to 7d (default: %(default)s)")
    release.add_argument("--base", default="", help="for cloud_run: the nginx-unprivileged image by digest")
    release.add_argument(
        "--out", type=Path, default=Path(".localcloud/viewer-image"), help="for cloud_run: a new folder"
    )
    made["pin"].add_argument("--tag", default="", help="the release's tag, the newest that can be pinned unless named")
    made["pin"].add_argument("--commit", default="", help="full id of the tag's commit")
    made["record-pass"].add_argument("--junit", type=Path, required=True, help="JUnit report of the suite's slim mode")
    made["capabilities"].add_argument("--junit", type=Path, required=True, help="JUnit report of tests/browser")
    made["capabilities"].add_argument("--build", default="", help="what the list calls the SLIM that was tested")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    chosen = arguments(argv)
    try:
        COMMANDS[chosen.command][0](chosen)
    except REFUSALS as error:
        print(f"viewer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("viewer: interrupted; what was live before is live still, and a rerun goes on from here", file=sys.stderr)
        return 130
    return 0
