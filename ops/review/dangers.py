"""What of a plan must not happen unseen, and why: the gate's judgement, without reading or writing anything.

Owns: deletes and replacements of what cannot be made again, guards taken off it, grants widened, anything opened to the
public. Deliberately not: what a resource must look like (the rules judge the result, this judges the step to it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ops.review.grants import PUBLIC, Right, grants, widened
from ops.review.plan import Plan, State, Step
from ops.review.stateful_losses import LOST, guards

STOPPING = frozenset({"protect", "deletionPolicy PREVENT", "deletionProtection"})
Kind = Literal["delete", "replace", "unprotect", "public", "widen"]


@dataclass(frozen=True)
class Danger:
    kind: Kind
    urn: str
    """Of the resource, or of the grant; empty for a right that several make up."""
    what: str
    """One sentence, names in backticks."""
    why: str
    remedy: str


def dangers(plan: Plan) -> list[Danger]:
    """The gravest first."""
    found = [danger for step in plan.steps for danger in _of_step(step)]
    found += _public(plan)
    if not plan.is_first:
        found += _widened(plan)
    order = ("delete", "replace", "unprotect", "public", "widen")
    return sorted(found, key=lambda danger: order.index(danger.kind))


def _of_step(step: Step) -> Iterator[Danger]:
    if step.type not in LOST:
        return
    kind, lost = short(step.type), LOST[step.type]
    if step.op == "delete":
        gone = "leaves the stack and stays at Google unmanaged" if step.stays_at_google else "is deleted"
        yield Danger(
            "delete",
            step.urn,
            f"{quoted(step.name)} ({kind}) {gone}.{_refused(step)}",
            f"With it goes {lost}." if not step.stays_at_google else "Nothing protects, logs or pays attention to it.",
            "Keep it in the program; if only its name changed, give it an alias with the former one.",
        )
    if step.op == "replace":
        keys = ", ".join(quoted(key) for key in step.replacing) or "a change"
        yield Danger(
            "replace",
            step.urn,
            f"{quoted(step.name)} ({kind}) is replaced because of {keys}: deleted, made anew empty.{_refused(step)}",
            f"With it goes {lost}.",
            "Leave that setting as it is, or make a second resource beside it and move the content first.",
        )
    if step.before and step.after and (taken := _guards(step, step.before) - _guards(step, step.after)):
        yield Danger(
            "unprotect",
            step.urn,
            f"{quoted(step.name)} ({kind}) loses {', '.join(sorted(taken))}.",
            f"The next mistake can delete it, and with it {lost}.",
            "Put it back; taking it off on purpose is the first of two steps in docs/security.md.",
        )


def _refused(step: Step) -> str:
    """Whether the deployment would stop at it, which is no reason to merge it."""
    stops = step.before and not step.stays_at_google and (_guards(step, step.before) & STOPPING)
    return f" `pulumi up` refuses it, since it has {', '.join(sorted(stops))}." if stops else ""


def _guards(step: Step, state: State) -> set[str]:
    return guards(step.type, state.inputs, state.protect)


def _public(plan: Plan) -> Iterator[Danger]:
    before = {(grant.principal, grant.role, grant.resource) for grant in grants(plan.before())}
    for grant in grants(plan.after()):
        if grant.principal in PUBLIC and (grant.principal, grant.role, grant.resource) not in before:
            yield Danger(
                "public",
                grant.urn,
                f"{quoted(grant.principal)} gets {quoted(grant.role)} on {quoted(grant.resource)}.",
                "Anybody in the world could use it, signed in or not.",
                "Name a group, or the one service account that needs it.",
            )


def _widened(plan: Plan) -> Iterator[Danger]:
    urns = {(grant.principal, grant.resource): grant.urn for grant in grants(plan.after())}
    gathered: dict[tuple[str, str, str], list[Right]] = {}
    for right in widened(plan.before(), plan.after()):
        if right.principal not in PUBLIC:
            gathered.setdefault((right.principal, right.resource, right.condition), []).append(right)
    for (principal, resource, condition), new in gathered.items():
        names = ", ".join(quoted(right.permission) for right in new[:6]) + (
            f" and {len(new) - 6} more" * (len(new) > 6)
        )
        limit = f" if {quoted(condition)}" if condition else ""
        yield Danger(
            "widen",
            urns.get((principal, resource), ""),
            f"{quoted(principal)} gets {names} on {quoted(near(resource))}{limit}.",
            "It could not do that before.",
            "Grant it less, on one resource; if it is meant, a reviewer lists it in policy/exceptions.yaml.",
        )


def near(resource: str) -> str:
    """The end of a resource's full name, by which a reader knows it: `dicomStores/raw`, `projects/p`."""
    return "/".join(resource.split("/")[-2:])


def short(type_: str) -> str:
    """`gcp:healthcare/dataset:Dataset` → `healthcare Dataset`."""
    package, _, name = type_.rpartition(":")
    return f"{package.partition(':')[2].partition('/')[0]} {name}"


def quoted(name: str) -> str:
    """The name between backticks, of which it holds none itself."""
    return f"`{name.replace('`', chr(39))}`"
