"""The backlog subscription over Pub/Sub's REST API: pull, acknowledge, and what a message says."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from ..clock import read_time
from ..errors import CannotRun, SeriesFailed

BATCH = 1000
"""Messages a pull; also what one acknowledgement may name within Pub/Sub's 512 kB."""
TIMEOUT = (10.0, 120.0)
RESOURCE = re.compile(
    r"(?P<store>projects/[^/]+/locations/[^/]+/datasets/[^/]+/dicomStores/[^/]+)/dicomWeb"
    r"/studies/(?P<study>[0-9.]{1,64})/series/(?P<series>[0-9.]{1,64})(?:/instances/[0-9.]{1,64})?"
)


@dataclass(frozen=True)
class StoreNotification:
    """One notification of the DICOM store: something happened to an instance of a series."""

    ack_id: str
    store: str
    study: str
    series: str
    published: float = 0.0
    """Seconds since 1970; 0 when the message does not say."""
    action: str = ""
    """The method that it tells of, where the store says which."""

    @property
    def is_news(self) -> bool:
        """Whether the series may be another now; a move to another storage class changes nothing that is seen."""
        return self.action != "SetBlobSettings"


def read_message(received: dict[str, Any]) -> StoreNotification | None:
    """A received message, or None when it is no notification of a DICOM store.

    The data is the instance's resource name; attributes vary with the store's settings and are not needed.
    """
    try:
        data = base64.b64decode(received.get("message", {}).get("data", ""), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    match = RESOURCE.fullmatch(data.strip())
    if not match:
        return None
    attributes = received["message"].get("attributes") or {}
    published = _seconds(received["message"].get("publishTime", ""))
    action = str(attributes.get("action", ""))
    return StoreNotification(str(received["ackId"]), match["store"], match["study"], match["series"], published, action)


def _seconds(time: str) -> float:
    try:
        return read_time(time)
    except (TypeError, ValueError):
        return 0.0


class Subscription:
    """`projects/P/subscriptions/S` at an endpoint (root with trailing slash)."""

    def __init__(self, name: str, endpoint: str, session: requests.Session) -> None:
        self.name = name
        self._url = f"{endpoint.rstrip('/')}/v1/{name}"
        self._session = session

    def pull(self) -> list[dict[str, Any]]:
        """Up to 1000 received messages (`{"ackId", "message"}`), none when nothing waits.

        `returnImmediately`, because we drain and then work: without it the last pull of a run waits for minutes.
        """
        body = self._post("pull", {"maxMessages": BATCH, "returnImmediately": True})
        return list(body.get("receivedMessages", []))

    def acknowledge(self, ack_ids: Sequence[str]) -> None:
        for start in range(0, len(ack_ids), BATCH):
            self._post("acknowledge", {"ackIds": list(ack_ids[start : start + BATCH])})

    def seek(self, time: str) -> None:
        """Has every message published since `time` (RFC 3339) given once more, as far as the subscription kept them."""
        self._post("seek", {"time": time})

    def _post(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._session.post(f"{self._url}:{verb}", json=body, timeout=TIMEOUT)
            if response.status_code in (401, 403, 404):
                raise CannotRun(
                    f"{verb} on {self.name} was refused ({response.status_code}): the subscription must exist and the "
                    "job's service account needs pubsub.subscriptions.consume on it"
                )
            response.raise_for_status()
            return dict(response.json())
        except (requests.RequestException, ValueError) as error:
            raise SeriesFailed(f"{verb} on {self.name} failed ({type(error).__name__}); run again") from None
