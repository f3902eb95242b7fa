"""Secret Manager's payloads: what Google refuses when a version is added. Numbering, states and access are the control
plane's."""

from __future__ import annotations

import base64
import binascii

import google_crc32c

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError

LARGEST = 64 * 1024


class Secrets:
    """Registers the check of `secrets.addVersion`."""

    def __init__(self, cloud: Cloud) -> None:
        cloud.checks.setdefault("secretmanager.v1:projects.secrets.addVersion", []).append(check_payload)


def check_payload(call: Call) -> None:
    """`ApiError` 400 for a payload that is not base64, is empty, too large or not what was announced."""
    payload = call.body.get("payload") or {}
    try:
        data = base64.b64decode(payload.get("data") or "", validate=True)
    except binascii.Error as problem:
        raise ApiError(400, f"The payload for {call.name} is not base64: {problem}.") from problem
    if not 0 < len(data) <= LARGEST:
        raise ApiError(400, f"The payload for {call.name} has {len(data)} bytes; it must be 1 to {LARGEST}.")
    announced = payload.get("dataCrc32c")
    if announced is not None and int(announced) != google_crc32c.value(data):
        raise ApiError(400, f"The payload for {call.name} has not its dataCrc32c={announced}.")
