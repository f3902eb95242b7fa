"""Where special cases put themselves: answers, additions, and resources there from the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic

Resource = dict[str, Any]
Answer = Callable[[Cloud, Generic, Call], Any]
Addition = Callable[[Cloud, Call, Resource], None]
Check = Callable[[Cloud, Call], None]
Seed = Callable[[Cloud], None]

METHODS: dict[str, Answer] = {}
"""Method id -> its answer, in place of the generic one. One version's id serves every version of the API."""
EXTRAS: dict[str, Addition] = {}
"""Method id -> adds output-only fields to the resource that the generic create or patch is about to store."""
CHECKS: dict[str, list[Check]] = {}
"""Method id -> refuses a call that fits the schema."""
SEEDS: list[Seed] = []
"""Put what every project has."""


def method(*ids: str) -> Callable[[Answer], Answer]:
    def register(answer: Answer) -> Answer:
        METHODS.update(dict.fromkeys(ids, answer))
        return answer

    return register


def check(*ids: str) -> Callable[[Check], Check]:
    def register(refuse: Check) -> Check:
        for method_id in ids:
            CHECKS.setdefault(method_id, []).append(refuse)
        return refuse

    return register


def extra(*ids: str) -> Callable[[Addition], Addition]:
    def register(addition: Addition) -> Addition:
        EXTRAS.update(dict.fromkeys(ids, addition))
        return addition

    return register


def seed(function: Seed) -> Seed:
    SEEDS.append(function)
    return function
