"""QIDO-RS search parameters, within the limits that Google documents: what they do not allow is a 400 that says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from localcloud.errors import ApiError

Level = Literal["study", "series", "instance"]

MATCHED: dict[Level, tuple[str, ...]] = {
    "study": (
        *("StudyInstanceUID", "PatientName", "PatientID", "AccessionNumber", "ReferringPhysicianName", "StudyDate"),
        "ModalitiesInStudy",
    ),
    "series": (
        *("StudyInstanceUID", "PatientName", "PatientID", "AccessionNumber", "ReferringPhysicianName", "StudyDate"),
        *("SeriesInstanceUID", "Modality"),
    ),
    "instance": (
        *("StudyInstanceUID", "PatientName", "PatientID", "AccessionNumber", "ReferringPhysicianName", "StudyDate"),
        *("SeriesInstanceUID", "Modality", "SOPInstanceUID"),
    ),
}
DEFAULT_LIMIT: dict[Level, int] = {"study": 100, "series": 100, "instance": 1000}
MAX_LIMIT: dict[Level, int] = {"study": 5_000, "series": 5_000, "instance": 50_000}
MAX_OFFSET = 1_000_000
SYSTEM = (
    *("$.xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser"),
    *("uploadType", "upload_protocol"),
)
"""Query parameters that every method of the API takes (its discovery document); Google's client libraries send some."""
NEVER_RETURNED = "00083002"
"""AvailableTransferSyntaxUID: Google refuses to include it."""


@dataclass
class Query:
    level: Level
    match: dict[str, str] = field(default_factory=dict[str, str])
    """Keyword -> value that must be equal; a date may be a range."""
    include: set[str] = field(default_factory=set[str])
    """Tags (8 upper-case hex digits) asked for beyond the level's own."""
    everything: bool = False
    fuzzy: bool = False
    limit: int = 0
    offset: int = 0


def parse(level: Level, parameters: Iterable[tuple[str, str]]) -> Query:
    """Read decoded query parameters. Raises `ApiError` 400 naming the parameter."""
    query = Query(level, limit=DEFAULT_LIMIT[level])
    for name, value in parameters:
        if name == "limit":
            query.limit = min(parse_whole_number(name, value), MAX_LIMIT[level])
        elif name == "offset":
            query.offset = parse_whole_number(name, value)
            if query.offset > MAX_OFFSET:
                raise ApiError(400, f"offset {value} is too large: the maximum is {MAX_OFFSET}.")
        elif name == "fuzzymatching":
            if value not in ("true", "false"):
                raise ApiError(400, f"fuzzymatching must be true or false, not {value!r}.")
            query.fuzzy = value == "true"
        elif name == "includefield":
            include(query, value)
        else:
            add_match(query, name, value)
    return query


def dicomweb_parameters(parameters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parameters that are DICOMweb's."""
    return [(name, value) for name, value in parameters if name not in SYSTEM]


def parse_whole_number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise ApiError(400, f"{name} must be a whole number of at least 0, not {value!r}.")
    return int(value)


def tag_of(name: str) -> str:
    """`PatientID`, `00100020` or `00400275.00400009` (its first step) as a tag; empty when there is none such."""
    name = name.split(".")[0]
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        return name.upper()
    tag = tag_for_keyword(name)
    return f"{int(tag):08X}" if tag is not None else ""


def include(query: Query, value: str) -> None:
    for name in filter(None, (word.strip() for word in value.split(","))):
        if name == "all":
            query.everything = True
            continue
        tag = tag_of(name)
        if not tag:
            raise ApiError(400, f"includefield {name!r} is neither a DICOM keyword nor a tag.")
        if tag == NEVER_RETURNED:
            raise ApiError(400, "unknown/unsupported QIDO attribute: AvailableTransferSyntaxUID cannot be included.")
        query.include.add(tag)


def add_match(query: Query, name: str, value: str) -> None:
    allowed = MATCHED[query.level]
    # Google's own pathology viewer asks its store for `modality=ANN`.
    name = next((keyword for keyword in allowed if keyword.lower() == name.lower()), name)
    tag = tag_of(name)
    keyword = keyword_for_tag(int(tag, 16)) if tag and "." not in name else ""
    if keyword not in allowed:
        # Google's words: clients (wsidicom) look for them in the answer, and then ask without the filter.
        refused = f"{keyword} is not a supported {query.level} or series level attribute" if keyword else ""
        refused = refused or f"unknown/unsupported QIDO attribute: {name}"
        raise ApiError(400, f"{refused}; at {query.level} level there are {', '.join(allowed)}.")
    if keyword in query.match:
        raise ApiError(400, f"{keyword} is given more than once; lists of values are not supported.")
    query.include.add(tag)
    if not value:
        return  # universal matching: only asks for the attribute
    if keyword == "StudyDate":
        date_range(value)
    query.match[keyword] = value


def restrict(query: Query, keyword: str, uid: str) -> None:
    """Match only what the request's path names; raises `ApiError` 400 when the query names another."""
    if uid and query.match.get(keyword, uid) != uid:
        raise ApiError(400, f"{keyword} {query.match[keyword]!r} differs from {uid} in the request's path.")
    if uid:
        query.match[keyword] = uid


def date_range(value: str) -> tuple[str, str]:
    """First and last day of `YYYYMMDD`, `A-B`, `A-` or `-B`. Raises `ApiError` 400."""
    match = re.fullmatch(r"(\d{8})?(-)?(\d{8})?", value)
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise ApiError(
            400, f"StudyDate {value!r} is not a date: use YYYYMMDD, YYYYMMDD-YYYYMMDD, YYYYMMDD- or -YYYYMMDD."
        )
    if not match[2]:
        return match[1] or "", match[1] or ""
    return match[1] or "00000000", match[3] or "99999999"
