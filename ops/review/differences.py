"""What differs between two states of a resource, value by value, and which differences nobody has to look at.

Owns: comparing inputs and options to the last leaf, the reviewed list of harmless properties (`policy/harmless.yaml`),
and the kind by which a difference is sorted. Deliberately not: what is dangerous beyond being different (`dangers`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from ops.review.plan import BESIDE, FILES, OUTPUTS, SETTINGS, State, Step

HARMLESS = Path(__file__).resolve().parents[2] / "policy" / "harmless.yaml"
Kind = Literal["access", "code", "data", "audit", "notify", "setting", "other"]
KINDS: tuple[tuple[str, Kind], ...] = (
    (rf"{SETTINGS}$", "setting"),
    (rf"{FILES}$", "code"),
    (rf"{OUTPUTS}$", "data"),
    (
        r"pulumi:providers:|.*(IamMember|IAMMember|IamBinding|IamPolicy|iAMCustomRole)|gcp:(iam|serviceaccount|iap)/",
        "access",
    ),
    (r"gcp:cloudbuildv2/", "access"),
    (r"gcp:logging/|gcp:projects/iAMAuditConfig", "audit"),
    (r"gcp:(monitoring|billing)/", "notify"),
    (r"gcp:(healthcare|pubsub|storage|kms|secretmanager|bigquery)/", "data"),
    (
        r"gcp:(cloudrunv2|cloudbuild|workflows|eventarc|cloudscheduler|artifactregistry)/|(?!gcp:|dicom-platform:)",
        "code",
    ),
    (r"", "other"),
)
"""Pattern of a type → the kind of what differs in it. The kinds sort the list; they do not decide what is on it."""


@dataclass(frozen=True)
class Difference:
    """One value that differs. `path` has `[]` for the items of lists; an absent value is None."""

    path: str
    before: Any
    after: Any


def kind_of(type_: str) -> Kind:
    return next(kind for pattern, kind in KINDS if re.match(pattern, type_))


def differences(step: Step) -> list[Difference]:
    """Everything that differs in a resource that stays, or is replaced; nothing for one that comes or goes."""
    if not step.before or not step.after:
        return []
    old, new = _values(step.before), _values(step.after)
    different: list[Difference] = []
    for key in sorted({*step.changed, *(key for key in old.keys() | new.keys() if key.startswith("("))}):
        leaves = list(_leaves(key, old.get(key), new.get(key)))
        # Pulumi may name an input whose value it does not tell: it differs all the same.
        different += leaves or ([Difference(key, old.get(key), new.get(key))] if key in step.changed else [])
    if step.former_urn:
        different.append(Difference("(urn)", step.former_urn, step.urn))
    return different


def find_noteworthy(step: Step) -> list[Difference]:
    """The differences that are not on the list of harmless ones."""
    return [difference for difference in differences(step) if not is_harmless(step.type, difference.path)]


def is_harmless(type_: str, path: str) -> bool:
    if type_ in BESIDE:
        return False
    document = _document()
    patterns = [*document["everywhere"], *(document["types"].get(type_) or [])]
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def fingerprint(values: Any) -> str:
    """Twelve characters that stand for exactly these differences, so that agreeing to them agrees to no others."""
    text = json.dumps(
        values, sort_keys=True, default=lambda value: vars(value) if hasattr(value, "__dict__") else str(value)
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _values(state: State) -> dict[str, Any]:
    """The inputs, and the options in brackets: no input has such a name."""
    return {**state.inputs, "(protect)": state.protect, **{f"({key})": value for key, value in state.options.items()}}


def _leaves(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(Mapping[str, Any], old), cast(Mapping[str, Any], new)
        for key in sorted(before.keys() | after.keys()):
            yield from _leaves(f"{path}.{key}", before.get(key), after.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(cast(list[Any], old)) == len(cast(list[Any], new)):
        for before, after in zip(cast(list[Any], old), cast(list[Any], new), strict=True):
            yield from _leaves(f"{path}[]", before, after)
    elif old != new:
        yield Difference(path, old, new)


@cache
def _document() -> dict[str, Any]:
    return yaml.safe_load(HARMLESS.read_text(encoding="utf-8"))
