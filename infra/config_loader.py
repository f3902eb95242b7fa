"""Turns the stack's configuration (strings, JSON for lists) into settings, and says in words what is wrong with it.

`load()` reads it once, before anything is declared, and raises one `pulumi.RunError` that names every problem.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

import annotated_types
import pulumi
import pulumi.runtime.config
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.formats import ENDPOINT, Format
from infra.providers import provider_keys
from infra.setting_fields import config_key
from infra.settings import NAMESPACE, Settings

NOT_SET = (None, "")
"""An optional key has the default "" (or 0) in Pulumi.yaml, as the CLI insists on keys that have none."""
REMOVED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "viewerStore": (
        "is no setting any more: viewers always read a store of their own, to which the job copies what is ready",
        {"same": "; the next deploy adds that store, then `gcloud run jobs execute prepare --args=--sweep` fills it"},
    )
}
"""Settings of earlier versions: what became of each, and what follows for those who had one of these values."""
FIELDS: Mapping[str, FieldInfo] = {config_key(name): field for name, field in Settings.model_fields.items()}


class InvalidSettings(ValueError):
    """`problems` has one line for each thing that is wrong."""

    def __init__(self, stack: str, problems: list[str]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join([f"The settings of stack {stack} have {count}:", *(f"  - {problem}" for problem in problems)])
        )
        self.problems = problems


def load() -> Settings:
    """The settings of the running stack. Raises `pulumi.RunError`, one line a problem, before anything is declared."""
    config, stack = config_of_stack(), pulumi.get_stack()
    secret = [key for key in config if key.startswith(f"{NAMESPACE}:") and pulumi.runtime.config.is_config_secret(key)]
    try:
        return read_settings(stack, config, secret=secret, provider=True)
    except InvalidSettings as invalid:
        raise pulumi.RunError(str(invalid)) from None


def config_of_stack() -> Mapping[str, Any]:
    """Every `namespace:key` of the running stack, as the engine gave it (`pulumi.Config` cannot list its keys)."""
    return dict(pulumi.runtime.config.CONFIG.get())


def read_settings(
    stack: str, config: Mapping[str, Any], *, secret: Iterable[str] = (), provider: bool = False
) -> Settings:
    """The settings that `config` (`namespace:key`) holds. Raises `InvalidSettings`.

    `secret` are keys that are encrypted: each is a problem, told without its value. With `provider` the keys that only
    the provider reads are looked at too.
    """
    secret = list(secret)
    problems = [secret_problem(stack, key) for key in secret]
    settings, wrong, conflicts = None, list[str](), list[str]()
    try:
        settings = Settings.model_validate(read_given(config, secret))
    except ValidationError as invalid:
        seen: set[str] = set()
        for error in invalid.errors():
            key = str(error["loc"][0])
            if error["type"] == "conflict":
                conflicts.append(problem(full(key), config.get(full(key), error["input"]), error["msg"]))
            elif key not in seen:
                wrong.append(sentence(stack, key, error, config))
            seen.add(key)
    problems += [*wrong, *(provider_problems(stack, config) if provider else []), *conflicts]
    if settings is None or problems:
        raise InvalidSettings(stack, problems)
    return settings


def read_given(config: Mapping[str, Any], secret: Iterable[str] = ()) -> dict[str, Any]:
    """What is really set, by key without our namespace; secrets left out."""
    kept: dict[str, Any] = {}
    for full_key, raw in config.items():
        space, _, key = full_key.partition(":")
        key = full_key if full_key == "gcp:project" else key
        if full_key in secret or raw in NOT_SET or (space != NAMESPACE and key != "gcp:project"):
            continue
        if raw in ("0", 0) and key in FIELDS and FIELDS[key].default is None:
            continue
        kept[key] = str(raw).lower() if isinstance(raw, bool) else raw
    return kept


def full(key: str) -> str:
    return key if key == "gcp:project" else f"{NAMESPACE}:{key}"


def sentence(stack: str, key: str, error: ErrorDetails, config: Mapping[str, Any]) -> str:
    """One line: the key, its value as the configuration has it, what is wrong, and what to do."""
    kind = error["type"]
    if kind == "missing":
        return missing(stack, key)
    raw = config[full(key)]
    if key in REMOVED:
        return remove(stack, key, raw)
    if kind == "extra_forbidden":
        return unknown(NAMESPACE, stack, key, raw, [name for name in FIELDS if ":" not in name])
    if kind == "literal_error":
        choices = choices_of(FIELDS[key])
        quoted = " (in YAML, with quotes)" if "on" in choices else ""
        words = f"must be one of {', '.join(choices)}; set one of these{quoted}"
    elif kind.startswith("int_"):
        words = "must be a whole number; set one"
    elif kind in ("greater_than_equal", "less_than_equal"):
        words = "must be {} to {}; set a number in that range".format(*bounds(FIELDS[key]))
    else:
        words = error["msg"]
    element = f"element {error['input']!r} " if len(error["loc"]) > 1 and kind == "format" else ""
    return problem(full(key), raw, f"{element}{words}")


def problem(key: str, value: object, wrong: str) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"{key} = {text!r}: {wrong}"


def missing(stack: str, key: str) -> str:
    choices = choices_of(FIELDS[key])
    which = f" (one of {', '.join(choices)})" if choices else ""
    example = choices[0] if choices else format_of(FIELDS[key]).example
    return f"{full(key)} is not set and has no default{which}; run: {command('set', stack, full(key))} {example}"


def command(verb: str, stack: str, key: str) -> str:
    """What a person types to change a setting, whichever stack is selected."""
    return f"pulumi config {verb} -s {stack} {key}"


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def bounds(field: FieldInfo) -> tuple[Any, Any]:
    """The smallest and the largest value of a number."""
    lowest = next(mark.ge for mark in field.metadata if isinstance(mark, annotated_types.Ge))
    highest = next(mark.le for mark in field.metadata if isinstance(mark, annotated_types.Le))
    return lowest, highest


def format_of(field: FieldInfo) -> Format:
    return next(mark.func for mark in field.metadata if isinstance(getattr(mark, "func", None), Format))


def unknown(namespace: str, stack: str, key: str, raw: object, known: Iterable[str]) -> str:
    """A key that nothing reads: otherwise a misspelt setting is silently its default."""
    near = difflib.get_close_matches(key, list(known), n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    name = f"{namespace}:{key}"
    return problem(name, raw, f"is not a setting; {meant}run: {command('rm', stack, name)}")


def remove(stack: str, key: str, raw: object) -> str:
    words, follows = REMOVED[key]
    name = full(key)
    return problem(name, raw, f"{words}; run: {command('rm', stack, name)}{follows.get(str(raw), '')}")


def secret_problem(stack: str, key: str) -> str:
    """Without the value: a setting ends in clear in resources."""
    return (
        f"{key} is a secret: no setting is one, and its value would stand in clear in the state; run: "
        f"{command('rm', stack, key)}, and give secrets to Secret Manager (docs/runbook.md, Rotate a secret)"
    )


def provider_problems(stack: str, config: Mapping[str, Any]) -> list[str]:
    """What the provider would refuse only after it was started: unknown keys, endpoints without their slash."""
    known, problems = provider_keys(), list[str]()
    for name, value in config.items():
        space, _, key = name.partition(":")
        if space == "gcp" and key not in known:
            problems.append(unknown("gcp", stack, key, value, known))
        elif space == "gcp" and key.endswith("CustomEndpoint") and not ENDPOINT.accepts(str(value)):
            problems.append(problem(name, value, f"{ENDPOINT.words}; for example {ENDPOINT.example}"))
    return problems
