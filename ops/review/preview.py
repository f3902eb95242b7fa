"""A plan from what `pulumi preview --json` prints.

Pulumi prints one document (`PreviewDigest`: `steps` with `op`, `urn`, `oldState`, `newState`, `diffReasons`,
`replaceReasons`, `detailedDiff`; pulumi/pulumi, sdk/go/common/display/json.go), or, with streaming on, one engine event
a line (`resourcePreEvent` with `metadata`, where a diff's `kind` is `diffKind`; sdk/go/common/apitype/events.go).
Either may have other lines around it. The several steps of one replacement become one. Secrets are masked by Pulumi,
and here once more. What stays as it is must be in it (`--show-sames`): the matrix, the cost and the drift report are
of the whole stack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any, cast

from ops.review.plan import SECRET, UNKNOWN, Op, Plan, State, Step, Unreadable
from policy.resource import display_type

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key of Pulumi's wrapped values; a secret's value is the other constant."""
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
UNKNOWNS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    }
)
OPS: Mapping[str, Op] = {
    "same": "same",
    "read": "same",
    "refresh": "same",
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "discard": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "read-replacement": "replace",
    "import-replacement": "replace",
    "discard-replaced": "replace",
    "remove-pending-replace": "replace",
}
KNOWN = frozenset(
    {
        *("urn", "type", "custom", "id", "inputs", "outputs", "parent", "protect", "provider", "dependencies"),
        *("propertyDependencies", "created", "modified", "external", "delete", "initErrors", "pendingReplacement"),
        *("refreshBeforeUpdate", "sourcePosition", "stackTrace", "viewOf", "taint"),
    }
)
"""What a state has that is looked at elsewhere, follows from the rest, or is the engine's own book-keeping."""
STACK = "::pulumi:pulumi:Stack::"
WEIGHT: Mapping[Op, int] = {"same": 0, "update": 1, "create": 2, "delete": 3, "replace": 4}
Json = dict[str, Any]


def plan_of(text: str, stack: str = "", *, refreshed: bool = False) -> Plan:
    """`refreshed`: of `preview --refresh`, which looks at each resource before the program says what it should be.

    Raises `Unreadable` when there is no preview in `text`, when it is not the whole one, or when it failed itself.
    """
    changes: dict[str, list[Json]] = {}
    for entry in _steps(text):
        urn = entry.get("urn")
        if not isinstance(urn, str) or entry.get("op") not in OPS:
            raise Unreadable(f"a step of the preview has op {entry.get('op')!r} and URN {urn!r}: the gate knows "
                             f"{', '.join(OPS)}; look whether Pulumi is newer than this gate")  # fmt: skip
        changes.setdefault(urn, []).append(entry)
    looks = {urn: _planned_steps(entries) if refreshed else entries for urn, entries in changes.items()}
    steps = {urn: reduce(_merge, entries) for urn, entries in looks.items()}
    replaced = frozenset(urn for urn, entry in steps.items() if OPS[entry["op"]] == "replace")
    for urn in replaced:
        steps[urn]["replaceReasons"] = steps[urn].get("replaceReasons") or _following(steps[urn], replaced)
    return Plan(
        stack=stack or _stack(steps),
        source="pulumi preview",
        steps=tuple(_step(urn, entry) for urn, entry in steps.items()),
    )


def _following(entry: Json, replaced: frozenset[str]) -> list[str]:
    """Inputs that come from what is replaced: of those that it takes along the engine gives no reason."""
    dependencies = cast(dict[str, list[str]], (entry.get("newState") or {}).get("propertyDependencies") or {})
    return sorted(key for key, urns in dependencies.items() if replaced.intersection(urns))


def _planned_steps(entries: list[Json]) -> list[Json]:
    """Without the look at Google that comes first: what a refresh finds is told as an update or a delete, for a field
    that only Google fills in too (how often a job ran); what the program then asks for is the difference."""
    return entries[1:] if len(entries) > 1 and entries[0]["op"] in ("refresh", "update", "delete") else entries


def _steps(text: str) -> Iterator[Json]:
    found = False
    for document in _documents(text):
        _refuse_failure(document)
        if "steps" in document or "changeSummary" in document:
            found = True
            steps = [step if isinstance(step, dict) else {} for step in document.get("steps") or []]
            _refuse_partial(steps, document.get("changeSummary") or {})
            yield from steps
        elif "summaryEvent" in document:
            found = True
        for name in ("resourcePreEvent", "resOutputsEvent"):
            if metadata := document.get(name, {}).get("metadata"):
                yield _of_event(metadata)
    if not found:
        raise Unreadable(
            "there is no finished preview in it (neither `steps` nor a summary): run pulumi preview --json again "
            "and look at what it printed"
        )


def _refuse_partial(steps: list[Json], summary: Mapping[str, Any]) -> None:
    """The stack itself is always a step, so it says nothing."""
    unchanged = sum(step.get("op") == "same" and STACK not in str(step.get("urn")) for step in steps)
    if not unchanged and summary.get("same", 0) > 1:
        raise Unreadable(
            f"the preview leaves out {summary['same']} resources that stay as they are, so nothing can be said about "
            "grants and cost: run pulumi preview --json --show-sames"
        )


def _documents(text: str) -> Iterator[Json]:
    """Every JSON object that begins in the first column, one line long or many; all else is passed over.

    What begins further right is a part of a document, which alone must not be taken for a whole one.
    """
    decoder = json.JSONDecoder()
    end = 0
    for match in re.finditer(r"^\{", text, re.MULTILINE):
        if match.start() < end:
            continue
        try:
            value, end = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        yield cast(Json, value)


def _refuse_failure(document: Json) -> None:
    diagnostics = list(document.get("diagnostics") or [])
    if event := document.get("diagnosticEvent"):
        diagnostics.append(event)
    errors = [str(entry.get("message", "")).strip() for entry in diagnostics if entry.get("severity") == "error"]
    if errors:
        raise Unreadable(f"the preview failed, so its steps are not the whole plan: {' / '.join(errors)[:500]}")


def _of_event(metadata: Json) -> Json:
    """An engine event's metadata under the names of the digest."""
    return {
        "op": metadata.get("op"),
        "urn": metadata.get("urn"),
        "oldState": metadata.get("old"),
        "newState": metadata.get("new"),
        "diffReasons": metadata.get("diffs"),
        "replaceReasons": metadata.get("keys"),
        "detailedDiff": metadata.get("detailedDiff"),
    }


def _merge(one: Json, other: Json) -> Json:
    """Two steps of one resource: the graver operation, the first state and the last."""
    grave = max(one, other, key=lambda entry: WEIGHT[OPS[entry["op"]]])
    both = {key: [*(one.get(key) or []), *(other.get(key) or [])] for key in ("diffReasons", "replaceReasons")}
    details = {**(one.get("detailedDiff") or {}), **(other.get("detailedDiff") or {})}
    states = {key: one.get(key) or other.get(key) for key in ("oldState", "newState")}
    return {**grave, **both, **states, "detailedDiff": details}


def _step(urn: str, entry: Json) -> Step:
    op = OPS[entry["op"]]
    old, new = entry.get("oldState"), entry.get("newState")
    if op == "delete":
        new = None
    if op == "create" and entry["op"] != "import":
        old = None
    detailed = cast(dict[str, Json], entry.get("detailedDiff") or {})
    kinds = {path: str(diff.get("kind") or diff.get("diffKind") or "") for path, diff in detailed.items()}
    by_detail = {top_level(path) for path, kind in kinds.items() if kind.endswith("-replace")}
    before, after = _state(old), _state(new)
    reasons = {top_level(path) for path in [*(entry.get("diffReasons") or []), *detailed]}
    former = str((old or {}).get("urn", ""))
    type_ = str((new or old or {}).get("type") or urn.split("::")[2].rpartition("$")[2])
    custom = (new or old or {}).get("custom")
    return Step(
        urn=urn,
        type=type_ if custom is None else display_type(type_, custom is True),
        op=op,
        before=before,
        after=after,
        changed=tuple(sorted(reasons)),
        replacing=tuple(sorted({top_level(path) for path in entry.get("replaceReasons") or []} | by_detail)),
        former_urn=former if former not in ("", urn) else "",
        stays_at_google=op == "delete" and (_stays(old) or entry["op"] == "discard"),
    )


def _stays(old: Json | None) -> bool:
    state = old or {}
    return bool(state.get("retainOnDelete")) or (state.get("inputs") or {}).get("deletionPolicy") == "ABANDON"


def _state(state: Json | None) -> State | None:
    if not state:
        return None
    return State(
        name=str(state["urn"]).rpartition("::")[2] if "urn" in state else "",
        parent=str(state.get("parent", "")),
        protect=bool(state.get("protect")),
        inputs=_named(mask(state.get("inputs") or {}), state),
        options=_options(state),
    )


def _named(inputs: Json, state: Json) -> Json:
    """Of a grant, whom and what it is for: what is made in the same deployment has its name in the program alone."""
    if "role" not in inputs:
        return inputs
    names = {key: urns[0].rpartition("::")[2] for key, urns in (state.get("propertyDependencies") or {}).items()
             if len(urns) == 1}  # fmt: skip
    return {key: UNKNOWN.replace("[", f"[{names[key]}, ") if value == UNKNOWN and key in names else value
            for key, value in inputs.items()}  # fmt: skip


def _options(state: Json) -> Json:
    """Whatever else the state says, so that an option which nobody here has heard of is not overlooked."""
    options = {key: mask(value) for key, value in state.items() if value and key not in KNOWN}
    provider = str(state.get("provider", "")).rpartition("::")[0]
    is_default = provider.rpartition("::")[2].startswith("default")
    return options | ({"provider": provider} if provider and not is_default else {})


def mask(value: Any) -> Any:
    """Without any secret's value, and with unknown values in words."""
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if SIGNATURE in entries:
            return SECRET if entries[SIGNATURE] == SECRET_SIGNATURE else f"[{entries[SIGNATURE][:8]}]"
        return {key: mask(child) for key, child in entries.items() if key != "__defaults"}
    if isinstance(value, list):
        return [mask(child) for child in cast(list[Any], value)]
    return UNKNOWN if isinstance(value, str) and value in UNKNOWNS else value


def top_level(path: str) -> str:
    """`template.template.containers[0].image` → `template`; `["a.b"].c` → `a.b`."""
    if path.startswith('["'):
        return path[2:].partition('"]')[0]
    return path.replace("[", ".").partition(".")[0]


def _stack(steps: Mapping[str, Json]) -> str:
    urn = next(iter(steps), "")
    return urn.removeprefix("urn:pulumi:").partition("::")[0] if urn else ""
