"""What of a plan must not happen unseen, and why: the gate's judgement, without reading or writing anything.

Owns: every difference but those that a reviewed list calls harmless; by name those that lose what cannot be made again,
take guards off it, widen grants or open anything to the public. Deliberately not: what a resource must look like (the
rules judge the result, this judges the step to it).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ops.review.differences import Difference, find_noteworthy, fingerprint, kind_of
from ops.review.grants import PUBLIC, Right, find_widened, grants
from ops.review.plan import BESIDE, FILES, Plan, State, Step
from policy.shape import is_reviewed

LOST: Mapping[str, str] = {
    "gcp:artifactregistry/repository:Repository": "the images in it, the deployed ones too",
    "gcp:firebase/hostingSite:HostingSite": "its releases, and its name, which Google does not give out again",
    "gcp:firebase/project:Project": "the Firebase project, which cannot be added again as it was",
    "gcp:healthcare/consentStore:ConsentStore": "every consent in it",
    "gcp:healthcare/dataset:Dataset": "every image of every store in it, at once and for good",
    "gcp:healthcare/dicomStore:DicomStore": "every image in it, at once and for good",
    "gcp:healthcare/fhirStore:FhirStore": "every record in it",
    "gcp:healthcare/hl7Store:Hl7Store": "every message in it",
    "gcp:kms/cryptoKey:CryptoKey": "everything that was encrypted with it",
    "gcp:kms/keyRing:KeyRing": "the keys in it, and with them everything that they encrypted",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "the audit logs in it",
    "gcp:pubsub/subscription:Subscription": "the messages in it that nobody has taken yet",
    "gcp:secretmanager/secret:Secret": "the values of all its versions",
    "gcp:storage/bucket:Bucket": "the objects in it",
}
"""Stateful type → what goes with it."""
STOPPING = frozenset({"protect", "deletionPolicy PREVENT", "deletionProtection"})
UNPROTECTED: Mapping[str, tuple[str, Any]] = {
    "(protect)": ("protect", False),
    "deletionPolicy": ("deletionPolicy PREVENT", "DELETE"),
    "deletionProtection": ("deletionProtection", False),
    "forceDestroy": ("forceDestroy off", True),
}
"""Path -> the guard that it is of what is stateful, and its value without it."""
Named = Literal["unknown", "delete", "replace", "unprotect", "public", "widen"]
Kind = Named | Literal["access", "code", "data", "audit", "notify", "setting", "other"]
NAMED: tuple[Kind, ...] = get_args(Named)
ORDER: tuple[Kind, ...] = (*NAMED, "access", "code", "data", "audit", "notify", "setting", "other")
"""Each of these is agreed to by itself; all other differences of a plan may be agreed to as a whole."""
BECAUSE: Mapping[Kind, str] = {
    "access": "It decides who may do what.",
    "code": "It decides what code runs, where and as whom.",
    "data": "It decides where images, messages or secrets lie and go, and how long they are kept.",
    "audit": "It decides what is written down, and for how long.",
    "notify": "It decides what is noticed, and who is told.",
    "setting": "It decides what is declared.",
    "other": "It is on no list of what nobody has to look at.",
}
MOST_FILES = 12
UNSEEN = "It is code that runs, and no graph shows what it does."
OWNERS = "Its owners agree to it by their review (.github/CODEOWNERS), where GitHub asks for one."
AGREE = "If it is meant, a reviewer agrees to it in policy/exceptions.yaml."


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
    """Every difference that is not known to be harmless, the gravest first.

    A first deployment changes nothing: its resources are judged by the rules alone, and only what no rule knows or what
    is open to the public stands here.
    """
    all_dangers = [danger for step in plan.steps for danger in (*_find_unreviewed(step), *_of_step(step))]
    all_dangers += _public(plan)
    if not plan.is_first:
        all_dangers += _find_widened(plan)
        whole = {danger.urn for danger in all_dangers if danger.kind in ("delete", "replace", "unknown")}
        all_dangers += [danger for step in plan.steps if step.urn not in whole for danger in _different(step)]
    return sorted(all_dangers, key=lambda danger: ORDER.index(danger.kind))


def _find_unreviewed(step: Step) -> Iterator[Danger]:
    if step.after and not is_reviewed(step.type):
        yield Danger(
            "unknown",
            step.urn,
            f"{quote(step.name)} is of the type {quote(step.type)}.",
            "No table of ours knows it, so nobody can say what it does.",
            "Leave it out, or have it reviewed: python -m ops shapes --add.",
        )


def _different(step: Step) -> Iterator[Danger]:
    """What comes, goes or changes and is not harmless, in one sentence a resource."""
    kind, name = kind_of(step.type), f"{quote(step.name)} ({short(step.type)})"
    if step.op in ("create", "delete"):
        if not groups(step.type):
            state = step.after or step.before
            agreed = fingerprint([step.op, state.inputs if state else {}])
            verb = "is new" if step.op == "create" else "goes"
            yield Danger(kind, f"{step.urn}#{agreed}", f"{name} {verb}.", BECAUSE[kind], AGREE)
        return
    if step.type == FILES:
        yield _of_files(step)
        return
    differences = [
        change
        for change in find_noteworthy(step)
        if (change.path.startswith("(") or not groups(step.type)) and not _is_named(change, step)
    ]
    if differences:
        changes = "; ".join(
            f"{quote(difference.path)} {_value(difference.before)} → {_value(difference.after)}"
            for difference in differences
        )
        agreed = fingerprint([[difference.path, difference.before, difference.after] for difference in differences])
        yield Danger(kind, f"{step.urn}#{agreed}", f"{name}: {changes}.", BECAUSE[kind], AGREE)


def _is_named(change: Difference, step: Step) -> bool:
    """Whether it is a guard taken off, which `_of_step` tells by name."""
    guard, without = UNPROTECTED.get(change.path, ("", None))
    taken = _guards(step, step.before) - _guards(step, step.after) if step.before and step.after else set[str]()
    return step.type in LOST and guard in taken and change.after == without


def _of_files(step: Step) -> Danger:
    """Files that no graph shows, a folder in one sentence; agreeing to it agrees to these contents and no others."""
    shown = step.changed[:MOST_FILES]
    more = f" and {len(step.changed) - len(shown)} more" * (len(step.changed) > len(shown))
    agreed = fingerprint([step.before.inputs if step.before else {}, step.after.inputs if step.after else {}])
    what = f"{', '.join(quote(path) for path in shown)}{more} {'differ' if len(step.changed) > 1 else 'differs'}."
    return Danger("code", f"{step.urn}#{agreed}", what, UNSEEN, OWNERS)


def groups(type_: str) -> bool:
    """Whether there is nothing of the type at Google: what a component or the stack consists of is told by itself."""
    return type_.startswith(("dicom-platform:", "pulumi:pulumi:Stack")) and type_ not in BESIDE and is_reviewed(type_)


def _value(value: Any) -> str:
    return "nothing" if value is None else quote(value if isinstance(value, str) else json.dumps(value, default=str))


def _of_step(step: Step) -> Iterator[Danger]:
    if step.type not in LOST:
        return
    kind, lost = short(step.type), LOST[step.type]
    if step.op == "delete":
        gone = "leaves the stack and stays at Google unmanaged" if step.stays_at_google else "is deleted"
        yield Danger(
            "delete",
            step.urn,
            f"{quote(step.name)} ({kind}) {gone}.{_describe_refusal(step)}",
            f"With it goes {lost}." if not step.stays_at_google else "Nothing protects, logs or pays attention to it.",
            "Keep it in the program; if only its name changed, give it an alias with the former one.",
        )
    if step.op == "replace":
        keys = ", ".join(quote(key) for key in step.replacing) or "a change"
        yield Danger(
            "replace",
            step.urn,
            f"{quote(step.name)} ({kind}) is replaced because of {keys}: deleted, made anew empty."
            f"{_describe_refusal(step)}",
            f"With it goes {lost}.",
            "Leave that setting as it is, or make a second resource beside it and move the content first.",
        )
    if step.before and step.after and (taken := _guards(step, step.before) - _guards(step, step.after)):
        yield Danger(
            "unprotect",
            step.urn,
            f"{quote(step.name)} ({kind}) loses {', '.join(sorted(taken))}.",
            f"The next mistake can delete it, and with it {lost}.",
            "Put it back; taking it off on purpose is the first of two steps in docs/removing-on-purpose.md.",
        )


def _describe_refusal(step: Step) -> str:
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
                f"{quote(grant.principal)} gets {quote(grant.role)} on {quote(grant.resource)}.",
                "Anybody in the world could use it, signed in or not.",
                "Name a group, or the one service account that needs it.",
            )


def _find_widened(plan: Plan) -> Iterator[Danger]:
    urns = {(grant.principal, grant.resource): grant.urn for grant in grants(plan.after())}
    gathered: dict[tuple[str, str, str], list[Right]] = {}
    for right in find_widened(plan.before(), plan.after()):
        if right.principal not in PUBLIC:
            gathered.setdefault((right.principal, right.resource, right.condition), []).append(right)
    for (principal, resource, condition), new in gathered.items():
        names = ", ".join(quote(right.permission) for right in new[:6]) + (f" and {len(new) - 6} more" * (len(new) > 6))
        limit = f" if {quote(condition)}" if condition else ""
        yield Danger(
            "widen",
            urns.get((principal, resource), ""),
            f"{quote(principal)} gets {names} on {quote(near(resource))}{limit}.",
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


def quote(name: str) -> str:
    """The name between backticks, of which it holds none itself."""
    return f"`{name.replace('`', chr(39))}`"


def guards(type_: str, inputs: Mapping[str, Any], protect: bool) -> set[str]:
    """The guards against deletion that a resource has, each in the words of its setting."""
    names = {"protect"} if protect else set[str]()
    if inputs.get("deletionPolicy") == "PREVENT":
        names.add("deletionPolicy PREVENT")
    if inputs.get("deletionProtection") is True:
        names.add("deletionProtection")
    if inputs.get("locked") is True:
        names.add("locked retention")
    if type_ == "gcp:storage/bucket:Bucket" and not inputs.get("forceDestroy"):
        names.add("forceDestroy off")
    return names
