"""Nothing is declared that nobody has looked at: no type, no property, no value that no setting decides."""

from __future__ import annotations

from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, stack_rule
from policy.shape import find_unreviewed, is_reviewed, missing
from policy.stack import Stack

MOST = 3
REVIEW = (
    "If it is meant, run python -m ops shapes --add (--write where a setting decides it), "
    "and have the difference reviewed."
)


@stack_rule("is-reviewed", "10 17 28 34", "*")
def is_reviewed_rule(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Every type and property, and every value that no setting decides, is in the reviewed list of shapes."""
    if not is_reviewed(seen.type):
        yield Finding(f"is of the type {seen.type}, which nobody has reviewed", REVIEW)
        return
    unreviewed_values = list(dict(find_unreviewed(seen.resource, stack.names)).items())
    for path, value in unreviewed_values[:MOST]:
        yield Finding(f"declares {path} = {str(value)[:80]}, which nobody has reviewed", REVIEW)
    if more := len(unreviewed_values[MOST:]):
        yield Finding(f"declares {more} more values that nobody has reviewed", REVIEW)
    for path, key in list(dict.fromkeys(missing(seen.resource)))[:MOST]:
        yield Finding(f"lacks {f'{path}.' * bool(path)}{key}, which is declared everywhere else", REVIEW)


RULES = (is_reviewed_rule,)
