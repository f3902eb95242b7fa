"""A synthetic whole slide as DICOM instances, with the digest of every frame known before anything is sent.

The same run id, painter, size and variant always give the same bytes. Nothing in it comes from a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydicom.uid import JPEGBaseline8Bit, RLELossless

from smoke_tests.slide.dataset import Form, part10, study
from smoke_tests.slide.grid import Grid
from smoke_tests.slide.identity import Identity, Purpose
from smoke_tests.slide.pyramid import Level, Painter, Pixels, jpeg, levels, paint, rle
from smoke_tests.slide.tissue import Tissue

PainterName = Literal["grid", "tissue"]
Variant = Literal["complete", "base-only", "sparse", "rle", "partial-icc", "duplicate-level"]
LARGEST = 16_384
PAINTERS: dict[str, Callable[[int, int, str], Painter]] = {"grid": Grid, "tissue": Tissue}


@dataclass(frozen=True)
class Instance:
    """One level, `columns` x `rows` pixels. `frames` are sha256 hex digests of the stored frames, in order."""

    study: str
    series: str
    uid: str
    level: int
    columns: int
    rows: int
    tile: int
    frames: tuple[str, ...]
    data: bytes
    """The DICOM file."""


def make(
    run_id: str,
    *,
    painter: PainterName = "grid",
    size: int = 4096,
    tile: int = 256,
    variant: Variant = "complete",
    purpose: Purpose = "smoke",
) -> list[Instance]:
    """A square slide of `size` base pixels, base level first. ValueError says which argument cannot be."""
    for name, value, allowed in (
        ("painter", painter, PainterName),
        ("variant", variant, Variant),
        ("purpose", purpose, Purpose),
    ):
        if value not in get_args(allowed):
            raise ValueError(f"{name} {value!r} is unknown; use one of {', '.join(get_args(allowed))}")
    if tile not in range(64, 1025, 64):
        raise ValueError(f"tile {tile} does not fit; use a multiple of 64 up to 1024")
    if not tile <= size <= LARGEST:
        raise ValueError(f"size {size} does not fit; use {tile} (one tile) to {LARGEST}")
    if not 0 < len(run_id) <= 48:
        raise ValueError(f"run id {run_id!r} does not fit into PatientID; use 1 to 48 characters")
    who = Identity(run_id, purpose, f"{painter}/{size}/{tile}/{variant}")
    pyramid = levels(size, size, tile)
    encode = rle if variant == "rle" else jpeg
    frames = paint(PAINTERS[painter](size, size, run_id), pyramid, encode)
    return list(_instances(who, variant, pyramid, frames))


def _instances(who: Identity, variant: Variant, pyramid: list[Level], frames: list[list[bytes]]) -> list[Instance]:
    shared = study(who)
    chosen = [(level, f"level {level.index}") for level in pyramid]
    if variant == "base-only":
        chosen = chosen[:1]
    if variant == "duplicate-level":
        chosen.append((pyramid[min(1, len(pyramid) - 1)], "level again"))
    made: list[Instance] = []
    for number, (level, role) in enumerate(chosen, 1):
        form = Form(
            sparse=variant == "sparse",
            icc=variant != "partial-icc" or level.index == 0,
            syntax=RLELossless if variant == "rle" else JPEGBaseline8Bit,
        )
        data = part10(shared, who, role, number, level, frames[level.index], form)
        digests = tuple(hashlib.sha256(frame).hexdigest() for frame in frames[level.index])
        made.append(
            Instance(
                study=shared.StudyInstanceUID,
                series=shared.SeriesInstanceUID,
                uid=who.uid(role),
                level=level.index,
                columns=level.columns,
                rows=level.rows,
                tile=level.tile,
                frames=digests,
                data=data,
            )
        )
    return made


def write(instances: list[Instance], folder: Path) -> list[Path]:
    """One `.dcm` file an instance, named by its UID."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{instance.uid}.dcm" for instance in instances]
    for path, instance in zip(paths, instances, strict=True):
        path.write_bytes(instance.data)
    return paths


__all__ = ["Instance", "PainterName", "Pixels", "Purpose", "Variant", "make", "write"]
