"""What a rule is, and three ways of writing one: needs of properties, a function of a resource, or of a stack.

A rule is pure: it reads what is declared and yields findings; which resource and which rule is added by whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policy.resource import Resource, Violation
from policy.resource_view import Seen, Undecided
from policy.stack import Stack

Level = Literal["must", "should"]


@dataclass(frozen=True)
class Finding:
    """What is wrong with the resource at hand, or with `at`; `what` goes on after its name: `keeps no old versions`."""

    what: str
    remedy: str
    at: Seen | None = None


Check = Callable[[Stack, Seen], Iterable[Finding]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    name: str
    controls: tuple[str, ...]
    words: str
    """What holds, as one sentence."""
    on: tuple[str, ...]
    """Types that it looks at; `*` is every type, nothing the stack as a whole."""
    holds: tuple[str, ...]
    """Paths of the properties without which it finds something."""
    reads: tuple[str, ...]
    """Paths of those whose value it judges, and that may be absent."""
    check: Check
    level: Level = "must"
    alone: bool
    """Decided by one resource, without the rest of the stack."""


@dataclass(frozen=True)
class Need:
    """A property whose value must be accepted; absent is None. With `[]` in the path every item's."""

    path: str
    accepts: Callable[[Any], bool]
    what: str
    remedy: str


def needs(
    name: str, controls: str, on: str | tuple[str, ...], words: str, *wanted: Need, level: Level = "must"
) -> Rule:
    """A rule that needs several properties of one type, each by itself."""

    def check(_: Stack, seen: Seen) -> Iterator[Finding]:
        undecided: Undecided | None = None
        for need in wanted:
            try:
                values = seen.each(need.path) if "[]" in need.path else [seen.get(need.path)]
            except Undecided as unknown:
                undecided = unknown
                continue
            if not all(need.accepts(value) for value in values or [None]):
                yield Finding(need.what, need.remedy)
        if undecided:
            raise undecided

    return Rule(
        name=name,
        controls=ids(controls),
        words=words,
        on=(on,) if isinstance(on, str) else on,
        holds=tuple(need.path for need in wanted if not need.accepts(None)),
        reads=tuple(need.path for need in wanted if need.accepts(None)),
        check=check,
        level=level,
        alone=True,
    )


def rule(
    name: str,
    controls: str,
    on: str | tuple[str, ...] = (),
    *,
    holds: tuple[str, ...] = (),
    reads: tuple[str, ...] = (),
    level: Level = "must",
) -> Callable[[Callable[[Seen], Iterable[Finding]]], Rule]:
    """A rule of one resource by itself; the function's docstring is what holds."""

    def made(function: Callable[[Seen], Iterable[Finding]]) -> Rule:
        return Rule(
            name=name,
            controls=ids(controls),
            words=words_of(function),
            on=(on,) if isinstance(on, str) else on,
            holds=holds,
            reads=reads,
            check=lambda _, seen: function(seen),
            level=level,
            alone=True,
        )

    return made


def stack_rule(
    name: str,
    controls: str,
    on: str | tuple[str, ...] = (),
    *,
    holds: tuple[str, ...] = (),
    reads: tuple[str, ...] = (),
    level: Level = "must",
) -> Callable[[Check], Rule]:
    """A rule that needs the rest of the stack to judge a resource; without `on` it judges the stack as a whole."""

    def made(function: Check) -> Rule:
        return Rule(
            name=name,
            controls=ids(controls),
            words=words_of(function),
            on=(on,) if isinstance(on, str) else on,
            holds=holds,
            reads=reads,
            check=function,
            level=level,
            alone=False,
        )

    return made


def ids(controls: str) -> tuple[str, ...]:
    return tuple(controls.split())


def words_of(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").split())


WHOLE = Seen(Resource(urn="", type="", name=""))
"""What a rule of the stack as a whole is given as its resource."""


def violation(rule: Rule, seen: Seen, finding: Finding) -> Violation:
    at = finding.at or seen
    where = f"{at.type.rpartition(':')[2]} {at.name}" if at.name else "The stack"
    return Violation(rule.name, rule.controls, at.resource.urn, f"{where} {finding.what}.", finding.remedy)
