"""The subset of the Workflows language that our workflow uses, checked when a workflow is created. Runs nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import yaml

from localcloud.chain.expressions import ExpressionError, compiled

CALLS: dict[str, set[str]] = {
    "http.get": {"url", "headers", "query", "auth", "timeout"},
    "http.post": {"url", "headers", "query", "auth", "timeout", "body"},
    "http.request": {"url", "headers", "query", "auth", "timeout", "body", "method"},
    "sys.sleep": {"seconds"},
    "sys.log": {"text", "json", "data", "severity"},
}
KINDS: dict[str, set[str]] = {
    "assign": set(),
    "call": {"args", "result"},
    "switch": set(),
    "try": {"except"},
    "steps": set(),
    "return": set(),
    "raise": set(),
}
"""What a step does, and which keys may stand beside it; `next` may always."""
ENDS = {"end"}

Step = dict[str, Any]
Steps = list[tuple[str, Step]]


class LanguageError(ValueError):
    """Names the step and what is understood."""


@lru_cache(maxsize=32)
def parse(source: str) -> tuple[list[str], Steps]:
    """Parameters and steps of `main`, not to be changed: one burst of events parses once.

    `LanguageError` for anything that would not run here as on Google.
    """
    try:
        document = yaml.safe_load(source)
    except yaml.YAMLError as problem:
        raise LanguageError(f"the source is not YAML: {problem}") from problem
    if isinstance(document, list):
        document = {"main": {"steps": document}}
    if not isinstance(document, dict) or set(document) != {"main"}:
        raise LanguageError("the source must have one part, main; the local cloud runs no subworkflows")
    main = cast(Any, document["main"])
    if not isinstance(main, dict) or not set(cast(Step, main)) <= {"params", "steps"}:
        raise LanguageError("main has params and steps, nothing else")
    params: list[Any] = main.get("params") or []
    if not all(isinstance(name, str) for name in params) or len(params) > 1:
        raise LanguageError("main takes one parameter without a default, or none")
    return params, named(main.get("steps"), "main")


def named(steps: Any, where: str) -> Steps:
    """Check a list of `- name: {...}` and all below it."""
    if not isinstance(steps, list) or not steps:
        raise LanguageError(f"{where} needs a list of steps")
    found: Steps = []
    for entry in cast(list[Any], steps):
        if not isinstance(entry, dict) or len(cast(dict[str, Any], entry)) != 1:
            raise LanguageError(f"a step of {where} is not of the form '- name: ...': {entry}")
        [(name, step)] = cast(dict[str, Any], entry).items()
        found.append((name, check(step, name)))
    for name, step in found:
        target = step.get("next")
        if target is not None and target not in {*ENDS, *(other for other, _ in found)}:
            raise LanguageError(f"step {name} goes on with '{target}', which is no step beside it")
    return found


def check(step: Any, name: str) -> Step:
    if not isinstance(step, dict):
        raise LanguageError(f"step {name} must be a mapping")
    body = cast(Step, step)
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) > 1 or not (kinds or "next" in body):
        raise LanguageError(f"step {name} must do one of {', '.join(KINDS)}; it has {', '.join(body) or 'nothing'}")
    allowed = {"next", *kinds, *(KINDS[kinds[0]] if kinds else ())}
    if unknown := set(body) - allowed:
        raise LanguageError(
            f"step {name} has {', '.join(sorted(unknown))}, not known here; it runs {', '.join(KINDS)} and next"
        )
    CHECKS.get(kinds[0] if kinds else "", check_values)(body, name)
    return body


def check_call(step: Step, name: str) -> None:
    function, args = step["call"], step.get("args") or {}
    if function not in CALLS:
        raise LanguageError(f"step {name} calls {function}; the local cloud knows {', '.join(CALLS)}")
    if unknown := set(args) - CALLS[function]:
        raise LanguageError(
            f"step {name} gives {function} the argument {', '.join(sorted(unknown))}; "
            f"the local cloud knows {', '.join(sorted(CALLS[function]))}"
        )
    check_values(args, name)


def check_assign(step: Step, name: str) -> None:
    entries = step["assign"]
    if not isinstance(entries, list) or not all(
        isinstance(e, dict) and len(cast(Step, e)) == 1 for e in cast(list[Any], entries)
    ):
        raise LanguageError(f"assign of step {name} must be a list of '- variable: value'")
    for entry in cast(list[Step], entries):
        [variable] = entry
        if not variable.isidentifier():
            raise LanguageError(f"step {name} assigns '{variable}'; the local cloud assigns plain variables only")
    check_values(entries, name)


def check_switch(step: Step, name: str) -> None:
    for number, branch in enumerate(step["switch"] or []):
        if not isinstance(branch, dict) or "condition" not in branch:
            raise LanguageError(f"branch {number} of step {name} has no condition")
        rest = cast(Step, {key: value for key, value in branch.items() if key != "condition"})
        check_values(branch["condition"], name)
        check(rest, f"{name}[{number}]")


def check_try(step: Step, name: str) -> None:
    body, handler = step["try"], step.get("except")
    if not isinstance(handler, dict) or not set(cast(Step, handler)) <= {"as", "steps"}:
        raise LanguageError(f"step {name} tries, so it needs except with as and steps")
    check(body, f"{name}.try")
    named(handler["steps"], f"{name}.except")


def check_values(value: Any, name: str) -> None:
    """Every expression anywhere in a value can be compiled."""
    if isinstance(value, dict):
        for inner in cast(Step, value).values():
            check_values(inner, name)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            check_values(inner, name)
    elif isinstance(value, str) and (expression := inside(value)) is not None:
        try:
            compiled(expression)
        except ExpressionError as problem:
            raise LanguageError(f"step {name}: {problem}") from problem


def inside(text: str) -> str | None:
    """The expression in `${...}`, or None for a plain text."""
    return text[2:-1] if text.startswith("${") and text.endswith("}") else None


CHECKS = {
    "call": check_call,
    "assign": check_assign,
    "switch": check_switch,
    "try": check_try,
    "steps": lambda step, name: named(step["steps"], name) and None,
}
