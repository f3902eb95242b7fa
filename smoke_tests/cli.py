"""The command line: reads arguments, calls one function a command, turns its result into an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from smoke_tests import slide
from smoke_tests.slide.identity import new_run_id

COULD_NOT_RUN = 2


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m smoke_tests", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    make = commands.add_parser("slide", help="write a synthetic slide as DICOM files")
    make.add_argument("--out", type=Path, required=True, help="folder for the files")
    make.add_argument("--painter", default="grid", choices=get_args(slide.PainterName))
    make.add_argument("--size", type=int, default=4096, help="edge of the base level in pixels")
    make.add_argument("--tile", type=int, default=256, help="edge of a tile in pixels")
    make.add_argument("--run-id", help="names the study; the same id gives the same bytes (default: a new one)")
    make.add_argument("--variant", default="complete", choices=get_args(slide.Variant))
    make.add_argument("--purpose", default="demo", choices=get_args(slide.Purpose), help="smoke slides get swept away")
    return top


def make_slide(arguments: argparse.Namespace) -> int:
    instances = slide.make(
        arguments.run_id or new_run_id(datetime.now(UTC)),
        painter=arguments.painter,
        size=arguments.size,
        tile=arguments.tile,
        variant=arguments.variant,
        purpose=arguments.purpose,
    )
    for path, instance in zip(slide.write(instances, arguments.out), instances, strict=True):
        frames = len(instance.frames)
        print(f"{path}  {instance.columns} x {instance.rows}  {frames} frames  {len(instance.data)} bytes")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        return {"slide": make_slide}[arguments.command](arguments)
    except (ValueError, OSError) as error:
        print(f"smoke_tests {arguments.command}: {error}", file=sys.stderr)
        return COULD_NOT_RUN
