"""The subset of the Workflows language that our workflow uses, checked when a workflow is created. Runs nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import yaml

from localcloud.chain.expressions import ExpressionError, compile_expression

CALLS: dict[str, set[str]] = {
    "http.get": {"url", "headers", "query", "auth", "timeout"},
    "http.post": {"url", "headers", "query", "auth", "timeout", "body"},
    "sys.sleep": {"seconds"},
}
KINDS: dict[str, set[str]] = {
    "assign": set(),
    "call": {"args", "result"},
    "switch": set(),
    "try": {"except"},
    "return": set(),
    "raise": set(),
    "steps": set(),
}
"""What a step does, and which keys may stand beside it. No jumps, so that every workflow ends."""

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
    except (yaml.YAMLError, RecursionError) as problem:
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
    return params, check_steps(main.get("steps"), "main")


def check_steps(steps: Any, where: str) -> Steps:
    """The names and bodies of a list of `- name: {...}`, checked with all below them."""
    if not isinstance(steps, list) or not steps:
        raise LanguageError(f"{where} needs a list of steps")
    checked: Steps = []
    for entry in cast(list[Any], steps):
        if not isinstance(entry, dict) or len(cast(dict[str, Any], entry)) != 1:
            raise LanguageError(f"a step of {where} is not of the form '- name: ...': {entry}")
        [(name, step)] = cast(dict[str, Any], entry).items()
        checked.append((name, check_step(step, name)))
    return checked


def check_step(step: Any, name: str) -> Step:
    body = cast(Step, step) if isinstance(step, dict) else {}
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) != 1:
        raise LanguageError(f"step {name} must do one of {', '.join(KINDS)}; it has {', '.join(body) or 'nothing'}")
    [kind] = kinds
    if unknown := set(body) - {kind} - KINDS[kind]:
        raise LanguageError(f"step {name} has {', '.join(sorted(unknown))}, not known here beside {kind}")
    if kind == "call":
        check_call(body, name)
    elif kind == "assign":
        entries = cast(list[Any], body["assign"] if isinstance(body["assign"], list) else [None])
        for entry in entries:
            if not isinstance(entry, dict) or not all(str(key).isidentifier() for key in cast(Step, entry)):
                raise LanguageError(f"step {name} assigns '{entry}'; write '- variable: value', plain variables only")
    elif kind == "switch":
        for number, branch in enumerate(cast(list[Any], body["switch"] or [])):
            if not isinstance(branch, dict) or "condition" not in branch:
                raise LanguageError(f"branch {number} of step {name} has no condition")
            rest = {key: value for key, value in cast(Step, branch).items() if key != "condition"}
            check_step(rest, f"{name}[{number}]")
    elif kind == "steps":
        check_steps(body["steps"], f"step {name}")
    elif kind == "try":
        handler = body.get("except")
        if not isinstance(handler, dict) or not set(cast(Step, handler)) <= {"as", "steps"}:
            raise LanguageError(f"step {name} tries, so it needs except with as and steps")
        check_step(body["try"], f"{name}.try")
        check_steps(handler["steps"], f"{name}.except")
    check_values(body, name)
    return body


def check_call(step: Step, name: str) -> None:
    function, args = step["call"], step.get("args") or {}
    if function not in CALLS:
        raise LanguageError(f"step {name} calls {function}; the local cloud knows {', '.join(CALLS)}")
    if unknown := set(args) - CALLS[function]:
        known = ", ".join(sorted(CALLS[function]))
        raise LanguageError(f"step {name} gives {function} the argument {', '.join(sorted(unknown))}; known: {known}")


def check_values(value: Any, name: str) -> None:
    """Every expression anywhere in a value can be compiled."""
    if isinstance(value, dict | list):
        for inner in cast(Step, value).values() if isinstance(value, dict) else cast(list[Any], value):
            check_values(inner, name)
    elif isinstance(value, str) and (expression := expression_in(value)) is not None:
        try:
            compile_expression(expression)
        except ExpressionError as problem:
            raise LanguageError(f"step {name}: {problem}") from problem


def expression_in(text: str) -> str | None:
    """The expression in `${...}`, or None for a plain text."""
    return text[2:-1] if text.startswith("${") and text.endswith("}") else None
