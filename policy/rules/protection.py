"""Nothing that holds what cannot be made again is deleted by a mistake."""

from __future__ import annotations

from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, stack_rule
from policy.stack import Stack
from policy.stateful import STATEFUL, layers

SERVICE = "gcp:projects/service:Service"
FIREBASE = "gcp:firebase/project:Project"


@stack_rule(
    "stateful-is-protected",
    "10 8",
    tuple(STATEFUL),
    holds=("deletionPolicy", "deletionProtection", "protect"),
    reads=("forceDestroy",),
)
def stateful_is_protected(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """What holds images, keys, secrets, logs or reports is protected by engine and provider, or the whole stack is
    disposable: synthetic, not prod, and with nothing protected."""
    if stack.disposable:
        return
    for on, layer, remedy in layers(seen):
        if not on:
            yield Finding(f"can be deleted with all that is in it, as {layer} does not forbid it", remedy)


@stack_rule("apis-stay-on", "10", SERVICE, holds=("disableOnDestroy",))
def apis_stay_on(_: Stack, service: Seen) -> Iterator[Finding]:
    """Destroying the stack turns no API off: doing so can delete what other things keep there."""
    if service.get("disableOnDestroy") is not False:
        yield Finding(
            f"would turn {service.get('service')} off for the whole project on destroy",
            "Set disableOnDestroy to false.",
        )


RULES = (stateful_is_protected, apis_stay_on)
