"""Readers that nobody here wrote open what the local store serves and the job wrote, and see its pixels."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from smoke_tests.slide import make
from tests.jobs.conftest import cloud
from tests.jobs.test_withdrawn import Archive, archive, slide, uids
from tests.needs import missing

__all__ = ["archive", "cloud"]
ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-readers/bin/python"
READERS = ("ez_wsi_dicomweb", "wsidicom", "dicomweb_client", "highdicom", "openslide")
UNABLE = {
    ("rle", "openslide"): "OpenSlide 4 reads JPEG and JPEG 2000 levels only; what is mended for the viewer is JPEG-LS",
}
"""(slide, reader) -> why it cannot; asserted, so that it is noticed when it can."""
LEAST_DB = 45.0


def files_of(name: str) -> list[bytes]:
    return (
        slide()[:1] if name == "base only" else [one.data for one in make(f"readers {name}", size=1024, variant="rle")]
    )


@pytest.fixture(params=["base only", "rle"])
def seen(archive: Archive, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[int, Any], Path]:
    """The slide's name, what viewers have of it by width of the level, and what each reader saw of that."""
    if not PYTHON.exists():
        missing("the environment of other people's DICOM readers is not there; run: make readers")
    files = files_of(request.param)
    study, series = uids(files[0])
    archive.put(*files)
    assert archive.prepare("--study", study)[series]["status"] == "ready"
    folder, out = tmp_path / "files", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    levels: dict[int, Any] = {}
    for uid, data in archive.shown(study).items():
        (folder / f"{uid}.dcm").write_bytes(data)
        dataset = pydicom.dcmread(io.BytesIO(data))
        levels[int(dataset.TotalPixelMatrixColumns)] = dataset
    asked = tmp_path / "request.json"
    token = archive.cloud.iam.token(archive.cloud.iam.owner)
    where = {"root": archive.stores.root(archive.viewers), "token": token, "files": str(folder), "out": str(out)}
    asked.write_text(json.dumps({**where, "study": study, "series": series}))
    subprocess.run([PYTHON, Path(__file__).with_name("read.py"), asked], check=True, timeout=300, env={"NO_PROXY": "*"})
    return request.param, levels, out


def decoded(dataset: Any) -> NDArray[np.uint8]:
    """The total pixel matrix, decoded here."""
    rows, columns = int(dataset.TotalPixelMatrixRows), int(dataset.TotalPixelMatrixColumns)
    across = -(-columns // dataset.Columns)
    whole = np.zeros((rows + dataset.Rows, columns + dataset.Columns, 3), np.uint8)
    for number, frame in enumerate(pydicom.pixels.iter_pixels(dataset)):
        top, left = number // across * dataset.Rows, number % across * dataset.Columns
        whole[top : top + dataset.Rows, left : left + dataset.Columns] = frame
    return whole[:rows, :columns]


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def test_every_reader_sees_the_pixels_of_every_level(seen: tuple[str, dict[int, Any], Path]) -> None:
    name, levels, out = seen
    for reader in READERS:
        failure = out / f"{reader}.txt"
        if why := UNABLE.get((name, reader)):
            assert failure.exists(), f"{reader} can now: {why}"
            continue
        assert not failure.exists(), failure.read_text()
        for width, dataset in levels.items():
            found = np.load(out / f"{reader}-{width}.npy")
            quality = psnr(decoded(dataset), found)
            print(f"{name}: {reader} at {width}: {quality:.1f} dB")
            assert quality >= LEAST_DB, (reader, width, quality)
