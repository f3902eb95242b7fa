"""What became of one file, and the sum of it all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ops.client.refusal import OpsRefused


class Verdict(Enum):
    STORED = "stored"
    PRESENT = "already there"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """`file` is a path or gs:// URL, `bytes` its size, `reason` a sentence unless all went well."""

    file: str
    verdict: Verdict
    bytes: int = 0
    reason: str = ""


def failed(outcomes: Iterable[Outcome]) -> bool:
    return any(outcome.verdict is Verdict.REFUSED for outcome in outcomes)


class CannotLoad(OpsRefused):
    """Nothing can be loaded at all: one sentence."""
