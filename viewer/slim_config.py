"""Every field that SLIM accepts in `window.config`, as types, and the check that a config has no other.

Owns the shape only; which values our platform puts there is `viewer.config`. The types are read twice: by pyright and,
through `problems`, at run time, so that there is one list of fields.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Literal, Required, TypedDict, Union, cast, get_args, get_origin, get_type_hints, is_typeddict


class SlimRetry(TypedDict, total=False):
    """Repeats of a failed request: none without the object; what it leaves out is SLIM's own default."""

    retries: int
    factor: float
    minTimeout: int
    maxTimeout: int
    randomize: bool
    retryableStatusCodes: list[int]


class SlimErrorMessage(TypedDict):
    """What the viewer says instead of its page when the server answers `status`."""

    status: int
    message: str


class SlimServer(TypedDict, total=False):
    """One DICOMweb server. `url` is absolute, `path` relative to the viewer's origin: one of the two."""

    id: Required[str]
    url: str
    path: str
    write: Required[bool]
    read: bool
    sendAuthorization: bool
    qidoPathPrefix: str
    wadoPathPrefix: str
    stowPathPrefix: str
    retry: SlimRetry
    errorMessages: list[SlimErrorMessage]
    storageClasses: list[str]
    upgradeInsecureRequests: bool


class SlimOidc(TypedDict, total=False):
    """The sign-in. `grantType` implicit asks for `id_token token`; anything else is code with PKCE."""

    authority: Required[str]
    clientId: Required[str]
    scope: Required[str]
    grantType: Literal["implicit", "code"]
    authorizationEndpoint: str
    endSessionEndpoint: str


class SlimCode(TypedDict):
    """A coded concept as DICOM writes it."""

    value: str
    schemeDesignator: str
    meaning: str


class SlimEvaluation(TypedDict):
    name: SlimCode
    values: list[SlimCode]


class SlimMeasurement(TypedDict):
    name: SlimCode
    unit: SlimCode


class SlimStroke(TypedDict):
    color: list[float]
    width: float


class SlimFill(TypedDict):
    color: list[float]


class SlimStyle(TypedDict, total=False):
    stroke: Required[SlimStroke]
    fill: Required[SlimFill]
    radius: float


class SlimAnnotation(TypedDict, total=False):
    """One kind of annotation offered by the drawing tools."""

    finding: Required[SlimCode]
    findingCategory: SlimCode
    evaluations: list[SlimEvaluation]
    measurements: list[SlimMeasurement]
    geometryTypes: list[str]
    style: SlimStyle


class SlimMessages(TypedDict, total=False):
    disabled: bool | list[Literal["success", "error", "warning", "info"]]
    top: int
    duration: int


class SlimLogger(TypedDict, total=False):
    level: Literal["DEBUG", "LOG", "WARN", "ERROR", "NONE"]
    enableInProduction: bool
    enableInDevelopment: bool


class WindowConfig(TypedDict, total=False):
    """`window.config`. `publicLibPath` is read by the engine inside SLIM, not by SLIM itself."""

    path: Required[str]
    servers: Required[list[SlimServer]]
    annotations: Required[list[SlimAnnotation]]
    oidc: SlimOidc
    gcpBaseUrl: str
    organization: str
    disableWorklist: bool
    disableAnnotationTools: bool
    enableServerSelection: bool
    enableMemoryMonitoring: bool
    mode: Literal["light", "dark"]
    preload: bool
    messages: SlimMessages
    logger: SlimLogger
    publicLibPath: str


def problems(config: object) -> list[str]:
    """Everything in `config` that SLIM would not understand, one sentence each; empty when it is sound."""
    all_problems = list(_problems("window.config", WindowConfig, config))
    if not all_problems:
        for place, server in enumerate(cast(WindowConfig, config)["servers"]):
            if ("url" in server) == ("path" in server):
                all_problems.append(f"window.config.servers[{place}] needs exactly one of url and path")
    return all_problems


def _problems(where: str, kind: Any, value: object) -> Iterator[str]:
    origin = get_origin(kind)
    if origin is Required:
        yield from _problems(where, get_args(kind)[0], value)
    elif is_typeddict(kind):
        yield from _object_problems(where, kind, value)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{where} must be a list, got {value!r}"
            return
        for place, item in enumerate(value):
            yield from _problems(f"{where}[{place}]", get_args(kind)[0], item)
    elif origin is Literal:
        if value not in get_args(kind):
            yield f"{where} must be one of {', '.join(map(repr, get_args(kind)))}, got {value!r}"
    elif origin in (Union, types.UnionType):
        if all(any(_problems(where, choice, value)) for choice in get_args(kind)):
            yield f"{where} fits none of its kinds, got {value!r}"
    elif not _is_a(kind, value):
        yield f"{where} must be {kind.__name__}, got {value!r}"


def _is_a(kind: type, value: object) -> bool:
    if kind in (int, float):
        # A JavaScript number may be written either way, but true is not 1.
        return isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    return isinstance(value, kind)


def _object_problems(where: str, kind: Any, value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} must be an object, got {value!r}"
        return
    fields = get_type_hints(kind, include_extras=True)
    for name in sorted(set(value) - set(fields)):
        yield f"{where}.{name} is not a field that SLIM knows; known: {', '.join(sorted(fields))}"
    for name in sorted(set(fields) - set(value)):
        if kind.__total__ or get_origin(fields[name]) is Required:
            yield f"{where}.{name} is missing"
    for name in value:
        if name in fields:
            yield from _problems(f"{where}.{name}", fields[name], value[name])
