"""What the rules know of a stack as a whole: its resources by type, and what its labels say it is.

A stack that does not say what it is counts as the strictest: prod with images of patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from policy import shape
from policy.resource import Resource
from policy.resource_view import Seen, Undecided
from policy.stateful import STATEFUL, layers

T = TypeVar("T")
DATA_CLASSES = ("phi", "deidentified", "synthetic")
ENVIRONMENTS = ("prod", "dev", "local")
"""Both strictest first."""


class Stack:
    def __init__(self, resources: Sequence[Resource]) -> None:
        self.seen = [Seen(resource) for resource in resources]
        self._by_type: dict[str, list[Seen]] = {}
        self._known: dict[Callable[[Stack], Any], Any] = {}
        for seen in self.seen:
            self._by_type.setdefault(seen.type, []).append(seen)

    def of(self, *types: str) -> list[Seen]:
        return [seen for type_ in types for seen in self._by_type.get(type_, ())]

    def once(self, work: Callable[[Stack], T]) -> T:
        """What a rule works out about the whole stack, the first time that a resource asks for it."""
        if work not in self._known:
            self._known[work] = work(self)
        return self._known[work]

    @cached_property
    def names(self) -> dict[str, str]:
        """The stack's own names, with what stands for them in reviewed values."""
        return shape.names([seen.resource for seen in self.seen])

    @property
    def types(self) -> list[str]:
        return list(self._by_type)

    @cached_property
    def data_class(self) -> str:
        return self._strictest("data-class", DATA_CLASSES)

    @cached_property
    def environment(self) -> str:
        return self._strictest("environment", ENVIRONMENTS)

    @cached_property
    def disposable(self) -> bool:
        """Meant to be destroyed with all that is in it: synthetic, not prod, and nothing in it protected at all."""
        if self.data_class != "synthetic" or self.environment == "prod":
            return False
        return not any(on for seen in self.of(*STATEFUL) for on, _, _ in layers(seen))

    @cached_property
    def region(self) -> str | None:
        """The region of the dataset, which everything else shares."""
        places = [seen.get("location") for seen in self.of("gcp:healthcare/dataset:Dataset")]
        return places[0] if places else None

    def _strictest(self, label: str, order: Sequence[str]) -> str:
        said = {self._label(seen, label) for seen in self.seen}
        return next((value for value in order if value in said), order[0])

    def _label(self, seen: Seen, label: str) -> str | None:
        try:
            labels = seen.get("labels")
        except Undecided:
            return None
        return labels.get(label) if isinstance(labels, dict) else None
