"""All rules over all declared resources at once: the front end of whoever has the whole graph, and part of the others.

Says everything that is wrong in one go. What a rule could not decide, because a value is not known yet, is listed too:
nothing is skipped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from policy.exceptions import Exceptions
from policy.resource import Resource, Violation
from policy.resource_view import Seen, Undecided
from policy.rule import WHOLE, Finding, Rule, violation
from policy.rules import RULES
from policy.stack import Stack

NO_EXCEPTIONS = Exceptions()


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
        """What stands against a deployment, one line each."""
        against = [*self.violations, *self.open]
        count = "1 objection" if len(against) == 1 else f"{len(against)} objections"
        return "\n".join([f"The policy has {count}:", *(f"  - {violation}" for violation in against)])


def check(
    resources: Sequence[Resource],
    rules: Sequence[Rule] = RULES,
    *,
    exceptions: Exceptions = NO_EXCEPTIONS,
    today: date = date.max,
) -> Report:
    """Every rule over every resource that it looks at; what an exception allows on the day `today` is a warning."""
    stack, report = Stack(resources), Report()
    for rule in rules:
        for seen in subjects_of(rule, stack):
            ask(rule, stack, seen, report)
    allowed = [violation for violation in report.violations if exceptions.allow(violation, today)]
    report.violations = [violation for violation in report.violations if violation not in allowed]
    report.violations += exceptions.faults([rule.name for rule in RULES], today)
    report.warnings += allowed + exceptions.idle({resource.urn for resource in resources}, allowed, today)
    return report


def subjects_of(rule: Rule, stack: Stack) -> Iterable[Seen]:
    if rule.on == ("*",):
        return stack.seen
    return stack.of(*rule.on) if rule.on else (WHOLE,)


def ask(rule: Rule, stack: Stack, seen: Seen, report: Report) -> None:
    """Put what one rule says of one resource into the report."""
    violations = report.violations if rule.level == "must" else report.warnings
    answers = iter(rule.check(stack, seen))
    try:
        for finding in answers:
            violations.append(violation(rule, seen, finding))
    except Undecided as unknown:
        report.open.append(Open(rule.name, seen.resource.urn, seen.name or "the stack", unknown.path))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # What a rule cannot read it cannot pass: a text in place of a mapping must not end the whole judgement.
        broken = Finding(f"has a value that no rule can read ({error})", "Give each property what its type asks for.")
        report.violations.append(violation(rule, seen, broken))
