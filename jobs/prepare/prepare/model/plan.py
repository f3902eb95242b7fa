"""A plan: what will be done to a series and to a study. Plain data, shared by who decides and who acts.

`planner` fills it with `actions`; `pixels` and the stores carry it out. An instance that no action names is copied byte
for byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .actions import REWRITES, Action, LeaveOut, MakeLevel, Withhold, document

Kind = Literal["none", "add_levels", "repair", "blocked"]


@dataclass(frozen=True, kw_only=True)
class SeriesPlan:
    """What is done to one series. `blocked`: nothing is, and nothing of it is copied."""

    series: str
    kind: Kind = "none"
    actions: tuple[Action, ...] = ()
    reason: str = ""
    """Blocked: a word for machines (`mixed_slides`, `z_stack`, …)."""
    sentence: str = ""
    """Blocked: why, and what to do, for people."""

    def actions_on(self, instance: str) -> tuple[Action, ...]:
        """The actions that write `instance` anew, in the order they are applied."""
        actions = [action for action in self.actions if isinstance(action, REWRITES) and instance in action.instances]
        return tuple(sorted(actions, key=lambda action: REWRITES.index(type(action))))

    @property
    def new_levels(self) -> tuple[MakeLevel, ...]:
        return tuple(action for action in self.actions if isinstance(action, MakeLevel))

    @property
    def rewritten(self) -> frozenset[str]:
        """Instances that get a successor, whole in their place: under a new UID, with the same or equal pixels."""
        return frozenset(
            uid for action in self.actions if isinstance(action, (*REWRITES, MakeLevel)) for uid in action.instances
        )

    @property
    def absent(self) -> frozenset[str]:
        """Instances that the viewer store does not get, and that nothing takes the place of."""
        return frozenset(
            uid for action in self.actions if isinstance(action, LeaveOut | Withhold) for uid in action.instances
        )

    def document(self) -> dict[str, Any]:
        """The plan as the report and `--json` have it."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "sentence": self.sentence,
            "actions": [document(action) for action in self.actions],
        }


@dataclass(frozen=True, kw_only=True)
class Follower:
    """An SR, SEG, ANN, PM or PR that refers to instances which get a successor: it is copied with mapped references
    under a new SOPInstanceUID. `refers_to` are the instances concerned; none where it is copied anew only
    `without_private` elements."""

    series: str
    instance: str
    refers_to: tuple[str, ...]
    without_private: bool = False


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """All series of a study, radiology and annotations among them."""

    study: str
    series: tuple[SeriesPlan, ...]
    followers: tuple[Follower, ...] = ()
    """Other instances of their series are copied as they are."""
    unmapped: tuple[str, ...] = ()
    """Objects whose references cannot be mapped (finding R17): copied as they are."""

    def of(self, series: str) -> SeriesPlan:
        """The plan of one series. Raises KeyError for a series the study does not have."""
        return {plan.series: plan for plan in self.series}[series]


def copied(plan: SeriesPlan, instances: Iterable[str]) -> list[str]:
    """The instances that the viewer store gets byte for byte under their own UIDs."""
    if plan.kind == "blocked":
        return []
    changed = plan.rewritten | plan.absent
    return [uid for uid in instances if uid not in changed]
