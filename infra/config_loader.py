"""Turns the stack's configuration (strings, JSON for lists) into typed values, and says in words what is wrong.

Knows types, not settings: the fields come from the dataclass it is given, each with the rule its value obeys.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import json
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

import pulumi.runtime.config
import pulumi_gcp

from infra.formats import ENDPOINT, PROJECT_ID, Rule

NOT_SET = (None, "")
"""An optional key has the default "" (or 0) in Pulumi.yaml, as the CLI insists on keys that have none."""


def setting(
    default: Any = dataclasses.MISSING, *, help: str, rule: Rule | None = None, between: tuple[int, int] | None = None
) -> Any:
    """A field of the settings: `help` is its description in Pulumi.yaml, `rule` holds for each element of a list."""
    metadata = {"help": help, "rule": rule, "between": between}
    return dataclasses.field(default=default, metadata=metadata)


def config_key(name: str) -> str:
    """`job_image` → `jobImage`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def config_of_stack() -> Mapping[str, Any]:
    """Every `namespace:key` of the running stack, as the engine gave it (`pulumi.Config` cannot list its keys)."""
    return dict(pulumi.runtime.config.CONFIG.get())


def read(
    settings: type[Any], namespace: str, stack: str, config: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Valid values by field name (defaults included), and one line for each value that is not."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    hints = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        if field.name == "project":
            key, rule = "gcp:project", PROJECT_ID
        else:
            key, rule = f"{namespace}:{config_key(field.name)}", field.metadata["rule"]
        raw = config.get(key)
        if raw in NOT_SET or (raw in ("0", 0) and field.default is None):
            if field.default is dataclasses.MISSING:
                problems.append(missing(stack, key, hints[field.name], rule))
            else:
                values[field.name] = field.default
            continue
        try:
            value = typed(raw, hints[field.name])
            check(value, rule, field.metadata.get("between"))
        except ValueError as wrong:
            problems.append(problem(key, raw, str(wrong)))
        else:
            values[field.name] = value
    known = [config_key(f.name) for f in dataclasses.fields(settings) if f.name != "project"]
    return values, problems + unknown_keys(namespace, stack, known, config)


def problem(key: str, value: object, wrong: str) -> str:
    """One line: the key, its value as the configuration has it, and what is wrong."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"{key} = {text!r}: {wrong}"


def missing(stack: str, key: str, hint: Any, rule: Rule | None) -> str:
    choices = [str(choice) for choice in get_args(hint)]
    which = f" (one of {', '.join(choices)})" if choices else ""
    example = rule.example if rule else choices[0]
    return f"{key} is not set and has no default{which}; run: {command('set', stack, key)} {example}"


def command(verb: str, stack: str, key: str) -> str:
    """What a person types to change a setting, whichever stack is selected."""
    return f"pulumi config {verb} -s {stack} {key}"


def typed(raw: Any, hint: Any) -> Any:
    """`raw` as the type `hint`; ValueError says what was expected and what to do."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(choice for choice in get_args(hint) if choice is not type(None))
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if raw not in choices:
            quoted = " (in YAML, with quotes)" if "on" in choices else ""
            raise ValueError(f"must be one of {', '.join(choices)}; set one of these{quoted}")
        return raw
    if get_origin(hint) is tuple:
        return _list(raw)
    if hint is bool:
        if str(raw).lower() not in ("true", "false"):
            raise ValueError("must be true or false; set one of these")
        return str(raw).lower() == "true"
    if hint is int:
        try:
            return int(str(raw))
        except ValueError:
            raise ValueError("must be a whole number; set one") from None
    return str(raw)


def _list(raw: Any) -> tuple[str, ...]:
    try:
        items: Any = json.loads(raw) if isinstance(raw, str) else raw
    except json.JSONDecodeError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in typing.cast("list[Any]", items)):
        raise ValueError("must be a list of strings; in YAML write one `- item` a line")
    return tuple(typing.cast("list[str]", items))


def check(value: Any, rule: Rule | None, between: tuple[int, int] | None) -> None:
    """ValueError when `value`, or an element of it, does not obey."""
    if between and not between[0] <= value <= between[1]:
        raise ValueError(f"must be {between[0]} to {between[1]}; set a number in that range")
    items = value if isinstance(value, tuple) else (value,)
    for item in typing.cast("tuple[Any, ...]", items):
        if rule and not rule.accepts(item):
            which = f"element {item!r} " if isinstance(value, tuple) else ""
            raise ValueError(f"{which}{rule.words}; for example {rule.example}")
    twice = sorted({item for item in items if items.count(item) > 1}) if isinstance(value, tuple) else []
    if twice:
        raise ValueError(f"names {', '.join(twice)} more than once; remove the repetition")


def unknown_keys(namespace: str, stack: str, known: Iterable[str], config: Mapping[str, Any]) -> list[str]:
    """Keys of `namespace` that nothing reads: otherwise a misspelt setting is silently its default."""
    names, problems = set(known), list[str]()
    for key in config:
        space, _, name = key.partition(":")
        if space == namespace and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            problems.append(problem(key, config[key], f"is not a setting; {meant}run: {command('rm', stack, key)}"))
    return problems


def secret_keys(namespace: str, config: Mapping[str, Any]) -> list[str]:
    """Keys of `namespace` whose value is encrypted in the stack's file. A setting ends in clear in resources."""
    return [key for key in config if key.startswith(f"{namespace}:") and pulumi.runtime.config.is_config_secret(key)]


def secret_problem(stack: str, key: str) -> str:
    """Without the value."""
    return (
        f"{key} is a secret: no setting is one, and its value would stand in clear in the state; run: "
        f"{command('rm', stack, key)}, and give secrets to Secret Manager (docs/runbook.md, Rotate a secret)"
    )


def provider_arguments() -> list[str]:
    """Names of what a `gcp.Provider` can be given (snake_case)."""
    return [name for name in inspect.signature(pulumi_gcp.ProviderArgs.__init__).parameters if name != "__self__"]


def provider_keys() -> list[str]:
    """The `gcp:` keys that mean something (camelCase); two of them only to the default provider."""
    return [*map(config_key, provider_arguments()), "disableGlobalProjectWarning", "skipRegionValidation"]


def provider_problems(stack: str, config: Mapping[str, Any]) -> list[str]:
    """What the provider would refuse only after it was started: unknown keys, endpoints without their slash."""
    problems = unknown_keys("gcp", stack, provider_keys(), config)
    for key, value in config.items():
        if key.startswith("gcp:") and key.endswith("CustomEndpoint") and not ENDPOINT.accepts(str(value)):
            problems.append(problem(key, value, f"{ENDPOINT.words}; for example {ENDPOINT.example}"))
    return problems
