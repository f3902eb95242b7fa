"""The verbs of the cloud on this machine: up, serve, token, env."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ops.local import state
from ops.local.ownership import AlreadyRunning

PORT = 8787


def seconds(text: str) -> float:
    """A duration that is not nothing."""
    if not 0 < (value := float(text)) < float("inf"):
        raise ValueError(text)
    return value


def port(text: str) -> int:
    """A port of this machine, or 0 for any free one."""
    if not 0 <= (value := int(text)) <= 65535:
        raise ValueError(text)
    return value


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m ops", description="Google Cloud's stand-in on this machine.")
    commands = top.add_subparsers(dest="command", required=True)

    up = commands.add_parser("up", help="start the local cloud, deploy the stack, smoke-test it, keep serving")
    up.add_argument("--once", action="store_true", help="end after the smoke checks, with their exit status")
    up.add_argument(
        "--port",
        type=port,
        default=PORT,
        help="port on 127.0.0.1, to 65535; 0 takes any free one (default: %(default)s)",
    )
    up.add_argument("--json", type=Path, metavar="FILE", help="write the stack's outputs there")
    up.add_argument("--no-viewer", action="store_true", help="do not build and release the viewer")
    up.add_argument("--no-demo", action="store_true", help="do not load the demo slide")

    up.add_argument(
        "--new-project", action="store_true", help="be as awkward as a new project on Google, with delays of seconds"
    )

    serve = commands.add_parser("serve", help="start the empty local cloud alone, for use with the Pulumi CLI")
    serve.add_argument(
        "--port",
        type=port,
        default=PORT,
        help="port on 127.0.0.1, to 65535; 0 takes any free one (default: %(default)s)",
    )
    serve.add_argument(
        "--data", type=Path, metavar="FOLDER", help="keep everything there (default: thrown away at the end)"
    )
    serve.add_argument("--project", default="dicom-local", help="project id that exists (default: %(default)s)")
    serve.add_argument("--new-project", action="store_true", help="be as awkward as a new project on Google")
    serve.add_argument(
        "--duplicates",
        choices=("reject_all", "accept_identical"),
        default="reject_all",
        help="what a DICOM store does with an identical instance that it has (default: %(default)s)",
    )
    serve.add_argument(
        "--request-seconds",
        type=seconds,
        default=1800,
        metavar="N",
        help="deadline of one request to a DICOM store, in seconds (default: %(default)s)",
    )
    serve.add_argument("--write-config", type=Path, metavar="FILE", help="point this stack file's endpoint block here")

    token = commands.add_parser("token", help="print an access token for a principal, valid for an hour")
    token.add_argument(
        "--as", dest="principal", required=True, metavar="PRINCIPAL", help="e-mail of an identity, user or group"
    )

    commands.add_parser("env", help="print the export lines that point the Pulumi CLI and Google's clients here")
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.command == "up":
            from ops.local.up import up

            return up(options)
        if options.command == "serve":
            from ops.local.serve import serve

            return serve(options)
        return ask_running(options)
    except (state.NotRunning, AlreadyRunning) as error:
        return refuse(str(error))
    except KeyboardInterrupt:
        return refuse("stopped by Ctrl-C", 130)


def refuse(sentence: str, status: int = 2) -> int:
    print(f"ops: {sentence}", file=sys.stderr)
    return status


def ask_running(options: argparse.Namespace) -> int:
    running = state.load()
    if options.command == "env":
        from ops.local.pointing import exports

        home = (state.FOLDER / "pulumi").resolve()
        home.mkdir(parents=True, exist_ok=True)
        print("\n".join(exports(running, home)))
        return 0
    from ops.local.client import ApiRefused, access_token

    try:
        print(access_token(running, options.principal))
    except ApiRefused as error:
        return refuse(str(error), 1)
    return 0
