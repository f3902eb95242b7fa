"""Who a synthetic slide says it is: run ids, UIDs, patient, dates; all from the run id, nothing from a person."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Purpose = Literal["smoke", "demo", "golden"]
LIFETIME = timedelta(hours=2)
"""After this a smoke study may be swept away."""
PREFIX = {"smoke": "SMOKE-", "demo": "DEMO-", "golden": "GOLDEN-"}
NAME = {"smoke": "SMOKE^SYNTHETIC", "demo": "DEMO^SYNTHETIC", "golden": "GOLDEN^SYNTHETIC"}
EPOCH = datetime(2026, 1, 2, 10, 15, tzinfo=UTC)
"""Date of slides whose run id carries none."""
NAMESPACE = uuid.UUID("6f0b3c1e-6a55-4d52-9c3c-1f0a5f3b7d11")
RUN_ID = re.compile(r"(\d{8}T\d{6})Z-[0-9a-f]{6}")


def new_run_id(now: datetime) -> str:
    """`20261122T131500Z-1f2e3d`: when the run began, and six random digits against runs of the same second."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def began(run_id: str) -> datetime:
    match = RUN_ID.fullmatch(run_id)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else EPOCH


@dataclass(frozen=True)
class Identity:
    """One study. `key` names everything that changes its content: another key, other UIDs."""

    run_id: str
    purpose: Purpose
    key: str

    @property
    def patient_id(self) -> str:
        return PREFIX[self.purpose] + self.run_id

    @property
    def patient_name(self) -> str:
        return NAME[self.purpose]

    @property
    def began(self) -> datetime:
        return began(self.run_id)

    @property
    def description(self) -> str:
        if self.purpose == "demo":
            return "Synthetic H&E slide, no patient"
        if self.purpose == "golden":
            return "Synthetic test slide, no patient - leave in place"
        return f"SMOKE TEST – delete me – expires {self.began + LIFETIME:%Y-%m-%dT%H:%M:%SZ}"  # noqa: RUF001 - the standard text

    def uid(self, role: str) -> str:
        """UID under the UUID root `2.25`, the same for the same run, content and role."""
        return f"2.25.{uuid.uuid5(NAMESPACE, f'{self.purpose}|{self.run_id}|{self.key}|{role}').int}"
