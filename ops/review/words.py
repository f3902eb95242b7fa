"""A plan in words, as Markdown for a reviewer: what is dangerous and why first, then the rest.

Owns: the sentences, and that nothing out of a plan can act as Markdown, HTML or a mention in them. Deliberately not:
what is dangerous (`dangers`) and where the text is shown (`gate` prints it, `comment` puts it into a pull request).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, cast

from ops.review.dangers import Danger, short
from ops.review.grants import Right, find_narrowed, find_widened
from ops.review.plan import Plan, Step

LONGEST_VALUE = 120
MOST = 8
"""Differences of one input, or items of a list, that are said."""
GROUPS = ("pulumi:pulumi:", "dicom-platform:")
"""Types of which there is nothing at Google."""
VERBS = {"create": "created", "update": "changed", "replace": "replaced", "delete": "deleted"}
TITLES = (("create", "Created"), ("update", "Changed"), ("replace", "Replaced"), ("delete", "Deleted"))


def code(value: object) -> str:
    """The value as one span of code: no line break, no backtick, nothing that a table or HTML would take for its own.

    Markdown takes what is between backticks literally, but a pipe ends a table's cell even there.
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029]+", " ", text).replace("`", "'").strip()
    text = text.replace("|", "¦").replace("<!--", "< !--").replace("-->", "-- >")
    # Characters that turn the direction of writing could make a line read as something else than it says.
    text = re.sub("[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", "", text)
    return f"`{text[:LONGEST_VALUE]}…`" if len(text) > LONGEST_VALUE else f"`{text or ' '}`"


def sentence(text: str) -> str:
    """A sentence of ours with names in backticks: what stands between them is made harmless, and so is the rest."""
    pieces = text.split("`")
    return "".join(code(piece) if number % 2 else plain(piece) for number, piece in enumerate(pieces))


def plain(text: str) -> str:
    """Prose that can hold no markup: of HTML, links, images, mentions and references to issues."""
    text = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\*_\[\]|!#@])", lambda match: f"&#{ord(match[1])};", text)


def in_words(plan: Plan, seen: Sequence[Danger], allowed: Sequence[str] = (), agreement: str = "") -> str:
    """The whole plan. `allowed` are sentences about dangers that an exception lets through."""
    return f"{heading(plan)}\n\n{dangerous(seen, allowed, agreement)}\n\n{details(plan)}\n"


def heading(plan: Plan) -> str:
    return f"### {code(plan.stack)}: {summary(plan)}"


def details(plan: Plan) -> str:
    """What is created, changed, replaced and deleted, and the difference of the matrix."""
    parts = [*(changes(plan, op, title) for op, title in TITLES), least_privilege(plan)]
    return "\n\n".join(part for part in parts if part)


def summary(plan: Plan) -> str:
    """`3 created, 1 changed` or `no changes`."""
    counts = {op: sum(step.op == op for step in shown_steps(plan)) for op, _ in TITLES}
    return ", ".join(f"{count} {VERBS[op]}" for op, count in counts.items() if count) or "no changes"


def shown_steps(plan: Plan) -> list[Step]:
    """What there is at Google, and the providers that make it: components only group, and so does the stack."""
    return [step for step in plan.steps if not step.type.startswith(GROUPS)]


def dangerous(seen: Sequence[Danger], allowed: Sequence[str] = (), agreement: str = "") -> str:
    """What several have in common, why and what to do, is said once."""
    lines: list[str] = []
    for (kind, why, remedy), some in groupby(seen, key=lambda danger: (danger.kind, danger.why, danger.remedy)):
        whats = [sentence(danger.what) for danger in some]
        common = f"{sentence(why)} *{sentence(remedy)}*"
        if len(whats) == 1:
            lines.append(f"- **{kind}** {whats[0]} {common}")
        else:
            lines += [f"- **{kind}**, {len(whats)} times. {common}", *(f"  - {what}" for what in whats)]
    title = f"**To be agreed to: {len(seen)}**" if seen else "**Nothing dangerous.**"
    lines += [f"- allowed: {sentence(text)}" for text in allowed]
    if agreement:
        lines += ["", f"To agree to all of these that need no entry by name: rule `plan-whole`, urn {code(agreement)}."]
    return "\n".join([title, *([""] if lines else []), *lines])


def changes(plan: Plan, op: str, title: str) -> str:
    """One list, folded when it is long."""
    lines = [f"- {_line(step)}" for step in shown_steps(plan) if step.op == op]
    return fold(f"{title}: {len(lines)}", lines) if lines else ""


def fold(title: str, lines: Iterable[str], longest: int = 8) -> str:
    shown = list(lines)
    if len(shown) <= longest:
        return "\n".join([f"**{title}**", "", *shown])
    return "\n".join([f"<details><summary><b>{title}</b></summary>", "", *shown, "", "</details>"])


def _line(step: Step) -> str:
    name = f"{code(step.name)} ({plain(short(step.type))})"
    if step.former_urn:
        name += f", until now {code(step.former_urn.rpartition('::')[2])}"
    if step.op in ("create", "delete") or not (step.before and step.after):
        return name + (", stays at Google" if step.stays_at_google else "")
    said = [_difference(key, step.before.inputs.get(key), step.after.inputs.get(key)) for key in step.changed]
    if step.before.protect != step.after.protect:
        said.append(f"protect {code(step.before.protect)} → {code(step.after.protect)}")
    return f"{name}: {'; '.join(said) or 'renamed'}"


def _difference(path: str, old: Any, new: Any) -> str:
    """What differs, as deep down as it does."""
    differences = list(_differences(path, old, new))
    more = f"; and {len(differences) - MOST} more below {code(path)}" * (len(differences) > MOST)
    return "; ".join(differences[:MOST]) + more


def _differences(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        was, is_ = cast(dict[str, Any], old), cast(dict[str, Any], new)
        for key in sorted({*was, *is_}):
            if was.get(key) != is_.get(key):
                yield from _differences(f"{path}.{key}", was.get(key), is_.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(path, cast(list[Any], old), cast(list[Any], new))
    elif old is None:
        yield f"{code(path)} set to {code(new)}"
    elif new is None:
        yield f"{code(path)} no longer {code(old)}"
    elif _long(old) or _long(new):
        yield f"{code(path)} changed"
    else:
        yield f"{code(path)} {code(old)} → {code(new)}"


def _of_lists(path: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    """Differences of two lists: by name where each has one, place by place when there are as many, else what came
    and what went.
    """
    if (was_named := _by_name(old)) and (is_named := _by_name(new)):
        for name in dict.fromkeys((*was_named, *is_named)):
            if was_named.get(name) != is_named.get(name):
                yield from _differences(f"{path}[{name}]", was_named.get(name), is_named.get(name))
        return
    if len(old) == len(new) and any(isinstance(item, dict) for item in (*old, *new)):
        for number, (was, is_) in enumerate(zip(old, new, strict=True)):
            if was != is_:
                yield from _differences(f"{path}[{number}]", was, is_)
        return
    came, went = ([item for item in one if item not in other] for one, other in ((new, old), (old, new)))
    if not came and not went:
        yield f"{code(path)} in another order, or as often"
    for word, items in (("more", came), ("no longer", went)):
        if items:
            yield f"{code(path)} {word} {', '.join(code(item) for item in items[:MOST])}" + (
                f" and {len(items) - MOST} others" * (len(items) > MOST)
            )


def _by_name(items: list[Any]) -> dict[str, Any]:
    """Environment variables, ports or volumes by name; empty when one of them has no name, or two have the same."""
    entries = cast(list[dict[str, Any]], [item for item in items if isinstance(item, dict) and "name" in item])
    entries_by_name = {str(entry["name"]): entry for entry in entries}
    return entries_by_name if len(entries_by_name) == len(items) else {}


def _long(value: Any) -> bool:
    return len(value if isinstance(value, str) else json.dumps(value, default=str)) > LONGEST_VALUE


def decimal(number: float, digits: int = 15) -> str:
    """`0.000005` and `1,000,000`: never with an exponent, rounded to so many significant digits."""
    return f"{Decimal(f'{number:.{digits}g}'):,f}"


def count_of(number: int, word: str) -> str:
    """`1 resource`, `2 resources`."""
    return f"{number} {word}{'s' * (number != 1)}"


def least_privilege(plan: Plan) -> str:
    """The matrix's difference: who may do more, who may do less."""
    before, after = plan.before(), plan.after()
    lines = [f"- new: {cell}" for cell in cells(find_widened(before, after))]
    lines += [f"- no longer: {cell}" for cell in cells(find_narrowed(before, after))]
    return (
        fold(f"Least privilege: {count_of(len(lines), 'difference')}", lines)
        if lines
        else "**Least privilege:** as it was."
    )


def cells(rights: Iterable[Right]) -> list[str]:
    """One line a principal and resource, the permissions joined."""
    gathered: dict[tuple[str, str, str], list[str]] = {}
    for right in rights:
        gathered.setdefault((right.principal, right.resource, right.condition), []).append(right.permission)
    lines: list[str] = []
    for (principal, resource, condition), names in gathered.items():
        shown = ", ".join(code(name) for name in names[:12]) + (f" and {len(names) - 12} more" * (len(names) > 12))
        lines.append(f"{code(principal)} on {code(resource)}{f' if {code(condition)}' if condition else ''}: {shown}")
    return lines
