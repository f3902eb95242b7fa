"""Labels: what each resource says of its stack, in words that cannot hold anything of a patient."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from policy.resource_view import Seen
from policy.rule import Finding, rule, stack_rule
from policy.stack import DATA_CLASSES, ENVIRONMENTS, Stack

VOCABULARY: Mapping[str, str] = {
    "app": "dicom-platform",
    "environment": "|".join(ENVIRONMENTS),
    "data-class": "|".join(DATA_CLASSES),
    "purpose": "probe|scratch",
    "goog-pulumi-provisioned": "true",
}
"""Label → pattern of what it may say."""
SAY_WHAT_THEY_ARE = (
    "gcp:healthcare/dicomStore:DicomStore",
    "gcp:secretmanager/secret:Secret",
    "gcp:storage/bucket:Bucket",
)


@rule("labels-from-a-vocabulary", "4", "*", reads=("labels",))
def labels_from_a_vocabulary(seen: Seen) -> Iterator[Finding]:
    """A label holds a word of a fixed list: free text ends in logs and bills, and could name a patient."""
    for label, value in labels_of(seen).items():
        pattern = VOCABULARY.get(label)
        if pattern is None:
            yield Finding(
                f"has the label {label}, which is not one of {', '.join(VOCABULARY)}",
                "Remove it, or add it with its possible values to policy/rules/labels.py.",
            )
        elif not re.fullmatch(pattern, str(value)):
            yield Finding(f"has a label {label} that does not say {pattern.replace('|', ' or ')}", f"Mend {label}.")


@stack_rule(
    "stores-say-what-they-are", "4 13", SAY_WHAT_THEY_ARE, holds=("labels", "labels.environment", "labels.data-class")
)
def stores_say_what_they_are(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """What holds data says its environment and the class of its data, all the same: the other rules go by it."""
    labels = labels_of(seen)
    for label, strictest in (("environment", stack.environment), ("data-class", stack.data_class)):
        if labels.get(label) != strictest:
            said = labels.get(label) or "nothing"
            yield Finding(f"says {said} as its {label} and others say {strictest}", f"Set the label {label}.")


def labels_of(seen: Seen) -> Mapping[str, Any]:
    # A notification channel's `labels` are its address; Cloud Monitoring calls ours `userLabels`.
    labels = seen.get("userLabels" if seen.type.startswith("gcp:monitoring/") else "labels")
    return cast("Mapping[str, Any]", labels) if isinstance(labels, dict) else {}


RULES = (labels_from_a_vocabulary, stores_say_what_they_are)
