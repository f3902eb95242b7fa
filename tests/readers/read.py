"""Run in .venv-readers: opens a series as other people's programs do, and writes what each of them saw.

`read.py REQUEST`: a JSON file with `root` (DICOMweb), `token`, `study`, `series`, and the folders `files` and `out`.
Each reader writes `out/<reader>-<width>.npy`, the pixels of a level as RGB, or `out/<reader>.txt`, why it could not.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

Request = dict[str, str]
Levels = Iterator[tuple[int, Any]]
"""Width of a level and its pixels, rows by columns by RGB."""
np = import_module("numpy")


def session_of(request: Request) -> Any:
    session = import_module("requests").Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {request['token']}"
    return session


def client_of(request: Request) -> Any:
    return import_module("dicomweb_client.web").DICOMwebClient(request["root"], session=session_of(request))


def ez_wsi_dicomweb(request: Request) -> Levels:
    """Google's own pathology client."""
    credentials = import_module("ez_wsi_dicomweb.credential_factory").TokenPassthroughCredentialFactory(
        request["token"]
    )
    interface = import_module("ez_wsi_dicomweb.dicom_web_interface").DicomWebInterface(credentials)
    path = import_module("ez_wsi_dicomweb.ml_toolkit.dicom_path").FromString(
        f"{request['root']}/studies/{request['study']}/series/{request['series']}"
    )
    slide = import_module("ez_wsi_dicomweb.dicom_slide").DicomSlide(interface, path)
    for level in slide.levels:
        yield level.width, slide.get_patch(level, 0, 0, level.width, level.height).image_bytes()


def wsidicom(request: Request) -> Levels:
    client = import_module("wsidicom").WsiDicomWebClient(client_of(request))
    with import_module("wsidicom").WsiDicom.open_web(client, request["study"], request["series"]) as slide:
        for level in slide.levels:
            size = level.size
            yield size.width, slide.read_region((0, 0), level.level, (size.width, size.height)).convert("RGB")


def dicomweb_client(request: Request) -> Levels:
    """Whole instances, decoded by pydicom's own plugins, tile by tile."""
    for dataset in client_of(request).retrieve_series(request["study"], request["series"]):
        yield int(dataset.TotalPixelMatrixColumns), laid_out(dataset)


def highdicom(request: Request) -> Levels:
    """The files."""
    for file in sorted(Path(request["files"]).iterdir()):
        image = import_module("highdicom").imread(file)
        yield int(image.TotalPixelMatrixColumns), image.get_total_pixel_matrix(apply_icc_profile=False)


def openslide(request: Request) -> Levels:
    """The files."""
    with import_module("openslide").OpenSlide(sorted(Path(request["files"]).iterdir())[0]) as slide:
        for number, size in enumerate(slide.level_dimensions):
            yield size[0], slide.read_region((0, 0), number, size).convert("RGB")


def laid_out(dataset: Any) -> Any:
    frames = import_module("pydicom.pixels").iter_pixels(dataset)
    rows, columns = int(dataset.TotalPixelMatrixRows), int(dataset.TotalPixelMatrixColumns)
    whole = np.zeros((rows + dataset.Rows, columns + dataset.Columns, 3), np.uint8)
    across = -(-columns // dataset.Columns)
    for number, frame in enumerate(frames):
        top, left = number // across * dataset.Rows, number % across * dataset.Columns
        whole[top : top + dataset.Rows, left : left + dataset.Columns] = frame
    return whole[:rows, :columns]


READERS: tuple[Callable[[Request], Levels], ...] = (ez_wsi_dicomweb, wsidicom, dicomweb_client, highdicom, openslide)


def main(request: Request) -> None:
    out = Path(request["out"])
    for reader in READERS:
        try:
            for width, pixels in reader(request):
                np.save(out / f"{reader.__name__}-{width}.npy", np.asarray(pixels, np.uint8))
        except Exception:  # one reader that fails says nothing of the others
            (out / f"{reader.__name__}.txt").write_text(traceback.format_exc())


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
