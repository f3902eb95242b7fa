"""Messages on disk, so that `serve --data` still owes them after a restart: one JSON line a change of a delivery.

A line is `[subscription, message id, delivery]`; without a delivery the message is gone, without an id the whole
backlog. Leases are not kept: after a restart all that is owed is due, as Pub/Sub may deliver again at any time.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from pathlib import Path
from typing import Any

from localcloud.pubsub.backlog import Backlog, Message, MessageDelivery


class BacklogJournal:
    """Appends to one file; the caller holds a lock. A line reaches the operating system before the caller goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None

    def keep(self, subscription: str, delivery: MessageDelivery) -> None:
        """Write a delivery's state down."""
        self._append([subscription, delivery.message.id, _write(delivery)])

    def forget(self, subscription: str, message_id: str = "") -> None:
        """Write down that a message is gone, or the subscription's whole backlog."""
        self._append([subscription, message_id])

    def _append(self, line: list[Any]) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w")
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()

    def read(self) -> dict[str, Backlog]:
        """Every backlog as it was left, the file written anew without what is gone. A line cut off is left out."""
        backlogs: dict[str, Backlog] = {}
        for line in self._path.read_text(errors="replace").splitlines() if self._path.exists() else ():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                subscription, message_id, *delivery = json.loads(line)
                if delivery:
                    backlog = backlogs.setdefault(subscription, Backlog())
                    backlog.deliveries[message_id] = _read(message_id, delivery[0])
                elif message_id:
                    backlogs.setdefault(subscription, Backlog()).forget(message_id)
                else:
                    backlogs.pop(subscription, None)
        self.close()
        draft = self._path.with_name(f"{self._path.name}.new")
        self._path, final = draft, self._path
        draft.unlink(missing_ok=True)
        for subscription, backlog in backlogs.items():
            for delivery in backlog.deliveries.values():
                self.keep(subscription, delivery)
        self.close()
        self._path = final
        if draft.exists():
            draft.replace(final)
        else:
            final.unlink(missing_ok=True)
        return backlogs

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _write(delivery: MessageDelivery) -> dict[str, Any]:
    message = delivery.message
    return {
        "data": base64.b64encode(message.data).decode(),
        "attributes": message.attributes,
        "published": message.published,
        "key": message.ordering_key,
        "attempts": delivery.attempts,
        "acknowledged": delivery.acknowledged,
    }


def _read(message_id: str, row: dict[str, Any]) -> MessageDelivery:
    message = Message(
        id=message_id,
        data=base64.b64decode(row["data"]),
        attributes=row["attributes"],
        published=row["published"],
        ordering_key=row["key"],
    )
    return MessageDelivery(message=message, attempts=row["attempts"], acknowledged=row["acknowledged"])
