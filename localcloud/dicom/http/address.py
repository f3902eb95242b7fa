"""What the part of a DICOMweb path behind /dicomWeb addresses (PS3.18 §8.3)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from localcloud.errors import ApiError

UID = re.compile(r"[0-9.]{1,64}")
SEGMENT = r"[^/]+"
PATH = re.compile(
    rf"(?:studies/(?P<study>{SEGMENT})/?)?(?:series/(?P<series>{SEGMENT})/?)?(?:instances/(?P<instance>{SEGMENT})/?)?"
    r"(?P<what>studies|series|instances|metadata|rendered|bulkdata/(?P<bulk>.+))?/?"
)
FRAMES = "/frames/"


class DicomwebAddress(NamedTuple):
    """Empty where the path says nothing."""

    study: str
    series: str
    instance: str
    what: str
    """`metadata`, `frames`, `rendered`, `bulkdata/…`, the level of a search, or empty for the files themselves."""
    bulk: str
    frames: str


@lru_cache(maxsize=1024)
def parse_without_frames(path: str) -> DicomwebAddress | None:
    match = PATH.fullmatch(path)
    if not match:
        return None
    study, series, instance, what, bulk = match.group("study", "series", "instance", "what", "bulk")
    return DicomwebAddress(study or "", series or "", instance or "", what or "", bulk or "", "")


def parse_address(path: str) -> DicomwebAddress | None:
    """None for a path that is no resource. A slide's instance is parsed once for its thousands of frames."""
    instance, frames, frame_list = path.partition(FRAMES)
    address = parse_without_frames(instance)
    if not frames or not address or address.what:
        return None if frames else address
    frame_list, _, rest = frame_list.partition("/")
    if not frame_list or rest not in ("", "rendered"):
        return None
    return DicomwebAddress(*address[:3], rest or "frames", "", frame_list)


def check_uids(address: DicomwebAddress) -> None:
    """Raises `ApiError` 400 unless what stands where a path has UIDs can be UIDs."""
    for keyword, uid in zip(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"), address, strict=False):
        if uid and not UID.fullmatch(uid):
            raise ApiError(400, f"{keyword} {uid[:80]!r} is not a UID: digits and dots, at most 64 of them.")
