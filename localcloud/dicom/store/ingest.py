"""From a file that has arrived to an instance that can be committed: checked, indexed, described, on the disk."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from localcloud.dicom.files import jsonmodel
from localcloud.dicom.files.elements import MalformedDicom
from localcloud.dicom.files.jsonmodel import Attributes, first, groups
from localcloud.dicom.files.part10 import ParsedFile, number, read
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.index import InstanceRecord, NewInstance, Searchable
from localcloud.dicom.store.summaries import SERIES_ALL, STUDY_ALL
from localcloud.inflation import InflationBudget

PROCESSING_FAILURE = 0x0110
MISMATCH = 0xA901
CANNOT_UNDERSTAND = 0xC000

UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAX_SUMMARY = 1024
"""Serialized bytes of an attribute above which a search reads it from the instance's metadata instead of the index."""
IDENTITY = {
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
    "00080018": "SOPInstanceUID",
    "00080016": "SOPClassUID",
}


class InstanceRefused(Exception):
    """One instance cannot be stored: `reason` is a FailureReason (0008,1197), the text says why."""

    def __init__(self, reason: int, message: str, sop_class: str = "", instance: str = "", study: str = "") -> None:
        super().__init__(message)
        self.reason, self.message = reason, message
        self.sop_class, self.instance, self.study = sop_class, instance, study


@dataclass(frozen=True)
class StagedInstance:
    """An instance on the disk whose row is not there yet."""

    new: NewInstance

    @property
    def record(self) -> InstanceRecord:
        return self.new.record


@contextlib.contextmanager
def understood() -> Generator[None]:
    """What is no DICOM file is an instance refused."""
    try:
        yield
    except RecursionError as error:
        raise InstanceRefused(CANNOT_UNDERSTAND, "sequences are nested too deep") from error
    except MalformedDicom as error:
        raise InstanceRefused(CANNOT_UNDERSTAND, str(error)) from error


def stage(archive: Archive, name: str, study: str, budget: InflationBudget) -> StagedInstance:
    """Describe `<name>.dcm`, already written. `study` is the UID that it must have, if any.

    Raises `InstanceRefused`; the files of a refused instance are gone.
    """
    try:
        with understood():
            return describe(archive, name, study, budget)
    except BaseException:
        archive.discard(name)
        raise


def describe(archive: Archive, name: str, study: str, budget: InflationBudget) -> StagedInstance:
    path = archive.path(name)
    file = read(path, budget)
    nested: list[tuple[str, bytes]] = []
    model = jsonmodel.model(file, lambda where, value: nested.append((where, value)))
    uids = {keyword: first(model, tag) for tag, keyword in IDENTITY.items()}
    check_identity(uids, study)
    text = jsonmodel.dump(model)
    at = len(file.index) + len(text)
    bulk: dict[str, list[Any]] = {
        f"{element.tag:08X}": ["raw" if file.work != path else "dcm", element.value, element.length, element.vr]
        for element in file.bulk
    }
    with archive.path(name, "aux").open("wb") as out:
        out.write(file.index + text)
        for where, value in nested:
            bulk[where] = ["aux", at, len(value), ""]
            at += out.write(value)
        out.flush()
        os.fsync(out.fileno())
    record = InstanceRecord(
        study=uids["StudyInstanceUID"],
        series=uids["SeriesInstanceUID"],
        instance=uids["SOPInstanceUID"],
        sop_class=uids["SOPClassUID"],
        syntax=str(file.syntax),
        file=name,
        size=path.stat().st_size,
        index_size=len(file.index),
        metadata_size=len(text),
        image=image(file),
        bulk=bulk,
    )
    modality, names = first(model, "00080060"), "=".join(groups(model, "00100010"))
    return StagedInstance(NewInstance(record, searchable(model), modality, names, summaries(model)))


def check_identity(uids: dict[str, str], study: str) -> None:
    for keyword, uid in uids.items():
        if not UID.fullmatch(uid) or len(uid) > 64:
            raise InstanceRefused(
                CANNOT_UNDERSTAND,
                f"{keyword} is missing"
                if not uid
                else f"{keyword} {uid[:80]!r} is not a UID (digits and dots, at most 64)",
                uids["SOPClassUID"] if keyword != "SOPClassUID" else "",
                uids["SOPInstanceUID"] if keyword != "SOPInstanceUID" else "",
            )
    if study and uids["StudyInstanceUID"] != study:
        raise InstanceRefused(
            MISMATCH,
            f"StudyInstanceUID {uids['StudyInstanceUID']} differs from {study} in the request's path",
            uids["SOPClassUID"],
            uids["SOPInstanceUID"],
        )


def image(file: ParsedFile) -> dict[str, Any]:
    """What reading and decoding a frame needs, by DICOM keyword in the pixel module's words."""
    dataset = file.dataset
    keywords = "Rows Columns SamplesPerPixel BitsAllocated BitsStored HighBit PixelRepresentation PlanarConfiguration"
    attributes: dict[str, Any] = {word: number(dataset, word) for word in keywords.split() if word in dataset}
    attributes["PhotometricInterpretation"] = str(dataset.get("PhotometricInterpretation", ""))
    attributes["frames"] = number(dataset, "NumberOfFrames") or 1
    attributes["little"] = file.encoding.little
    if file.native:
        attributes["native"] = [file.native.offset, file.native.length, file.native.bits]
    if file.float_bits:
        attributes |= {"float": True, "BitsAllocated": file.float_bits}
    if file.syntax.is_deflated:
        attributes["inflated"] = True
    return attributes


def searchable(model: Attributes) -> Searchable:
    return Searchable(
        patient_name=first(model, "00100010"),
        patient_id=first(model, "00100020"),
        accession=first(model, "00080050"),
        physician=first(model, "00080090"),
        date=first(model, "00080020"),
    )


def summaries(model: Attributes) -> tuple[str, str, str]:
    def of(shown: Attributes) -> str:
        return jsonmodel.dump(shown).decode()

    # A large attribute is known to be there and is read from the metadata when it is asked for.
    small = {tag: value if len(jsonmodel.dump(value)) <= MAX_SUMMARY else None for tag, value in model.items()}
    study = {tag: model[tag] for tag in sorted(STUDY_ALL) if tag in model}
    series = {tag: model[tag] for tag in sorted(SERIES_ALL) if tag in model}
    return of(study), of(series), of(small)
