"""Synthetic request bodies of the store's benchmark, written to disk without holding them."""

from __future__ import annotations

import io
import os
import uuid
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate_extended
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

BOUNDARY = "benchmark0boundary"
KIND = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
HEAD = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def uid() -> str:
    return f"2.25.{uuid.uuid4().int}"


def describe(number: int = 0) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.77.1.6", "SM"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = uid(), uid(), uid()
    ds.PatientName, ds.PatientID, ds.StudyDate = f"SYNTHETIC^N{number}", f"BENCH-{number}", "20260102"
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 3, 8, 8, 7, 0
    ds.PhotometricInterpretation, ds.PlanarConfiguration, ds.NumberOfFrames = "RGB", 0, 1
    ds.Rows = ds.Columns = 64
    ds.TotalPixelMatrixColumns = ds.TotalPixelMatrixRows = 64
    return ds


def encode(ds: Dataset) -> bytes:
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def big_instance(folder: Path, size: int) -> tuple[Path, str]:
    """A request body with one native instance of about `size` bytes; (file, StudyInstanceUID)."""
    ds = describe()
    ds.Rows = ds.Columns = 512
    frame = 512 * 512 * 3
    ds.NumberOfFrames = size // frame
    ds.PixelData = b""
    head = encode(ds)
    path = folder / "big.body"
    block = os.urandom(frame)
    with path.open("wb") as out:
        out.write(HEAD + head[:-4] + (size // frame * frame).to_bytes(4, "little"))
        for _ in range(size // frame):
            out.write(block)
        out.write(TAIL)
        out.flush()
        os.fsync(out.fileno())
    return path, str(ds.StudyInstanceUID)


def multiframe(folder: Path, frames: int, length: int) -> tuple[Path, str]:
    """A body with one encapsulated instance; (file, path of the instance)."""
    ds = describe()
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.NumberOfFrames = frames
    data = encapsulate_extended([os.urandom(length) for _ in range(frames)])
    ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = data
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    path = folder / "frames.body"
    path.write_bytes(HEAD + encode(ds) + TAIL)
    return path, f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"


def small_body(folder: Path, count: int, first: int) -> tuple[Path, list[dict[str, str]]]:
    """A body with `count` small instances, five a series and two series a study; their UIDs and patients."""
    path, uids = folder / "small.body", list[dict[str, str]]()
    study, series = uid(), uid()
    with path.open("wb") as out:
        for n in range(count):
            if n % 10 == 0:
                study = uid()
            if n % 5 == 0:
                series = uid()
            ds = describe((first + n) // 10)
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.Rows = ds.Columns = 4
            ds.PixelData = bytes(48)
            out.write(HEAD + encode(ds) + b"\r\n")
            uids.append(
                {"study": study, "series": series, "instance": str(ds.SOPInstanceUID), "patient": str(ds.PatientID)}
            )
        out.write(f"--{BOUNDARY}--\r\n".encode())
    return path, uids
