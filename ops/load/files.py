"""The files of a folder: which are DICOM, and what may not be sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import MediaStorageDirectoryStorage

from ops.load.outcome import CannotLoad, Outcome, Verdict

LEFT_BY_SYSTEMS = (
    *("._*", ".DS_Store", ".AppleDouble", ".localized", ".Spotlight-V100", ".Trashes", ".fseventsd", "Icon\r"),
    *(".TemporaryItems", ".apdisk", ".DocumentRevisions-V100", ".VolumeIcon.icns", "__MACOSX"),
    *("Thumbs.db*", "ehthumbs*.db", "desktop.ini", "autorun.inf", "$RECYCLE.BIN", "System Volume Information"),
    *(".directory", ".Trash-*", ".nfs*", ".fuse_hidden*", ".hidden", "lost+found", "@eaDir", "#recycle", ".lock"),
    *("~$*", ".~lock.*", "*~", ".*.sw[a-p]"),
)
"""Names, as patterns without regard to case, of files and folders that systems leave where people keep files."""
TAGS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "StudyDate")


@dataclass(frozen=True)
class DicomFile:
    """A file that may be sent; `bytes` is its size."""

    path: Path
    bytes: int
    study: str
    series: str
    instance: str
    patient: tuple[str, str]
    """PatientID and StudyDate, only ever compared: a store's searches are undefined when a study disagrees on them."""


def scan(folder: Path) -> tuple[list[DicomFile], list[Outcome]]:
    """(files to send, outcomes of the files that are not), in the order of their names."""
    if not folder.exists():
        raise CannotLoad(f"{folder} does not exist: give a folder, a DICOM file or gs://bucket/prefix")
    paths = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
    if not paths:
        raise CannotLoad(f"{folder} holds no files")
    files: list[DicomFile] = []
    others: list[Outcome] = []
    for path in paths:
        read = _read(path)
        if isinstance(read, DicomFile):
            files.append(read)
        elif read.verdict is Verdict.REFUSED and _is_system_file(path, folder):
            # Only what is no image: a DICOM file is sent whatever its name is.
            others.append(Outcome(str(path), Verdict.SKIPPED, read.bytes, "left by an operating system, no image"))
        else:
            others.append(read)
    disagreeing = _disagreeing(files)
    for file in files:
        if file.study in disagreeing:
            reason = (
                f"the files of study {file.study} disagree on PatientID or StudyDate: mend them, nothing of it is sent"
            )
            others.append(Outcome(str(file.path), Verdict.REFUSED, file.bytes, reason))
    return [file for file in files if file.study not in disagreeing], others


def _is_system_file(path: Path, folder: Path) -> bool:
    """Whether the file, or a folder between it and `folder`, has a name that systems give to what is no document."""
    parts = path.relative_to(folder).parts or (path.name,)
    return any(fnmatchcase(part.lower(), name.lower()) for part in parts for name in LEFT_BY_SYSTEMS)


def _read(path: Path) -> DicomFile | Outcome:
    """Reads the header only. Error texts of the parser may quote values, so they are not passed on."""
    try:
        size = path.stat().st_size
        dataset = dcmread(path, stop_before_pixels=True, specific_tags=list(TAGS))
    except InvalidDicomError:
        return Outcome(str(path), Verdict.REFUSED, 0, "not a DICOM file: no DICM at byte 128")
    except OSError as error:
        return Outcome(str(path), Verdict.REFUSED, 0, f"cannot be read: {error.strerror or type(error).__name__}")
    except Exception as error:  # a damaged file makes pydicom raise almost anything
        return Outcome(str(path), Verdict.REFUSED, 0, f"damaged: its header cannot be read ({type(error).__name__})")
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return Outcome(str(path), Verdict.SKIPPED, size, "DICOMDIR: the index of a medium, no image")
    values = [str(dataset.get(keyword) or "") for keyword in TAGS]
    if missing := [keyword for keyword, value in zip(TAGS[:3], values, strict=False) if not value]:
        return Outcome(str(path), Verdict.REFUSED, size, f"has no {missing[0]}")
    study, series, instance, patient, date = values
    return DicomFile(path, size, study, series, instance, (patient, date))


def _disagreeing(files: Iterable[DicomFile]) -> set[str]:
    patients: dict[str, set[tuple[str, str]]] = {}
    for file in files:
        patients.setdefault(file.study, set()).add(file.patient)
    return {study for study, of in patients.items() if len(of) > 1}
