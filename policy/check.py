"""All rules over all declared resources at once: the front end of whoever has the whole graph, and part of the others.

Says everything that is wrong in one go. What a rule could not decide, because a value is not known yet, is listed too:
nothing is skipped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from policy.resource import Resource, Violation
from policy.rule import WHOLE, Rule, violation
from policy.rules import RULES
from policy.seen import Seen, Undecided
from policy.stack import Stack


@dataclass(frozen=True)
class Open:
    """A rule that only the deployment can decide for a resource."""

    rule: str
    urn: str
    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.name} is decided at up: {self.path} is not known before"


@dataclass
class Report:
    violations: list[Violation] = field(default_factory=list[Violation])
    """Of the rules that must hold."""
    warnings: list[Violation] = field(default_factory=list[Violation])
    """Of those that should."""
    open: list[Open] = field(default_factory=list[Open])

    def __str__(self) -> str:
        count = "1 violation" if len(self.violations) == 1 else f"{len(self.violations)} violations"
        return "\n".join([f"The policy has {count}:", *(f"  - {found}" for found in self.violations)])


def check(resources: Sequence[Resource], rules: Iterable[Rule] = RULES) -> Report:
    """Every rule over every resource that it looks at."""
    stack, report = Stack(resources), Report()
    for rule in rules:
        for seen in looked_at(rule, stack):
            ask(rule, stack, seen, report)
    return report


def looked_at(rule: Rule, stack: Stack) -> Iterable[Seen]:
    if rule.on == ("*",):
        return stack.seen
    return stack.of(*rule.on) if rule.on else (WHOLE,)


def ask(rule: Rule, stack: Stack, seen: Seen, report: Report) -> None:
    """Put what one rule says of one resource into the report."""
    found = report.violations if rule.level == "must" else report.warnings
    answers = iter(rule.check(stack, seen))
    try:
        for finding in answers:
            found.append(violation(rule, seen, finding))
    except Undecided as unknown:
        report.open.append(Open(rule.name, seen.resource.urn, seen.name or "the stack", unknown.path))
