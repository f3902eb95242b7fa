"""Secret Manager's payloads: what Google refuses when a version is added. Numbering, states and access are the control
plane's."""

from __future__ import annotations

import google_crc32c

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import from_base64

LARGEST = 64 * 1024


class Secrets:
    """Registers the check of `secrets.addVersion`."""

    def __init__(self, cloud: Cloud) -> None:
        cloud.checks.setdefault("secretmanager.v1:projects.secrets.addVersion", []).append(check_payload)


def check_payload(call: Call) -> None:
    """`ApiError` 400 for a payload that is empty, too large or not what was announced."""
    payload = call.body.get("payload") or {}
    data = from_base64(payload.get("data") or "")
    if not 0 < len(data) <= LARGEST:
        raise ApiError(400, f"The payload for {call.name} has {len(data)} bytes; it must be 1 to {LARGEST}.")
    announced = payload.get("dataCrc32c")
    if announced is not None and int(announced) != google_crc32c.value(data):
        raise ApiError(400, f"The payload for {call.name} has not its dataCrc32c={announced}.")
