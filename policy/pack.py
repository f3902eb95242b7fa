"""The rules as a Pulumi policy pack: `pulumi preview --policy-pack policy`.

A rule of one resource is asked before that resource is made, with its inputs. A rule that needs the whole stack is
asked when all is registered: on `up` that is after the fact, and so `make deploy` asks in process first.
What a preview cannot know yet is reported as open, by a policy of its own that stops nothing and reports once, a line
a rule: the first preview of a stack leaves hundreds of values open, and nobody reads a page of the same sentence.

Trap: to rules of the whole stack the engine shows outputs, in which the provider's own words stand beside what is
declared (`id`, `etag`, a `condition` of nothing). They are asked with what was declared, which is remembered from the
rules of one resource: those are asked about each resource before.

Trap: Pulumi's proxy raises at the first unknown value it is asked for and drops the whole policy for that resource.
So the values are copied out of it, unknown ones as `UNKNOWN`, and only the need that asks for one stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.check import Open, Report, ask, subjects_of
from policy.exceptions import Exceptions, load
from policy.provider_defaults import without_defaults
from policy.resource import UNKNOWN, Resource, Violation
from policy.rule import Rule
from policy.rules import RULES
from policy.stack import Stack

NAME = "dicom-platform"
LEVELS = {"must": EnforcementLevel.MANDATORY, "should": EnforcementLevel.ADVISORY}
ALONE = tuple(rule for rule in RULES if rule.alone)
TOGETHER = tuple(rule for rule in RULES if not rule.alone)


class DeclaredInputs:
    """What the engine said that the program declares, by URN, until it has asked about the whole stack."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def remember(self, args: ResourceValidationArgs) -> None:
        self._known[args.urn] = without_defaults(args.resource_type, to_plain(args.props))

    def forget(self) -> None:
        self._known.clear()

    def of_stack(self, args: StackValidationArgs) -> list[Resource]:
        return [self._resource(resource) for resource in args.resources]

    def _resource(self, resource: PolicyResource) -> Resource:
        parent = resource.parent.urn if resource.parent else ""
        known = self._known.get(resource.urn)
        properties = to_plain(resource.props) if known is None else known
        return Resource(resource.urn, resource.resource_type, resource.name, properties, resource.opts.protect, parent)


def serve(root: Path) -> None:
    """Answer the engine until it ends this process."""
    PolicyPack(
        name=NAME,
        policies=policies(load(root), lambda: datetime.now(UTC).date()),
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def policies(exceptions: Exceptions, today: Callable[[], date]) -> list[Policy]:
    """One policy a rule, one for what is open, and one that looks after the exceptions."""

    def is_excepted(violation: Violation) -> bool:
        return exceptions.allow(violation, today())

    declared = DeclaredInputs()

    def in_order(_: StackValidationArgs, report: ReportViolation) -> None:
        declared.forget()
        for fault in exceptions.faults([rule.name for rule in RULES], today()):
            report(describe_violation(fault), None)

    return [
        *(resource_policy(rule, declared, is_excepted) for rule in ALONE),
        *(stack_policy(rule, declared, is_excepted) for rule in TOGETHER),
        StackValidationPolicy(
            "decided-at-up",
            "What some rules ask for is not known before the resources are made.",
            lambda args, report: report_open(report, declared.of_stack(args)),
            EnforcementLevel.ADVISORY,
        ),
        StackValidationPolicy("exceptions-are-in-order", "Exceptions end, and say why.", in_order),
    ]


def resource_policy(rule: Rule, declared: DeclaredInputs, excepted: Callable[[Violation], bool]) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule is ALONE[0]:
            declared.remember(args)
        if rule.on == ("*",) or args.resource_type in rule.on:
            tell(report, judge(rule, [of_args(args)]), excepted)

    return ResourceValidationPolicy(rule.name, rule.words, validate, LEVELS[rule.level])


def stack_policy(rule: Rule, declared: DeclaredInputs, excepted: Callable[[Violation], bool]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        tell(report, judge(rule, declared.of_stack(args)), excepted)

    return StackValidationPolicy(rule.name, rule.words, validate, LEVELS[rule.level])


def judge(rule: Rule, resources: Sequence[Resource]) -> Report:
    stack, report = Stack(resources), Report()
    for seen in subjects_of(rule, stack):
        ask(rule, stack, seen, report)
    return report


def tell(report: ReportViolation, judged: Report, excepted: Callable[[Violation], bool]) -> None:
    for violation in judged.violations + judged.warnings:
        if not excepted(violation):
            report(describe_violation(violation), violation.urn or None)


def report_open(report: ReportViolation, resources: Sequence[Resource]) -> None:
    lines = [line for rule in RULES if (line := open_line(judge(rule, resources).open))]
    if lines:
        report("\n".join([f"{len(lines)} rules are decided at up:", *(f"  {line}" for line in lines)]), None)


def open_line(undecided: Sequence[Open]) -> str:
    """`no-public-principal: member of IAMMember (12), TopicIAMMember (3)`, by property; empty when all is decided."""
    counted: dict[str, Counter[str]] = {}
    for each in undecided:
        counted.setdefault(each.path, Counter())[each.urn.split("::")[-2].rpartition(":")[2] if each.urn else ""] += 1
    places = [
        f"{path} of {', '.join(f'{kind} ({count})' for kind, count in kinds.items())}" if any(kinds) else path
        for path, kinds in counted.items()
    ]
    return f"{undecided[0].rule}: {'; '.join(places)}" if undecided else ""


def describe_violation(violation: Violation) -> str:
    controls = f" (controls {', '.join(violation.controls)})" if violation.controls else ""
    return f"{violation.message} {violation.remedy}{controls}"


def of_args(args: ResourceValidationArgs) -> Resource:
    properties = to_plain(args.props)
    return Resource(args.urn, args.resource_type, args.name, properties, args.opts.protect, args.opts.parent or "")


def to_plain(value: Any) -> Any:
    """Plain values out of Pulumi's proxies; what raises because it is unknown becomes `UNKNOWN`.

    Without what the engine keeps beside the inputs, at every depth: `__defaults` is no condition of a lifecycle rule.
    """
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return {key: item_of(mapping, key) for key in mapping if not key.startswith("__")}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        sequence = cast("Sequence[Any]", value)
        return [item_of(sequence, index) for index in range(len(sequence))]
    return value


def item_of(holder: Any, key: Any) -> Any:
    try:
        return to_plain(holder[key])
    except UnknownValueError:
        return UNKNOWN
